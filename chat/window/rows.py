"""One row of the transcript: what it is, what its looks depend on, and what it is drawn with."""

from dataclasses import dataclass, field
from typing import Final, Literal

from chat.events import Delivery, FileChanged, Message
from chat.previews import Preview
from chat.text import clean_text
from chat.window.operations import Operation, Target
from chat.window.theme import FontName
from chat.words import marked

EXPANDED_LINES: Final = 2000
"""Lines of a long message that “Show all” shows."""
RETRACTED: Final = marked("This message was deleted.")
NEEDS_NEWER: Final = marked("This message needs a newer version of the program.")

Order = tuple[int, str, int]
Place = tuple[Order, int, str]
"""What rows are sorted by: the order of a message, then a number for rows that have no order of their own, then the key."""
Received = Literal["none", "some", "all"]


@dataclass(slots=True, eq=False)
class Row:
    """One row: a message, a notice, a fold of messages that came too fast, a gap, the line below what members supplied, or that
    above what is new."""

    number: int
    kind: Literal["message", "notice", "fold", "gap", "supplied", "new"]
    place: Place
    text: str = ""
    message: Message | None = None
    delivery: Delivery | None = None
    reason: str = ""
    expanded: bool = False
    folded: list[Message] = field(default_factory=list)
    count: int = 0
    """How many messages a fold stands for; the oldest of them may be kept no longer."""
    file: FileChanged | None = None
    """How it stands with the file that the message offers."""
    preview: Preview | None = None
    """What the picture looks like that the message offers."""
    layout: "Layout | None" = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a row's looks depend on besides itself: the view's width in pixels, where it stands among its sender's rows, the heading of
    the day that begins with it, "" if none does, by whom it is received, whether one was just led to it, and what one is called there."""

    width: int
    first: bool
    last: bool
    day: str = ""
    received: Received = "none"
    marked: bool = False
    username: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Part of a message's text where it is drawn; `start` is its place in that text. What is selected `whole` is an emoji, or stands
    for what was written."""

    x: int
    y: int
    width: int
    height: int
    start: int
    text: str
    whole: bool
    font: FontName = "body"


@dataclass(frozen=True, slots=True)
class Layout:
    """A row that is ready to draw. `under` lies below a selection's colour, `over` above it."""

    surroundings: Surroundings
    height: int
    under: tuple[Operation, ...]
    over: tuple[Operation, ...]
    text: str = ""
    spans: tuple[Span, ...] = ()
    more: bool = False
    """Whether a part of the text is left out until the row is clicked."""
    targets: tuple[Target, ...] = ()


def shown_text(row: Row) -> tuple[str, bool]:
    """What a message says, and whether a part of it is left out. "" if all there is to show is that it was deleted or can't be read."""
    message = row.message
    if message is None or message.retracted or message.newer:
        return "", False
    if row.expanded:
        return clean_text(message.text, len(message.text), EXPANDED_LINES)[0], False
    return clean_text(message.text)
