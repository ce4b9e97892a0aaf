"""The pills under a bubble: each emoji that someone put there, and how many did."""

from collections.abc import Sequence
from typing import Final

from chat.events import Reaction
from chat.text import clean_line
from chat.window.lines import one_line, split_emoji
from chat.window.operations import Operation, Picture, Target, Words, line_operations
from chat.window.paint import Paint
from chat.window.theme import Theme
from chat.words import _, digits

OFFERED: Final = ("👍", "❤️", "😂", "😮", "😢", "🙏")
"""The emoji of the message menu."""
MOST_PILLS: Final = 12
"""More kinds of emoji than this become a number."""
MOST_NAMES: Final = 12


def lay_out_reactions(
    reactions: Sequence[Reaction], left: int, right: int, top: int, theme: Theme, paint: Paint, *, own: bool
) -> tuple[int, list[Operation], list[Target]]:
    """Where the pills end, and what they are drawn with. They begin at `left`, or end at `right` under an own message."""
    px = theme.px
    gap, height = px(4), px(24)
    pills = [_Pill(reaction, theme, paint) for reaction in reactions[:MOST_PILLS]]
    rows: list[list[_Pill]] = [[]]
    used = 0
    for pill in pills:
        if rows[-1] and used + pill.width > right - left:
            rows.append([])
            used = 0
        rows[-1].append(pill)
        used += pill.width + gap
    operations: list[Operation] = []
    targets: list[Target] = []
    y = top + gap
    for row in rows:
        x = right - sum(pill.width + gap for pill in row) + gap if own else left
        for pill in row:
            operations += pill.draw(x, y, height)
            targets.append(Target(x, y, pill.width, height, "reaction", pill.reaction.emoji, said_by(pill.reaction)))
            x += pill.width + gap
        y += height + gap
    if len(reactions) > MOST_PILLS:
        words = _("and {count} more").format(count=digits(len(reactions) - MOST_PILLS))
        operations.append(Words(right - theme.width(words, "tiny") if own else left, y, words, "tiny", theme.palette.text2))
        y += theme.heights["tiny"] + gap
    return y - px(2), operations, targets


def said_by(reaction: Reaction) -> str:
    """Who put it there, in words."""
    names = [clean_line(name, 60) or "?" for name in reaction.names[:MOST_NAMES]]
    beyond = len(reaction.names) - len(names)
    listed = ", ".join(names)
    return _("{names} and {count} more").format(names=listed, count=digits(beyond)) if beyond else listed


class _Pill:
    """One pill. It exists to be measured before it is drawn."""

    def __init__(self, reaction: Reaction, theme: Theme, paint: Paint) -> None:
        palette, px = theme.palette, theme.px
        self.reaction = reaction
        self._theme, self._paint = theme, paint
        self._fill = palette.selected if reaction.own else palette.reaction
        self._border = palette.accent if reaction.own else palette.line
        self._count = digits(len(reaction.names))
        # Anyone may put any text there; what is not one emoji is shown as the text it is.
        text = clean_line(reaction.emoji, 40)
        self._picture = paint.emoji(text, px(15), self._fill) if [emoji for emoji, _ in split_emoji(text)] == [True] else None
        self._line = one_line(text or "?", px(90), "small", theme, paint, self._fill, px(14)) if self._picture is None else None
        self._sign_width = px(15) if self._line is None else self._line.width
        self.width = px(19) + self._sign_width + theme.width(self._count, "small_bold")

    def draw(self, x: int, y: int, height: int) -> list[Operation]:
        theme, palette, px = self._theme, self._theme.palette, self._theme.px
        shape = self._paint.rectangle(self.width, height, height // 2, self._fill, palette.chat, self._border)
        operations: list[Operation] = [Picture(x, y, shape)]
        if self._picture is not None:
            operations.append(Picture(x + px(8), y + (height - self._picture.height()) // 2, self._picture))
        elif self._line is not None:
            operations += line_operations(self._line, x + px(8), y, height, "small", palette.text2, theme)
        ink = palette.link if self.reaction.own else palette.text2
        number_y = y + (height - theme.heights["small_bold"]) // 2
        operations.append(Words(x + px(12) + self._sign_width, number_y, self._count, "small_bold", ink))
        return operations
