"""How one row of the transcript is drawn: a list of operations relative to the row's top, from plain data and measures alone."""

import time
from dataclasses import dataclass, field
from typing import Final, Literal

from chat.events import Delivery, Message, Trust
from chat.text import clean_line, clean_text
from chat.window.lines import Line, break_lines, without_emoji
from chat.window.operations import Bubble, Operation, Picture, Words
from chat.window.paint import Paint
from chat.window.theme import FontName, Theme, hue, initials

BUBBLE_WIDTH: Final = 560
EXPANDED_LINES: Final = 2000
"""Lines of a long message that “Show all” shows."""
_TICKS: Final = {Delivery.WAITING: "clock", Delivery.QUEUED: "clock", Delivery.AT_BROKER: "check", Delivery.FAILED: "circle-alert"}
_CHANGED: Final = "not the key first seen"

Order = tuple[int, str, int]
Place = tuple[Order, int, str]
"""What rows are sorted by: the order of a message, then a number for rows that have no order of their own, then the key."""


@dataclass(slots=True, eq=False)
class Row:
    """One row: a message, a notice, or a fold of messages that came too fast."""

    number: int
    kind: Literal["message", "notice", "fold"]
    place: Place
    text: str = ""
    message: Message | None = None
    delivery: Delivery | None = None
    reason: str = ""
    expanded: bool = False
    folded: list[Message] = field(default_factory=list)
    count: int = 0
    """How many messages a fold stands for; the oldest of them may be kept no longer."""
    layout: "Layout | None" = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a row's looks depend on besides itself: the view's width in pixels, where it stands among its sender's rows, and the
    heading of the day that begins with it, "" if none does."""

    width: int
    first: bool
    last: bool
    day: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Part of a message's text where it is drawn; `start` is its place in that text. An emoji is selected whole."""

    x: int
    y: int
    width: int
    height: int
    start: int
    text: str
    emoji: bool


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


def day_name(seconds: float, now: float) -> str:
    """The heading of a day: Today, Yesterday, or its date."""
    day = time.localtime(seconds)[:3]
    if day == time.localtime(now)[:3]:
        return "Today"
    if day == time.localtime(now - 86_400)[:3]:
        return "Yesterday"
    return time.strftime("%A, %d %B %Y", time.localtime(seconds))


def lay_out(row: Row, surroundings: Surroundings, theme: Theme, paint: Paint) -> Layout:
    """Lay out a row."""
    top = 0
    heading: list[Operation] = []
    if surroundings.day:
        top, heading = _pill(surroundings.day, "small_bold", 0, surroundings.width, theme, paint)
    if row.message is not None:
        return _Writer(row, row.message, surroundings, top, theme, paint).layout(heading)
    words = f"{row.text} · click to show" if row.kind == "fold" else clean_text(row.text)[0]
    bottom, pill = _pill(words, "small", top, surroundings.width, theme, paint)
    return Layout(surroundings, bottom, (), (*heading, *pill))


