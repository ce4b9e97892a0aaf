"""Lays out the rows of the transcript: pills in the middle, and the bubbles of messages."""

import time
from typing import Final

from chat.events import Delivery, Message, Trust
from chat.text import clean_line, clean_text
from chat.window.file_card import MeasuredCard, draw_card, measure_card, photo_size
from chat.window.lines import Line, break_lines, name_line, without_emoji
from chat.window.operations import Bubble, Operation, Picture, Target, Words, line_operations
from chat.window.paint import Paint
from chat.window.quotes import draw_quote, measure_quote
from chat.window.reactions import lay_out_reactions
from chat.window.rich_text import break_text, draw_text
from chat.window.rows import NEEDS_NEWER, RETRACTED, Layout, Row, Span, Surroundings, shown_text
from chat.window.theme import FontName, Theme, hue, initials
from chat.words import _, marked

BUBBLE_WIDTH: Final = 560
RING: Final = 3
"""How thick the ring around a message is to which one was led."""
EDGE: Final = 2
"""How thick the edge of a message is that speaks to this user."""
_TICKS: Final = {Delivery.WAITING: "clock", Delivery.QUEUED: "clock", Delivery.AT_BROKER: "check", Delivery.FAILED: "circle-alert"}
_CHANGED: Final = marked("not the key first seen")


def lay_out(row: Row, surroundings: Surroundings, theme: Theme, paint: Paint) -> Layout:
    """Lay out a row."""
    top = 0
    heading: list[Operation] = []
    if surroundings.day:
        top, heading = _pill(surroundings.day, "small_bold", 0, surroundings.width, theme, paint)
    if row.message is not None:
        return _Writer(row, row.message, surroundings, top, theme, paint).layout(heading)
    words = _("{text} · click to show").format(text=row.text) if row.kind == "fold" else clean_text(row.text)[0]
    bottom, pill = _pill(words, "small_bold" if row.kind == "new" else "small", top, surroundings.width, theme, paint, row.kind == "new")
    return Layout(surroundings, bottom, (), (*heading, *pill))


