"""The conversation: a canvas on which only the rows in view own anything, so that its cost does not grow with its length.

Rows keep world coordinates, which may be negative; scrolling moves the canvas's view, not the rows. Changes are drawn when Tk is idle
next, however many there were, and all that a frame draws crosses into Tcl in one call, because each call gives up the interpreter lock
and may wait for a busy thread to give it back.
"""

import bisect
import time
import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Any, Final

from chat.events import Delivery, Message
from chat.text import clean_line
from chat.window.operations import canvas_items
from chat.window.paint import Paint
from chat.window.rows import Layout, Order, Place, Row, Surroundings, day_name, lay_out
from chat.window.selection import Range, Selection, highlight
from chat.window.theme import Theme

LOADED_ROWS: Final = 1500
"""Rows that are kept, and as many messages behind folds; the oldest give way."""
OVERSCAN: Final = 240
"""How far beyond the view rows are drawn, in pixels."""
PAUSE: Final = 600
"""After so many seconds a sender's next message begins a new group."""
DRAWN: Final = "<<Drawn>>"
"""The event after the view changed."""
_DRAW: Final = """
proc draw_rows {canvas dead moved made} {
    foreach tag $dead {$canvas delete $tag}
    foreach {tag by} $moved {$canvas move $tag 0 $by}
    foreach item $made {$canvas create {*}$item}
}
"""