def _pill(text: str, font: FontName, top: int, width: int, theme: Theme, paint: Paint) -> tuple[int, list[Operation]]:
    """A text in the middle, on a shape of its own, and where it ends."""
    palette, px = theme.palette, theme.px
    lines = break_lines(text, max(px(80), width - px(112)), font, theme, paint, palette.pill, emoji_size=px(14))
    inner = max(line.width for line in lines)
    step = theme.heights[font] + px(2)
    height = max(px(26), step * len(lines) + px(10))
    left = (width - inner) // 2 - px(12)
    radius = min(px(13), height // 2)
    operations: list[Operation] = [Bubble(left, top + px(10), inner + px(24), height, (radius,) * 4, palette.pill, palette.chat)]
    first = top + px(10) + (height - step * len(lines)) // 2
    for number, line in enumerate(lines):
        operations += _line(line, left + px(12), first + number * step, step, font, palette.pill_text, theme)
    return top + height + px(20), operations


class _Writer:
    """Lays out one message. It exists for the measures that the parts of a bubble share."""

    def __init__(self, row: Row, message: Message, surroundings: Surroundings, top: int, theme: Theme, paint: Paint) -> None:
        palette, px = theme.palette, theme.px
        self._row, self._message, self._surroundings = row, message, surroundings
        self._theme, self._paint = theme, paint
        self._fill = palette.own if message.own else palette.other
        self._ink = palette.own_text if message.own else palette.text
        self._meta_ink = palette.own_meta if message.own else palette.other_meta
        self._top = top + px(10 if surroundings.first else 2)
        self._widest = max(px(120), min(int((surroundings.width - px(120)) * 0.86), px(BUBBLE_WIDTH))) - px(24)

    def layout(self, heading: list[Operation]) -> Layout:
        message, px = self._message, self._theme.px
        text, cut = self._text()
        lines = self._break(text, "body")
        more = self._break("Show all", "small_bold") if cut else []
        why = self._break(clean_text(self._row.reason)[0], "small") if self._row.reason else []
        name, name_width = self._name()
        meta = self._meta()
        meta_width = self._theme.width(meta, "tiny") + (px(19) if self._row.delivery is not None else 0)
        beside = lines[-1].width + px(10) + meta_width
        same_line = not cut and beside <= self._widest
        content = max(name_width, beside if same_line else meta_width, *(line.width for line in (*lines, *more, *why)))
        step = px(20)
        left = self._surroundings.width - px(18) - content - px(24) if message.own else px(60)
        x, y = left + px(12), self._top + px(7)
        over = self._title(name, x, y)
        y += px(19) if name else 0
        spans = []
        for line in lines:
            over += _line(line, x, y, step, "body", self._ink, self._theme)
            spans += [Span(x + p.x, y, p.width, step, p.start, p.text, p.picture is not None) for p in line.pieces]
            y += step
        for line in more:
            over += _line(line, x, y, step, "small_bold", self._ink, self._theme)
            y += step
        meta_y = y - step + (step - self._theme.heights["tiny"]) if same_line else y
        y += 0 if same_line else px(15)
        over += self._ticks(meta, x + content - meta_width, meta_y)
        for line in why:
            over += _line(line, x, y, px(17), "small", self._ink, self._theme)
            y += px(17)
        bottom = y + px(7)
        bubble = Bubble(left, self._top, content + px(24), bottom - self._top, self._radii(), self._fill, self._theme.palette.chat)
        if not message.own and self._surroundings.last:
            over += self._avatar(bottom)
        return Layout(self._surroundings, bottom, (*heading, bubble), tuple(over), text, tuple(spans), cut)

    def _break(self, text: str, font: FontName) -> list[Line]:
        return break_lines(
            text, self._widest, font, self._theme, self._paint, self._fill, emoji_size=self._theme.px(18 if font == "body" else 14)
        )

    def _text(self) -> tuple[str, bool]:
        if self._message.newer:
            return "This message needs a newer version of the program.", False
        if self._row.expanded:
            return clean_text(self._message.text, len(self._message.text), EXPANDED_LINES)[0], False
        return clean_text(self._message.text)

    def _name(self) -> tuple[str, int]:
        """The sender's name for the first of its rows, and the width that it needs with its warning."""
        theme, px = self._theme, self._theme.px
        if self._message.own or not self._surroundings.first:
            return "", 0
        beside = px(22) + theme.width(_CHANGED, "tiny_bold") if self._message.trust is Trust.CHANGED else 0
        name = theme.shorten(without_emoji(clean_line(self._message.name)) or "?", "name", max(px(40), self._widest - beside))
        return name, theme.width(name, "name") + beside

    def _title(self, name: str, x: int, y: int) -> list[Operation]:
        theme, px = self._theme, self._theme.px
        if not name:
            return []
        operations: list[Operation] = [Words(x, y, name, "name", theme.palette.names[hue(self._message.device)])]
        if self._message.trust is Trust.CHANGED:
            x += theme.width(name, "name")
            icon = self._paint.icon("triangle-alert", px(13), theme.palette.warning, self._fill)
            operations += [Picture(x + px(6), y + px(1), icon), Words(x + px(22), y + px(1), _CHANGED, "tiny_bold", theme.palette.warning)]
        return operations

    def _meta(self) -> str:
        words = time.strftime("%H:%M", time.localtime(self._message.time))
        if not self._message.clock_trusted:
            words = f"arrived {words}"
        return f"number used twice · {words}" if self._message.forked else words

    def _ticks(self, meta: str, x: int, y: int) -> list[Operation]:
        operations: list[Operation] = [Words(x, y, meta, "tiny", self._meta_ink)]
        if self._row.delivery is not None:
            icon = self._paint.icon(_TICKS[self._row.delivery], self._theme.px(14), self._meta_ink, self._fill)
            operations.append(Picture(x + self._theme.width(meta, "tiny") + self._theme.px(4), y, icon))
        return operations

    def _radii(self) -> tuple[int, int, int, int]:
        large, small = self._theme.px(16), self._theme.px(5)
        upper = large if self._surroundings.first else small
        lower = large if self._surroundings.last else small
        return (large, upper, lower, large) if self._message.own else (upper, large, large, lower)

    def _avatar(self, bottom: int) -> list[Operation]:
        theme, size = self._theme, self._theme.px(34)
        letters = initials(without_emoji(clean_line(self._message.name)))
        x = theme.px(16) + (size - theme.width(letters, "avatar")) // 2
        y = bottom - size + (size - theme.heights["avatar"]) // 2
        picture = self._paint.avatar(size, self._message.device, theme.palette.chat)
        return [Picture(theme.px(16), bottom - size, picture), Words(x, y, letters, "avatar", "#FFFFFF")]


def _line(line: Line, x: int, y: int, step: int, font: FontName, ink: str, theme: Theme) -> list[Operation]:
    operations: list[Operation] = []
    for piece in line.pieces:
        if piece.picture is not None:
            operations.append(Picture(x + piece.x, y + (step - piece.picture.height()) // 2, piece.picture))
        else:
            operations.append(Words(x + piece.x, y + (step - theme.heights[font]) // 2, piece.text, font, ink))
    return operations
