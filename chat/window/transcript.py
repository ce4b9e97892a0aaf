"""The conversation: a canvas on which only the rows in view own anything, so that its cost does not grow with its length.

Rows keep world coordinates, which may be negative; scrolling moves the canvas's view, not the rows. Changes are drawn when Tk is idle
next, however many there were, and all that a frame draws crosses into Tcl in one call, because each call gives up the interpreter lock
and may wait for a busy thread to give it back.
"""

import tkinter as tk
from collections.abc import Sequence
from typing import Any, Final

from chat.events import Delivery, FileChanged, Gap, Message, Page, PageKind, ReceiptsChanged, Supplied
from chat.previews import Preview
from chat.window.grouping import continues, day_before
from chat.window.layout import lay_out
from chat.window.loaded import LOADED_ROWS, Loaded, row_place
from chat.window.operations import canvas_items
from chat.window.paging import Paging
from chat.window.paint import Paint
from chat.window.rows import Layout, Order, Received, Row, Surroundings
from chat.window.selection import Range, Selection, highlight
from chat.window.theme import Theme

OVERSCAN: Final = 240
"""How far beyond the view rows are drawn, in pixels."""
MARK_MS: Final = 1600
"""How long a message to which one was led stays marked."""
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

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, paging: Paging) -> None:
        super().__init__(parent, bg=theme.palette.chat, bd=0, highlightthickness=0, yscrollincrement=1, confine=False, takefocus=True)
        self.theme, self._paint, self._paging = theme, paint, paging
        self.loaded = Loaded()
        self.pinned = True
        """Whether the view stays at the newest row."""
        self.unseen = 0
        """Rows that came since the view was scrolled up."""
        self.selection: Selection | None = None
        self.view = (1, 1)
        """The size of what shows."""
        self.offset = 0
        """The world coordinate of the view's upper edge."""
        self._receipts: tuple[tuple[tuple[int, int], ...], int] = ((), 0)
        """Up to where each of the other members has what was said here, sorted, and how many members there are."""
        self._username = ""
        self._marked: Row | None = None
        self._unmark = ""
        self._drawn: dict[Row, tuple[Layout, int, Range | None]] = {}
        """What is drawn: its layout, its top in world coordinates, and the selected part."""
        self._laid_out: set[Row] = set()
        self._resume: tuple[Row, int] | None = None
        """The row to begin at when the first rows are drawn, and its top in the view."""
        self._idle = ""
        self.tk.eval(_DRAW)
        paint.draw_again(self, self._lay_out_again)
        self.bind("<Configure>", self._resized)
        self.bind("<Destroy>", self._destroyed, add=True)

    @property
    def rows(self) -> list[Row]:
        """The rows that are loaded, in their order."""
        return self.loaded.rows

    # What is shown

    def add(self, messages: Sequence[tuple[Message, Delivery | None]]) -> None:
        """Add messages, each at its place in the order of the conversation. One that is there already stays as it is."""
        fresh = self.loaded.add(messages)
        self.unseen += 0 if self.pinned else fresh
        self._later()

    def show_page(self, page: Page) -> None:
        """Show a part of the kept conversation: in the place of what is shown, or before or after it."""
        if not self._paging.accept(page):
            return
        if not page.messages and page.kind is PageKind.AROUND:
            return
        self.loaded.show_page(page)
        match page.kind:
            case PageKind.LAST:
                self.pinned, self.unseen, self.selection = True, 0, None
            case PageKind.AROUND:
                self.selection = None
                aim = self.loaded.near(self._paging.aim or page.messages[len(page.messages) // 2][0].order)
                if aim is not None:
                    self.lead_to(aim)
        self._later()

    def change(self, message: Message) -> None:
        """A message looks different now."""
        row = self.loaded.find(message.key)
        if row is not None and self.selection is not None and row.message is not None and row.message.text != message.text:
            self.selection = self.selection if row not in (self.selection.row, self.selection.other_row) else None
        if self.loaded.change(message):
            self._later()

    def change_delivery(self, key: str, delivery: Delivery, reason: str) -> None:
        """An own message came further."""
        row = self.loaded.find(key)
        if row is not None:
            row.delivery, row.reason, row.layout = delivery, reason, None
            self._later()

    def change_file(self, event: FileChanged) -> None:
        """It stands otherwise with a file."""
        if self.loaded.change_file(event):
            self._later()

    def show_preview(self, key: str, preview: Preview) -> None:
        """What the picture looks like that a message offers."""
        if self.loaded.show_preview(key, preview):
            self._later()

    def change_receipts(self, receipts: ReceiptsChanged) -> None:
        """The others have more of what was said here; only rows in view whose ticks change are laid out again."""
        self._receipts = (receipts.runs, receipts.members)
        self._later()

    def received(self, message: Message) -> tuple[int, int]:
        """How many of how many members have an own message."""
        runs, members = self._receipts
        return min(members, sum(first <= message.order[2] <= last for first, last in runs)), members

    def set_gaps(self, gaps: Sequence[Gap]) -> None:
        """Other messages are missing now."""
        self.loaded.set_gaps(gaps)
        self._later()

    def set_supplied(self, supplied: Supplied) -> None:
        """What was said before this device came was supplied by others."""
        self.loaded.set_supplied(supplied)
        self._later()

    def set_new(self, after: Order | None) -> None:
        """Draw a line above what was said after this message; None takes it away."""
        self.loaded.set_new(after)
        self._later()

    def call_me(self, username: str) -> None:
        """Mark what speaks to this name from now on."""
        self._username = username
        self._later()

    def add_notice(self, sentence: str) -> None:
        """Add a line about the room at the end."""
        self.loaded.add_notice(sentence)
        self._later()

    def fold(self, device: str, name: str, count: int, messages: Sequence[Message]) -> None:
        """Put messages that came too fast behind one line, which a click opens. `count` is that of the present flood."""
        begun = self.loaded.fold(device, name, count, messages)
        self.unseen += begun and not self.pinned
        self._later()

    def open(self, row: Row) -> None:
        """Show what a fold hides, or all of a long message."""
        if row.kind == "fold" and self.loaded.has(row):
            self.pinned = False
            self.loaded.open_fold(row)
            self._later()
        elif row.layout is not None and row.layout.more:
            self.pinned = False
            row.expanded, row.layout = True, None
            self._later()

    def clear(self) -> None:
        """Forget everything."""
        self.loaded, self.selection, self._receipts = Loaded(), None, ((), 0)
        self.pinned, self.unseen, self._marked = True, 0, None
        self._later()

    def take_over(self, old: "Transcript") -> None:
        """Show what another transcript showed, which is not used any more."""
        self.loaded, self._receipts, self._username = old.loaded, old._receipts, old._username
        self._paging.take_over(old._paging)
        self._lay_out_again()
        self.pinned, self.unseen = old.pinned, old.unseen
        self._resume = next(((row, old._drawn[row][1] - old.offset) for row in old.visible()), None)
        self._later()

    def _lay_out_again(self) -> None:
        for row in self.rows:
            row.layout = None
        self._later()

    @property
    def seen(self) -> Order | None:
        """Up to which message the conversation was seen, while its end shows."""
        ends = self.loaded.ends()
        return ends[1] if ends is not None and self.pinned and not self.loaded.more_after else None

    def texts(self) -> list[str]:
        """The texts of all rows, in their order."""
        return [row.message.text if row.message else row.text for row in self.rows]

    # Moving the view

    def scroll(self, pixels: int) -> None:
        """Move the view down by `pixels`, as far as there is something."""
        self.pinned = False
        self._draw(self.offset + pixels)

    def to_end(self) -> None:
        """Show the newest, and stay there."""
        if self.loaded.more_after:
            self._paging.jump(None)
            return
        self.pinned = True
        self._draw(self.offset)

    def go_to(self, key: str, order: Order | None) -> None:
        """Show a message in the middle; one that is not loaded is asked for by its order."""
        row = self.loaded.find(key)
        if row is not None:
            self.lead_to(row)
        elif order is not None:
            self._paging.jump(order)

    def lead_to(self, row: Row) -> None:
        """Show a row that is loaded in the middle, and mark it for a moment."""
        if self._unmark:
            self.after_cancel(self._unmark)
        self._marked = row
        self._unmark = self.after(MARK_MS, self._end_mark)
        self.pinned = False
        if self.view == (1, 1):
            self._resume = (row, self.theme.px(10))
            return
        place = self.loaded.place_of(row)
        room = self.view[1] - self._layout(place).height
        self._draw(self.offset, (place, self.offset + max(self.theme.px(10), room // 2)))

    def bring_into_view(self, row: Row) -> None:
        """Move the view only as far as it takes to show a row that is loaded, and draw."""
        self.redraw()
        if row not in self._drawn:
            place = self.loaded.place_of(row)
            self.pinned = False
            self._draw(self.offset, (place, self.offset + self.theme.px(10)))
        layout, top, _ = self._drawn[row]
        above = self.offset - top
        below = top + layout.height - self.offset - self.view[1]
        if above > 0 or below > 0:
            self.scroll(-above if above > 0 else min(below, -above))

    def outline_of(self, row: Row) -> tuple[int, int, int]:
        """Where in the view a drawn message begins from the left, where it ends, and where it begins from above."""
        layout, top, _ = self._drawn[row]
        left = min((span.x for span in layout.spans), default=self.theme.px(60))
        return left, top + layout.height - self.offset, top - self.offset

    def place_of(self, row: Row) -> tuple[Layout, int] | None:
        """The layout of a row and its top in the view, if it is drawn."""
        drawn = self._drawn.get(row)
        return (drawn[0], drawn[1] - self.offset) if drawn is not None else None

    def last_own(self) -> Message | None:
        """The last message that was said here and can be changed, as far as it is loaded."""
        own = (row.message for row in reversed(self.rows) if row.message is not None and row.message.own)
        return next((message for message in own if not message.retracted and message.file is None), None)

    def _end_mark(self) -> None:
        self._unmark, self._marked = "", None
        self._later()

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
        return sorted((row for row, (layout, top, _) in self._drawn.items() if top + layout.height > low and top < high), key=row_place)

    # Drawing

    def redraw(self) -> None:
        """Draw what changed, now rather than when idle."""
        self._cancel()
        self._draw(self.offset)

    def _later(self) -> None:
        self._trim()
        if not self._idle:
            self._idle = self.after_idle(self._when_idle)

    def _trim(self) -> None:
        if len(self.rows) <= LOADED_ROWS:
            return
        reading = next((self.loaded.place_of(row) for row in self.visible()), len(self.rows)) if not self.pinned else len(self.rows)
        self.loaded.trim(reading)
        if self.selection is not None and not (self.loaded.has(self.selection.row) and self.loaded.has(self.selection.other_row)):
            self.selection = None

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
            if self._unmark:
                self.after_cancel(self._unmark)

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
        ends = self.loaded.ends()
        if ends is not None and 0 in tops and self.loaded.more_before:
            self._paging.extend(PageKind.OLDER, ends[0])
        if ends is not None and len(self.rows) - 1 in tops and self.loaded.more_after:
            self._paging.extend(PageKind.NEWER, ends[1])

    def _inside(self, tops: dict[int, int], offset: int) -> tuple[int, bool]:
        """The offset at which the view shows no more emptiness than it has to, and whether that is the end."""
        pad, first, last = self.theme.px(10), min(tops), max(tops)
        if first == 0:
            offset = max(offset, tops[first] - pad)
        if last < len(self.rows) - 1:
            return offset, False
        end = tops[last] + self._layout(last).height + pad - self.view[1]
        if self.pinned or offset >= end - 2:
            return end, not self.loaded.more_after
        return offset, False

    def _anchor(self, offset: int) -> tuple[int, int]:
        """A row from which the others are placed, and its top."""
        if self.pinned:
            return self._anchor_at_end(offset)
        seen = [row for row in self.visible() if self.loaded.has(row)]
        if seen:
            # A row that changes, as the first one does when others come above it, would push the rest of the view along.
            still = (row for row in seen if self._layout(self.loaded.place_of(row)) is self._drawn[row][0])
            row = next(still, seen[0])
            return self.loaded.place_of(row), self._drawn[row][1]
        resume, self._resume = self._resume, None
        if resume is not None and self.loaded.has(resume[0]):
            return self.loaded.place_of(resume[0]), offset + resume[1]
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
        day = day_before(self.rows, place)
        first = bool(day) or not continues(self.rows, place - 1)
        last = not continues(self.rows, place) or bool(day_before(self.rows, place + 1))
        surroundings = Surroundings(self.view[0], first, last, day, self._received(row), row is self._marked, self._username)
        if row.layout is None or row.layout.surroundings != surroundings:
            row.layout = lay_out(row, surroundings, self.theme, self._paint)
            self._laid_out.add(row)
        return row.layout

    def _received(self, row: Row) -> Received:
        if row.message is None or not row.message.own or row.delivery is not Delivery.AT_BROKER:
            return "none"
        count, members = self.received(row.message)
        return "none" if not count else "all" if count >= members else "some"

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
