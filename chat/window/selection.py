"""Which part of the conversation is selected, from one place in one message to another place in another."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from chat.text import clean_line
from chat.window.operations import Box
from chat.window.rows import Layout, Row, Span
from chat.window.theme import Theme

Range = tuple[int, int]
"""From and to, in signs of the text that is shown."""
_TO_THE_END = 1 << 30


@dataclass(frozen=True, slots=True)
class Selection:
    """Where the selection was begun and where it ends, which may be above."""

    row: Row
    offset: int
    other_row: Row
    other_offset: int

    def of(self, row: Row) -> Range | None:
        """The selected part of a row; it reaches beyond the end of the text where the selection goes on below."""
        upper, lower = sorted(((self.row.place, self.offset), (self.other_row.place, self.other_offset)))
        if upper == lower or not upper[0] <= row.place <= lower[0] or row.message is None:
            return None
        return (upper[1] if row.place == upper[0] else 0, lower[1] if row.place == lower[0] else _TO_THE_END)


def offset_at(layout: Layout, x: int, y: int, theme: Theme) -> int:
    """The place in the text that is nearest to a point; the point is relative to the row's upper left corner."""
    if not layout.spans:
        return 0
    line = max((span.y for span in layout.spans if span.y <= y), default=layout.spans[0].y)
    spans = [span for span in layout.spans if span.y == line]
    # What stands beside each other need not be in the order of the text.
    nearest = min(spans, key=lambda span: max(span.x - x, x - span.x - span.width + 1, 0))
    return nearest.start + _signs_before(nearest, x - nearest.x, theme)


def _signs_before(span: Span, x: int, theme: Theme) -> int:
    if x <= 0:
        return 0
    if span.whole:
        return len(span.text) if 2 * x >= span.width else 0
    position = 0
    for count, sign in enumerate(span.text):
        width = theme.width(sign, span.font)
        if position + width / 2 > x:
            return count
        position += width
    return len(span.text)


def highlight(layout: Layout, selected: Range, theme: Theme, *, own: bool) -> list[Box]:
    """What to colour below the text of a row."""
    colour = theme.palette.own_selection if own else theme.palette.selection
    boxes = []
    for span in layout.spans:
        start, end = max(selected[0], span.start), min(selected[1], span.start + len(span.text))
        if start >= end:
            continue
        if span.whole:
            boxes.append(Box(span.x, span.y, span.width, span.height, colour))
        else:
            left = theme.width(span.text[: start - span.start], span.font)
            right = theme.width(span.text[: end - span.start], span.font)
            boxes.append(Box(span.x + left, span.y, right - left, span.height, colour))
    return boxes


def selected_text(selection: Selection, parts: Iterable[tuple[Row, str]]) -> str:
    """What to copy, from the rows in their order and the texts that they show. Several messages get their time and name."""
    found = [(row, text[part[0] : part[1]]) for row, text in parts if (part := selection.of(row)) is not None]
    if len(found) == 1:
        return found[0][1]
    return "\n".join(_signed(row, text) for row, text in found)


def _signed(row: Row, text: str) -> str:
    if row.message is None:
        return text
    return f"[{time.strftime('%H:%M', time.localtime(row.message.time))}] {clean_line(row.message.name)}: {text}"
