"""How one row of the transcript is drawn: a list of operations relative to the row's top, from plain data and measures alone."""

import time
from dataclasses import dataclass, field
from typing import Literal

from PIL import ImageTk

from chat.events import Delivery, Message, Trust
from chat.text import clean_line, clean_text
from chat.window.lines import Line, break_lines
from chat.window.paint import Paint
from chat.window.theme import FontName, Theme, hue, initials

BUBBLE_WIDTH = 560
_TICKS = {
    Delivery.WAITING: ("clock", "waiting"),
    Delivery.QUEUED: ("clock", "queued"),
    Delivery.AT_BROKER: ("check", "at the broker"),
    Delivery.FAILED: ("circle-alert", "not sent"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """Text at a place."""

    x: int
    y: int
    text: str
    font: FontName
    colour: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture at a place."""

    x: int
    y: int
    image: ImageTk.PhotoImage


@dataclass(frozen=True, slots=True)
class Bubble:
    """A filled shape with four corner radii: top left, top right, bottom right, bottom left."""

    x: int
    y: int
    width: int
    height: int
    radii: tuple[int, int, int, int]
    fill: str
    behind: str


Operation = Words | Picture | Bubble


@dataclass(slots=True)
class Row:
    """One row: a message, a day, a notice, or a fold of messages that came too fast."""

    number: int
    kind: Literal["message", "day", "notice", "fold"]
    text: str = ""
    message: Message | None = None
    delivery: Delivery | None = None
    reason: str = ""
    folded: list[Message] = field(default_factory=list)
    layout: "Layout | None" = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A row that is ready to draw, and what it depended on."""

    height: int
    operations: tuple[Operation, ...]
    width: int
    first: bool
    last: bool


def day_name(seconds: float, now: float) -> str:
    """The heading of a day: Today, Yesterday, or its date."""
    day, today = time.localtime(seconds), time.localtime(now)
    if day[:3] == today[:3]:
        return "Today"
    if day[:3] == time.localtime(now - 86_400)[:3]:
        return "Yesterday"
    return time.strftime("%A, %d %B %Y", day)


def lay_out(row: Row, width: int, first: bool, last: bool, theme: Theme, paint: Paint) -> Layout:
    """Lay out a row in a view of `width` pixels; `first` and `last` say where it stands among its sender's messages."""
    if row.message is None:
        height, operations = _pill(row, width, theme, paint)
    else:
        height, operations = _message(row, row.message, width, first, last, theme, paint)
    return Layout(height, tuple(operations), width, first, last)


def _pill(row: Row, width: int, theme: Theme, paint: Paint) -> tuple[int, list[Operation]]:
    palette, px = theme.palette, theme.px
    font: FontName = "small_bold" if row.kind == "day" else "small"
    lines = break_lines(clean_text(row.text)[0], width - px(112), font, theme, paint, palette.pill, emoji_size=px(14))
    inner = max((line.width for line in lines), default=0)
    step = theme.heights[font] + px(2)
    height = step * len(lines) + px(10)
    left = (width - inner - px(24)) // 2
    radius = min(px(13), height // 2)
    operations: list[Operation] = [Bubble(left, px(10), inner + px(24), height, (radius,) * 4, palette.pill, palette.chat)]
    for number, line in enumerate(lines):
        operations += _line(line, left + px(12), px(15) + number * step, step, font, palette.pill_text, theme)
    return height + px(20), operations


def _message(row: Row, message: Message, width: int, first: bool, last: bool, theme: Theme, paint: Paint) -> tuple[int, list[Operation]]:
    palette, px = theme.palette, theme.px
    own = message.own
    fill = palette.own if own else palette.other
    ink = palette.own_text if own else palette.text
    meta_ink = palette.own_meta if own else palette.other_meta
    pad = px(12)
    widest = max(px(120), min(int((width - px(120)) * 0.86), px(BUBBLE_WIDTH))) - 2 * pad
    text, cut = clean_text("needs a newer version of this program to show" if message.newer else message.text)
    lines = break_lines(text + (" …" if cut else ""), widest, "body", theme, paint, fill, emoji_size=px(18))
    meta = _meta(message)
    meta_width = theme.width(meta, "tiny") + (px(19) if own else 0)
    name = "" if own or not first else theme.shorten(clean_line(message.name), "name", widest - px(20))
    head = px(19) if name else 0
    content = max(line.width for line in lines)
    beside = lines[-1].width + px(10) + meta_width
    same_line = beside <= widest
    content = max(content, beside if same_line else meta_width, theme.width(name, "name") + px(20) if name else 0)
    step = px(20)
    why = break_lines(clean_text(row.reason)[0], widest, "tiny", theme, paint, fill, emoji_size=px(12)) if row.reason else []
    if why:
        content = max(content, *(line.width for line in why))
    top = px(10) if first else px(2)
    height = px(7) * 2 + head + step * len(lines) + (0 if same_line else px(15)) + px(15) * len(why)
    box = content + 2 * pad
    left = width - px(18) - box if own else px(60)
    operations: list[Operation] = [Bubble(left, top, box, height, _radii(own, first, last, px(16), px(5)), fill, palette.chat)]
    x, y = left + pad, top + px(7)
    if name:
        operations += _name(message, name, x, y, fill, theme, paint)
        y += head
    for line in lines:
        operations += _line(line, x, y, step, "body", ink, theme)
        y += step
    meta_y = y - step + (step - theme.heights["tiny"]) if same_line else y
    operations += _meta_operations(row, meta, x + content - meta_width, meta_y, fill, meta_ink, theme, paint)
    for number, line in enumerate(why):
        operations += _line(line, x, top + height - px(7) - px(15) * (len(why) - number), px(15), "tiny", ink, theme)
    if not own and last:
        operations += _avatar(message, top + height, theme, paint)
    return top + height, operations


def _radii(own: bool, first: bool, last: bool, large: int, small: int) -> tuple[int, int, int, int]:
    if own:
        return (large, large if first else small, large if last else small, large)
    return (large if first else small, large, large, large if last else small)


def _meta(message: Message) -> str:
    words = time.strftime("%H:%M", time.localtime(message.time))
    if not message.clock_trusted:
        words = f"arrived {words}"
    return f"twice numbered · {words}" if message.forked else words


def _name(message: Message, name: str, x: int, y: int, fill: str, theme: Theme, paint: Paint) -> list[Operation]:
    palette, px = theme.palette, theme.px
    operations: list[Operation] = [Words(x, y, name, "name", palette.names[hue(message.device)])]
    if message.trust is Trust.CHANGED:
        icon = paint.icon("shield-alert", px(14), palette.warning, fill)
        operations.append(Picture(x + theme.width(name, "name") + px(5), y + px(1), icon))
    return operations


def _meta_operations(row: Row, meta: str, x: int, y: int, fill: str, ink: str, theme: Theme, paint: Paint) -> list[Operation]:
    operations: list[Operation] = [Words(x, y, meta, "tiny", ink)]
    if row.delivery is not None:
        icon = paint.icon(_TICKS[row.delivery][0], theme.px(14), ink, fill)
        operations.append(Picture(x + theme.width(meta, "tiny") + theme.px(4), y, icon))
    return operations


def _avatar(message: Message, bottom: int, theme: Theme, paint: Paint) -> list[Operation]:
    size = theme.px(34)
    letters = initials(clean_line(message.name))
    x = theme.px(16) + (size - theme.width(letters, "avatar")) // 2
    y = bottom - size + (size - theme.heights["avatar"]) // 2
    picture = paint.avatar(size, message.device, theme.palette.chat)
    return [Picture(theme.px(16), bottom - size, picture), Words(x, y, letters, "avatar", "#FFFFFF")]


def _line(line: Line, x: int, y: int, step: int, font: FontName, ink: str, theme: Theme) -> list[Operation]:
    operations: list[Operation] = []
    for piece in line.pieces:
        if piece.picture is not None:
            operations.append(Picture(x + piece.x, y + (step - piece.picture.height()) // 2, piece.picture))
        else:
            operations.append(Words(x + piece.x, y + (step - theme.heights[font]) // 2, piece.text, font, ink))
    return operations