def _pill(text: str, font: FontName, top: int, width: int, theme: Theme, paint: Paint, accent: bool = False) -> tuple[int, list[Operation]]:
    """A text in the middle, on a shape of its own, and where it ends."""
    palette, px = theme.palette, theme.px
    fill, ink = (palette.accent, palette.on_accent) if accent else (palette.pill, palette.pill_text)
    lines = break_lines(text, max(px(80), width - px(112)), font, theme, paint, fill, emoji_size=px(14))
    inner = max(line.width for line in lines)
    step = theme.heights[font] + px(2)
    height = max(px(26), step * len(lines) + px(10))
    left = (width - inner) // 2 - px(12)
    radius = min(px(13), height // 2)
    operations: list[Operation] = [Bubble(left, top + px(10), inner + px(24), height, (radius,) * 4, fill, palette.chat)]
    first = top + px(10) + (height - step * len(lines)) // 2
    for number, line in enumerate(lines):
        operations += line_operations(line, left + px(12), first + number * step, step, font, ink, theme)
    return top + height + px(20), operations


class _Writer:
    """Lays out one message, from above; `_y` is where the next part of the bubble begins."""

    def __init__(self, row: Row, message: Message, surroundings: Surroundings, top: int, theme: Theme, paint: Paint) -> None:
        palette, px = theme.palette, theme.px
        self._row, self._message, self._surroundings = row, message, surroundings
        self._theme, self._paint = theme, paint
        self._fill = palette.own if message.own else palette.other
        self._ink = palette.own_text if message.own else palette.text
        self._meta_ink = palette.own_meta if message.own else palette.other_meta
        self._top = top + px(10 if surroundings.first else 2)
        self._widest = max(px(120), min(int((surroundings.width - px(120)) * 0.86), px(BUBBLE_WIDTH))) - px(24)
        self._under: list[Operation] = []
        self._over: list[Operation] = []
        self._spans: list[Span] = []
        self._targets: list[Target] = []
        self._x = self._y = 0

    def layout(self, heading: list[Operation]) -> Layout:
        message, px = self._message, self._theme.px
        text, cut = shown_text(self._row)
        instead = _(RETRACTED) if message.retracted else _(NEEDS_NEWER) if message.newer else ""
        username, spoken_to = self._surroundings.username, False
        card = None if message.file is None else measure_card(self._row, message.file, self._widest, self._fill, self._theme, self._paint)
        preview = self._row.preview if card is not None else None
        photo = photo_size(preview, self._widest, self._theme) if preview is not None else None
        if instead:
            lines = self._break(instead, "italic")
        elif card is not None:
            lines = []
        else:
            lines, spoken_to = break_text(text, message, username, self._widest, self._fill, self._theme, self._paint)
        more = self._break(_("Show all"), "small_bold") if cut else []
        why = self._break(clean_text(self._row.reason)[0], "small") if self._row.reason else []
        reply = None if message.reply is None or message.retracted else message.reply
        quote = measure_quote(reply, self._widest, self._theme, self._paint, own=message.own) if reply is not None else None
        name, name_width = self._name()
        meta = self._meta()
        meta_width = self._theme.width(meta, "tiny") + (px(19) if self._row.delivery is not None else 0)
        last = card.last if card is not None else lines[-1].width
        beside = last + px(10) + meta_width
        same_line = not cut and not (lines and (lines[-1].block or lines[-1].right_to_left)) and beside <= self._widest
        parts = [name_width, beside if same_line else meta_width, *(line.width for line in (*lines, *more, *why))]
        content = max(*parts, quote.width if quote is not None else 0, card.width if card is not None else 0, photo[0] if photo else 0)
        left = self._surroundings.width - px(18) - content - px(24) if message.own else px(60)
        self._x, self._y = left + px(12), self._top + px(7)
        self._add_title(name)
        if quote is not None:
            self._over += draw_quote(quote, self._x, self._y + px(1), content, self._fill, self._theme)
            self._targets.append(Target(self._x, self._y + px(1), content, quote.height, "quote"))
            self._y += quote.height + px(6)
        if photo:
            self._add_photo(photo)
        if card is not None:
            self._add_card(card, content)
        elif instead:
            self._add_words(lines, "italic", px(20), self._meta_ink)
        else:
            self._add_text(lines, content)
        self._add_words(more, "small_bold", px(20), self._ink)
        self._add_meta(meta, self._x + content - meta_width, beside_text=same_line)
        self._add_words(why, "small", px(17), self._ink)
        bubble_height = self._y + px(7) - self._top
        bubble = self._bubble(left, content + px(24), bubble_height, spoken_to=spoken_to)
        bottom = self._top + bubble_height
        if not message.own and self._surroundings.last:
            self._add_avatar(bottom)
        if message.reactions and not message.retracted:
            bottom = self._add_reactions(left, content + px(24), bottom)
        return Layout(
            self._surroundings,
            bottom,
            (*heading, bubble, *self._under),
            tuple(self._over),
            text,
            tuple(self._spans),
            cut,
            tuple(self._targets),
        )

    def _break(self, text: str, font: FontName) -> list[Line]:
        size = self._theme.px(18 if font == "body" else 14)
        return break_lines(text, self._widest, font, self._theme, self._paint, self._fill, emoji_size=size)

    def _name(self) -> tuple[Line | None, int]:
        """The sender's name for the first of its rows, and the width that it needs with its warning."""
        theme, px = self._theme, self._theme.px
        if self._message.own or not self._surroundings.first:
            return None, 0
        beside = px(22) + theme.width(_CHANGED, "tiny_bold") if self._message.trust is Trust.CHANGED else 0
        name = name_line(self._message.name, max(px(40), self._widest - beside), "name", theme, self._paint, self._fill)
        return name, name.width + beside

    def _add_title(self, name: Line | None) -> None:
        theme, px = self._theme, self._theme.px
        if name is None:
            return
        x, y = self._x, self._y
        self._over += line_operations(name, x, y, theme.heights["name"], "name", theme.palette.names[hue(self._message.device)], theme)
        if self._message.trust is Trust.CHANGED:
            x += name.width
            icon = self._paint.icon("triangle-alert", px(13), theme.palette.warning, self._fill)
            self._over += [
                Picture(x + px(6), y + px(1), icon),
                Words(x + px(22), y + px(1), _(_CHANGED), "tiny_bold", theme.palette.warning),
            ]
        self._y += px(19)

    def _add_text(self, lines: list[Line], width: int) -> None:
        drawn = draw_text(lines, self._x, self._y, width, self._fill, own=self._message.own, theme=self._theme)
        self._under += drawn.under
        self._over += drawn.over
        self._spans += drawn.spans
        self._targets += drawn.targets
        self._y = drawn.bottom

    def _add_photo(self, size: tuple[int, int]) -> None:
        if self._row.preview is not None:
            picture = self._paint.photo(self._message.key, self._row.preview, size, self._theme.px(10), self._fill)
            self._over.append(Picture(self._x, self._y + self._theme.px(3), picture))
            self._y += size[1] + self._theme.px(10)

    def _add_card(self, card: MeasuredCard, width: int) -> None:
        over, targets = draw_card(card, self._row, self._x, self._y, width, self._fill, self._theme, self._paint)
        self._over += over
        self._targets += targets
        self._y += card.height

    def _add_words(self, lines: list[Line], font: FontName, step: int, ink: str) -> None:
        for line in lines:
            self._over += line_operations(line, self._x, self._y, step, font, ink, self._theme)
            self._y += step

    def _meta(self) -> str:
        words = time.strftime("%H:%M", time.localtime(self._message.time))
        if not self._message.clock_trusted:
            words = _("arrived {time}").format(time=words)
        if self._message.edited and not self._message.retracted:
            words = _("edited {time}").format(time=words)
        return _("number used twice · {time}").format(time=words) if self._message.forked else words

    def _add_meta(self, meta: str, x: int, *, beside_text: bool) -> None:
        """The time, and the ticks of an own message, beside the last line of the text or below it."""
        theme, px = self._theme, self._theme.px
        y = self._y - px(20) + (px(20) - theme.heights["tiny"]) if beside_text else self._y
        self._y += 0 if beside_text else px(15)
        self._over.append(Words(x, y, meta, "tiny", self._meta_ink))
        if self._row.delivery is None:
            return
        name, ink = _TICKS[self._row.delivery], self._meta_ink
        if self._row.delivery is Delivery.AT_BROKER and self._surroundings.received != "none":
            name = "check-check"
            ink = theme.palette.received if self._surroundings.received == "all" else ink
        x += theme.width(meta, "tiny") + px(4)
        self._over.append(Picture(x, y, self._paint.icon(name, px(14), ink, self._fill)))
        self._targets.append(Target(x, y - px(2), px(16), px(18), "ticks"))

    def _bubble(self, left: int, width: int, height: int, *, spoken_to: bool) -> Bubble:
        """The bubble, with an edge if it speaks to this user, or a ring if one was led to it."""
        palette, px = self._theme.palette, self._theme.px
        if not self._surroundings.marked:
            edge = (palette.accent, px(EDGE)) if spoken_to else ("", 0)
            return Bubble(left, self._top, width, height, self._radii(), self._fill, palette.chat, *edge)
        ring = px(RING)
        first, second, third, fourth = self._radii()
        radii = (first + ring, second + ring, third + ring, fourth + ring)
        size = (width + 2 * ring, height + 2 * ring)
        return Bubble(left - ring, self._top - ring, *size, radii, self._fill, palette.chat, palette.mark, ring)

    def _radii(self) -> tuple[int, int, int, int]:
        large, small = self._theme.px(16), self._theme.px(5)
        upper = large if self._surroundings.first else small
        lower = large if self._surroundings.last else small
        return (large, upper, lower, large) if self._message.own else (upper, large, large, lower)

    def _add_avatar(self, bottom: int) -> None:
        theme, size = self._theme, self._theme.px(34)
        letters = initials(without_emoji(clean_line(self._message.name)))
        x = theme.px(16) + (size - theme.width(letters, "avatar")) // 2
        y = bottom - size + (size - theme.heights["avatar"]) // 2
        picture = self._paint.avatar(size, self._message.device, theme.palette.chat)
        self._over += [Picture(theme.px(16), bottom - size, picture), Words(x, y, letters, "avatar", "#FFFFFF")]

    def _add_reactions(self, left: int, width: int, top: int) -> int:
        """The pills below the bubble, which may be wider than it; gives where they end."""
        px, own = self._theme.px, self._message.own
        least = px(4) + self._widest
        right = left + width - px(4) if own else left + max(width, least)
        left = min(left + px(4), right - least) if own else left + px(4)
        bottom, operations, targets = lay_out_reactions(
            self._message.reactions, left, right, top, self._theme, self._paint, own=self._message.own
        )
        self._over += operations
        self._targets += targets
        return bottom