class Transcript(tk.Canvas):
    """Shows rows in the order of the conversation, the newest at the bottom, and stays there until scrolled up."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, older: Callable[[Order], object]) -> None:
        super().__init__(parent, bg=theme.palette.chat, bd=0, highlightthickness=0, yscrollincrement=1, confine=False, takefocus=True)
        self.theme, self._paint = theme, paint
        self.rows: list[Row] = []
        self.pinned = True
        """Whether the view stays at the newest row."""
        self.unseen = 0
        """Rows that came since the view was scrolled up."""
        self.selection: Selection | None = None
        self.view = (1, 1)
        """The size of what shows."""
        self.offset = 0
        """The world coordinate of the view's upper edge."""
        self._older = older
        self._more = False
        """Whether there is something before the first row that can be asked for."""
        self._by_key: dict[str, Row] = {}
        self._folds: dict[str, Row] = {}
        """By device, the fold that takes its next messages."""
        self._numbers = 0
        self._drawn: dict[Row, tuple[Layout, int, Range | None]] = {}
        """What is drawn: its layout, its top in world coordinates, and the selected part."""
        self._laid_out: set[Row] = set()
        self._resume: tuple[Row, int] | None = None
        """The row to begin at when the first rows are drawn, and its top in the view."""
        self._idle = ""
        self.tk.eval(_DRAW)
        self.bind("<Configure>", self._resized)
        self.bind("<Destroy>", self._destroyed, add=True)

    # What is shown

    def add(self, messages: Sequence[tuple[Message, Delivery | None]]) -> None:
        """Add messages, each at its place in the order of the conversation. One that is there already stays as it is."""
        for message, delivery in messages:
            if message.key in self._by_key:
                continue
            row = self._new_row("message", message.order, 0, message.key, message=message, delivery=delivery)
            self._by_key[message.key] = row
            bisect.insort(self.rows, row, key=_place)
            self._folds.pop(message.device, None)
            self.unseen += not self.pinned and not message.own
        self._later()

    def add_older(self, messages: Sequence[tuple[Message, Delivery | None]], *, more: bool) -> None:
        """Add what was said before; with `more`, `older` is called when the first row comes into view."""
        unseen = self.unseen
        self.add(messages)
        self.unseen = unseen
        self._more = more

    def add_notice(self, sentence: str) -> None:
        """Add a line about the room at the end."""
        self._append("notice", sentence)
        self._later()

    def fold(self, device: str, name: str, count: int, messages: Sequence[Message]) -> None:
        """Put messages that came too fast behind one line, which a click opens. `count` is that of the present flood."""
        row = self._folds.get(device)
        if row is None or count <= len(messages) or not self._has(row):
            row = self._folds[device] = self._append("fold", "")
            self.unseen += not self.pinned
        row.folded += messages
        row.count += len(messages)
        row.text = f"{row.count:,} more from {clean_line(name, 100)}"
        row.layout = None
        self._trim_folds()
        self._later()

    def change_delivery(self, key: str, delivery: Delivery, reason: str) -> None:
        """An own message came further."""
        row = self._by_key.get(key)
        if row is None:
            return
        row.delivery, row.reason, row.layout = delivery, reason, None
        self._later()

    def open(self, row: Row) -> None:
        """Show what a fold hides, or all of a long message."""
        if row.kind == "fold" and self._has(row):
            self.pinned, unseen = False, self.unseen
            del self.rows[self.place_of(row)]
            self.add([(message, None) for message in row.folded])
            self.unseen = unseen
            if row.count > len(row.folded):
                self.add_notice(f"{row.count - len(row.folded):,} of them came too fast and are not kept here.")
        elif row.layout is not None and row.layout.more:
            self.pinned = False
            row.expanded, row.layout = True, None
            self._later()

    def clear(self) -> None:
        """Forget everything."""
        self.rows, self._by_key, self._folds, self.selection = [], {}, {}, None
        self.pinned, self.unseen, self._more = True, 0, False
        self._later()

    def take_over(self, old: "Transcript") -> None:
        """Show what another transcript showed, which is not used any more."""
        self.rows, self._by_key, self._folds, self._numbers = old.rows, old._by_key, old._folds, old._numbers
        self._more = old._more
        for row in self.rows:
            row.layout = None
        self.pinned, self.unseen = old.pinned, old.unseen
        self._resume = next(((row, old._drawn[row][1] - old.offset) for row in old.visible()), None)
        self._later()

    def texts(self) -> list[str]:
        """The texts of all rows, in their order."""
        return [row.message.text if row.message else row.text for row in self.rows]

    def place_of(self, row: Row) -> int:
        """Where a row stands, or where it would stand if it is not there any more."""
        return bisect.bisect_left(self.rows, row.place, key=_place)

    def _new_row(self, kind: Any, order: Order, number: int, key: str, **content: Any) -> Row:
        self._numbers += 1
        return Row(self._numbers, kind, (order, number, key), **content)

    def _append(self, kind: Any, text: str) -> Row:
        """Add a row that has no order of its own after the last that has one for good; messages that wait do not."""
        end = len(self.rows)
        while end and self.rows[end - 1].delivery is Delivery.WAITING:
            end -= 1
        order = self.rows[end - 1].place[0] if end else (0, "", 0)
        row = self._new_row(kind, order, self._numbers + 1, "", text=text)
        self.rows.insert(end, row)
        return row

    def _trim(self) -> None:
        for row in self.rows[:-LOADED_ROWS]:
            if row.message is not None:
                del self._by_key[row.message.key]
        del self.rows[:-LOADED_ROWS]
        self._folds = {device: row for device, row in self._folds.items() if self._has(row)}
        if self.selection is not None and not (self._has(self.selection.row) and self._has(self.selection.other_row)):
            self.selection = None

    def _trim_folds(self) -> None:
        excess = sum(len(row.folded) for row in self.rows) - LOADED_ROWS
        for row in self.rows:
            if excess <= 0:
                return
            given = min(excess, len(row.folded))
            del row.folded[:given]
            excess -= given

    def _has(self, row: Row) -> bool:
        place = self.place_of(row)
        return place < len(self.rows) and self.rows[place] is row

    # Moving the view

    def scroll(self, pixels: int) -> None:
        """Move the view down by `pixels`, as far as there is something."""
        self.pinned = False
        self._draw(self.offset + pixels)

    def to_end(self) -> None:
        """Show the newest, and stay there."""
        self.pinned = True
        self._draw(self.offset)

    def to_start(self) -> None:
        """Show the oldest that is loaded."""
        if self.rows:
            self.pinned = False
            pad = self.theme.px(10)
            self._draw(0, (0, pad))

    def row_at(self, y: int) -> tuple[Row, Layout, int] | None:
        """The row at a height of the view, with its layout and its top in the view."""
        for row, (layout, top, _) in self._drawn.items():
            if top <= self.offset + y < top + layout.height:
                return row, layout, top - self.offset
        return None

    def visible(self) -> list[Row]:
        """The rows that show, from above."""
        low, high = self.offset, self.offset + self.view[1]
        return sorted((row for row, (layout, top, _) in self._drawn.items() if top + layout.height > low and top < high), key=_place)

    # Drawing

    def redraw(self) -> None:
        """Draw what changed, now rather than when idle."""
        self._cancel()
        self._draw(self.offset)

    def _later(self) -> None:
        if len(self.rows) > LOADED_ROWS * 11 // 10:
            self._trim()
        if not self._idle:
            self._idle = self.after_idle(self._when_idle)

    def _when_idle(self) -> None:
        self._idle = ""
        self._draw(self.offset)

    def _cancel(self) -> None:
        if self._idle:
            self.after_cancel(self._idle)
            self._idle = ""

    def _resized(self, event: "tk.Event[tk.Misc]") -> None:
        if (event.width, event.height) != self.view:
            self.view = (event.width, event.height)
            self._later()

    def _destroyed(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self:
            self._cancel()

    def _draw(self, offset: int, anchor: tuple[int, int] | None = None) -> None:
        """Draw the rows around `offset`. `anchor` is the place of one row and its top; without it, what is drawn stays where it is."""
        if self.view == (1, 1):
            return
        tops: dict[int, int] = {}
        if self.rows:
            place, top = anchor or self._anchor(offset)
            # The second turn draws around the place to which the first found that the view has to go.
            for _ in range(3):
                tops = self._tops(place, top, offset)
                target, at_end = self._inside(tops, offset)
                if target == offset:
                    break
                place = max(tops) if target > offset else min(tops)
                offset, top = target, tops[place]
            if at_end:
                self.pinned, self.unseen = True, 0
        self._apply({self.rows[place]: top for place, top in tops.items()}, offset)
        if 0 in tops and self._more and len(self.rows) < LOADED_ROWS:
            self._more = False
            self._older(next(row.message.order for row in self.rows if row.message))

    def _inside(self, tops: dict[int, int], offset: int) -> tuple[int, bool]:
        """The offset at which the view shows no more emptiness than it has to, and whether that is the end."""
        pad, first, last = self.theme.px(10), min(tops), max(tops)
        if first == 0:
            offset = max(offset, tops[first] - pad)
        if last < len(self.rows) - 1:
            return offset, False
        end = tops[last] + self._layout(last).height + pad - self.view[1]
        if self.pinned or offset >= end - 2:
            return end, True
        return offset, False

    def _anchor(self, offset: int) -> tuple[int, int]:
        """A row from which the others are placed, and its top."""
        if self.pinned:
            return self._anchor_at_end(offset)
        seen = [row for row in self.visible() if self._has(row)]
        if seen:
            return self.place_of(seen[0]), self._drawn[seen[0]][1]
        resume, self._resume = self._resume, None
        if resume is not None and self._has(resume[0]):
            return self.place_of(resume[0]), offset + resume[1]
        return 0, offset + self.theme.px(10)

    def _anchor_at_end(self, offset: int) -> tuple[int, int]:
        """A drawn row near the end, which then need not be drawn again, or the last row."""
        last = len(self.rows) - 1
        below = 0
        for place in range(last, -1, -1):
            row = self.rows[place]
            if row in self._drawn:
                return place, self._drawn[row][1]
            below += self._layout(place).height
            if below > self.view[1] + OVERSCAN:
                break
        return last, offset + self.view[1] - self.theme.px(10) - self._layout(last).height

    def _tops(self, place: int, top: int, offset: int) -> dict[int, int]:
        """The tops of the rows around the view, by their places, without a gap; and of all up to the end if the view stays there."""
        upper, lower = offset - OVERSCAN, offset + self.view[1] + OVERSCAN
        tops = {place: top}
        first = last = place
        bottom = top + self._layout(place).height
        while last + 1 < len(self.rows) and (bottom < lower or self.pinned):
            last += 1
            tops[last] = bottom
            bottom += self._layout(last).height
        while first > 0 and tops[first] > upper:
            first -= 1
            tops[first] = tops[first + 1] - self._layout(first).height
        if self.pinned:
            return tops
        near = {at: y for at, y in tops.items() if y < lower and y + self._layout(at).height > upper}
        return near or tops

    def _layout(self, place: int) -> Layout:
        row = self.rows[place]
        day = self._day_before(place)
        first = bool(day) or not self._continues(place - 1)
        last = not self._continues(place) or bool(self._day_before(place + 1))
        surroundings = Surroundings(self.view[0], first, last, day)
        if row.layout is None or row.layout.surroundings != surroundings:
            row.layout = lay_out(row, surroundings, self.theme, self._paint)
            self._laid_out.add(row)
        return row.layout

    def _continues(self, place: int) -> bool:
        """Whether the row after this one is the same sender's, without a long pause."""
        if place < 0 or place + 1 >= len(self.rows):
            return False
        above, below = self.rows[place].message, self.rows[place + 1].message
        return above is not None and below is not None and above.device == below.device and abs(below.time - above.time) < PAUSE

    def _day_before(self, place: int) -> str:
        """The heading of the day that begins with a row, "" if none does."""
        message = self.rows[place].message if place < len(self.rows) else None
        if message is None:
            return ""
        before = next((self.rows[above].message for above in range(place - 1, -1, -1) if self.rows[above].message), None)
        if before is not None and time.localtime(before.time)[:3] == time.localtime(message.time)[:3]:
            return ""
        return day_name(message.time, time.time())

    def _apply(self, tops: dict[Row, int], offset: int) -> None:
        """Make the canvas show these rows, touching only what differs."""
        dead: list[str] = []
        moved: list[Any] = []
        made: list[tuple[Any, ...]] = []
        for row in [row for row in self._drawn if row not in tops]:
            dead.append(f"row{row.number}")
            del self._drawn[row]
        for row in self._laid_out.difference(tops):
            row.layout = None
        self._laid_out.intersection_update(tops)
        for row, top in tops.items():
            layout, selected = row.layout, self.selection.of(row) if self.selection else None
            before = self._drawn.get(row)
            if layout is None or before == (layout, top, selected):
                continue
            tag = f"row{row.number}"
            if before is not None and before[0] is layout and before[2] == selected:
                moved += [tag, top - before[1]]
            else:
                dead += [tag] if before is not None else []
                made += self._items(row, layout, top, tag, selected)
            self._drawn[row] = (layout, top, selected)
        if dead or moved or made:
            self.tk.call("draw_rows", str(self), dead, moved, made)
        if offset != self.offset:
            self.tk.call(str(self), "yview", "scroll", offset - self.offset, "units")
            self.offset = offset
        self.event_generate(DRAWN)

    def _items(self, row: Row, layout: Layout, top: int, tag: str, selected: Range | None) -> list[tuple[Any, ...]]:
        own = row.message is not None and row.message.own
        marked = highlight(layout, selected, self.theme, own=own) if selected else []
        operations = (*layout.under, *marked, *layout.over)
        return [item for operation in operations for item in canvas_items(operation, top, tag, self.theme, self._paint)]


def _place(row: Row) -> Place:
    return row.place
