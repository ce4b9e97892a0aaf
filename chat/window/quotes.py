"""The block in a reply that shows what it answers: a bar in the sender's colour, the name, and one shortened line."""

from dataclasses import dataclass
from typing import Final

from chat.events import Quote
from chat.text import clean_line
from chat.window.lines import Line, name_line, one_line
from chat.window.operations import Bubble, Operation, line_operations
from chat.window.paint import Paint
from chat.window.theme import Palette, Theme, hue, mix
from chat.words import _, marked

QUOTE_WIDTH: Final = 420
LONGEST_QUOTE: Final = 200
"""Signs of the quoted text that are looked at; fewer of them fit the line."""
NOT_HERE: Final = marked("A message that is not here")
_NO_TEXT: Final = marked("A message without text")


@dataclass(frozen=True, slots=True)
class MeasuredQuote:
    """A quote that is ready to draw; `width` is what it needs, `height` what it takes."""

    name: Line | None
    line: Line
    bar: str
    name_ink: str
    ink: str
    fill: str
    width: int
    height: int


def measure_quote(quote: Quote, widest: int, theme: Theme, paint: Paint, *, own: bool) -> MeasuredQuote:
    """Shorten a quote for a bubble whose content is at most `widest` pixels wide; `own` says whose bubble it is."""
    palette, px = theme.palette, theme.px
    room = min(widest, px(QUOTE_WIDTH)) - px(20)
    fill = palette.own_quote if own else palette.quote
    here = bool(quote.name or quote.text)
    name = name_line(quote.name, room, "small_bold", theme, paint, fill) if here else None
    words = clean_line(quote.text, LONGEST_QUOTE) or (_(_NO_TEXT) if here else _(NOT_HERE))
    line = one_line(words, room, "small", theme, paint, fill, emoji_size=px(14))
    colour = palette.names[hue(quote.device)] if here else palette.text3
    return MeasuredQuote(
        name,
        line,
        bar=palette.own_text if own else colour,
        name_ink=palette.own_text if own else quoted_name(colour, palette),
        ink=palette.own_meta if own else palette.text2,
        fill=fill,
        width=max(name.width if name is not None else 0, line.width) + px(20),
        height=px(42 if name is not None else 27),
    )


def draw_quote(quote: MeasuredQuote, x: int, y: int, width: int, behind: str, theme: Theme) -> list[Operation]:
    """The quote on a bubble in the colour `behind`."""
    px = theme.px
    radius = px(6)
    operations: list[Operation] = [
        Bubble(x, y, width, quote.height, (radius,) * 4, quote.fill, behind),
        Bubble(x, y, px(3), quote.height, (px(2), 0, 0, px(2)), quote.bar, behind),
    ]
    top = y + px(5)
    if quote.name is not None:
        operations += line_operations(quote.name, x + px(10), top, theme.heights["small_bold"], "small_bold", quote.name_ink, theme)
        top += px(16)
    operations += line_operations(quote.line, x + px(10), top, px(17), "small", quote.ink, theme)
    return operations


def quoted_name(colour: str, palette: Palette) -> str:
    """A name's colour, a little stronger, because a quote is less bright than a bubble."""
    return mix(colour, palette.text, 0.2)
