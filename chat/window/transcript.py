"""The conversation: a canvas on which only the rows in view own anything, so that its cost does not grow with its length.

Rows keep world coordinates, which may be negative; scrolling moves the canvas's view, not the rows. All that a frame draws crosses into
Tcl in one call, because each call gives up the interpreter lock and may wait for a busy thread to give it back.
"""

import bisect
import time
import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Any, Final

from chat.events import Delivery, Message
from chat.text import clean_text
from chat.window.paint import Paint
from chat.window.rows import Bubble, Operation, Picture, Row, Words, day_name, lay_out
from chat.window.theme import Theme

LOADED_ROWS: Final = 1500
"""Rows that are kept; older ones give way once a quarter more have come."""
OVERSCAN: Final = 240
FOLDED_KEPT: Final = 500
_DRAW: Final = (
    "proc draw_rows {canvas dead operations} {foreach tag $dead {$canvas delete $tag}; foreach one $operations {$canvas create {*}$one}}"
)


class Transcript(tk.Canvas):
    """Shows rows in the order of the conversation, the newest at the bottom."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, copied: Callable[[], object]) -> None:
        super().__init__(parent, bg=theme.palette.chat, bd=0, highlightthickness=0, yscrollincrement=1, confine=False, takefocus=True)
        self._theme, self._paint, self._copied = theme, paint, copied
        self.rows: list[Row] = []
        self._by_key: dict[str, Row] = {}
        self._orders: dict[int, tuple[int, str, int]] = {}
        self._numbers = 0
        self._drawn: dict[int, int] = {}
        """Row number -> its top in world coordinates, for the rows that are drawn."""
        self._first = 0
        self._count = 0
        self._offset = 0
        """The world coordinate of the view's upper edge."""
        self.pinned = True
        self.unseen = 0
        self._view = (1, 1)
        self._operations: list[tuple[Any, ...]] = []
        self._dead: list[str] = []
        self.tk.eval(_DRAW)
        self._thumb = tk.Frame(self, bg=theme.palette.thumb, width=theme.px(5))
        self._jump = tk.Label(self, bd=0, bg=theme.palette.chat, compound="center", font=theme.fonts["small_bold"], cursor="hand2")
        self._bind_keys()

    def _bind_keys(self) -> None:
        self.bind("<Configure>", self._resized)
        line = self._theme.px(60)
        for widget in (self, self._thumb, self._jump):
            # Overlays swallow the wheel, so they hand it on.
            widget.bind("<Button-4>", lambda _: self.scroll(-line))
            widget.bind("<Button-5>", lambda _: self.scroll(line))
            widget.bind("<MouseWheel>", lambda event: self.scroll(-event.delta * line // 120))
        self.bind("<Prior>", lambda _: self.scroll(-self._view[1] * 17 // 20))
        self.bind("<Next>", lambda _: self.scroll(self._view[1] * 17 // 20))
        self.bind("<Up>", lambda _: self.scroll(-line))
        self.bind("<Down>", lambda _: self.scroll(line))
        self.bind("<Home>", lambda _: self.to_start())
        self.bind("<End>", lambda _: self.to_end())
        self.bind("<Button-1>", self._clicked)
        self.bind("<Button-3>", self._menu)
        self._jump.bind("<Button-1>", lambda _: self.to_end())

    # What is shown

    def add(self, messages: Sequence[tuple[Message, Delivery | None]]) -> None:
        """Add messages, each at its place in the order of the conversation."""
        appended = 0
        for message, delivery in messages:
            row = self._new_row("message", message=message, delivery=delivery)
            self._by_key[message.key] = row
            appended += self._insert(row, message.order)
        self._after_change(appended, only_appended=appended == len(messages))

    def add_notice(self, sentence: str) -> None:
        """Add a line about the room at the end."""
        row = self._new_row("notice", text=sentence)
        self._orders[row.number] = self._orders[self.rows[-1].number] if self.rows else (0, "", 0)
        self.rows.append(row)
        self._after_change(1, only_appended=True)

    def fold(self, device: str, name: str, count: int, messages: Sequence[Message]) -> None:
        """Put messages that came too fast behind one line, which a click opens."""
        last = self.rows[-1] if self.rows else None
        if last is None or last.kind != "fold" or last.folded[-1].device != device or count <= len(messages):
            last = self._new_row("fold")
            self._orders[last.number] = messages[-1].order
            self.rows.append(last)
        last.folded = [*last.folded, *messages][-FOLDED_KEPT:]
        last.text = f"{count} more from {name}"
        last.layout = None
        self._after_change(1, only_appended=False)

    def change_delivery(self, key: str, delivery: Delivery, reason: str, order: tuple[int, str, int] | None) -> None:
        """An own message came further."""
        row = self._by_key.get(key)
        if row is None:
            return
        row.delivery, row.reason, row.layout = delivery, reason, None
        if order is not None and self._orders.get(row.number) != order:
            self.rows.remove(row)
            self._insert(row, order)
            self._head_days()
            self._after_change(0, only_appended=False)
        elif row.number in self._drawn:
            self._redraw()

    def take_over(self, old: "Transcript") -> None:
        """Show what another transcript showed."""
        self.rows, self._by_key, self._orders, self._numbers = old.rows, old._by_key, old._orders, old._numbers
        for row in self.rows:
            row.layout = None
        self._redraw()

    def clear(self) -> None:
        """Forget everything."""
        self.rows, self._by_key, self._orders = [], {}, {}
        self.unseen = 0
        self._redraw()

    def texts(self) -> list[str]:
        """The texts of all rows, for tests and for export."""
        return [row.message.text if row.message else row.text for row in self.rows]

    def _new_row(self, kind: Any, **content: Any) -> Row:
        self._numbers += 1
        return Row(self._numbers, kind, **content)

    def _insert(self, row: Row, order: tuple[int, str, int]) -> int:
        """Put a row at its place; says 1 if that is the end."""
        self._orders[row.number] = order
        at_end = not self.rows or self._orders[self.rows[-1].number] <= order
        place = len(self.rows) if at_end else bisect.bisect_right(self.rows, order, key=lambda other: self._orders[other.number])
        self.rows.insert(place, row)
        if at_end:
            self._head_day(place)
        else:
            self._head_days()
        return int(at_end)

    def _head_day(self, place: int) -> None:
        """Put the day's heading before the last row if the message before it is of another day."""
        row = self.rows[place]
        before = next((other.message for other in reversed(self.rows[:place]) if other.message), None)
        if row.message is not None and (before is None or _day(before) != _day(row.message)):
            heading = self._new_row("day", text=day_name(row.message.time, time.time()))
            self._orders[heading.number] = self._orders[row.number]
            self.rows.insert(place, heading)

    def _head_days(self) -> None:
        """Put all headings anew, after rows in the middle came or went."""
        rows, self.rows = self.rows, []
        for row in rows:
            if row.kind == "day":
                del self._orders[row.number]
                continue
            self.rows.append(row)
            self._head_day(len(self.rows) - 1)

    def _after_change(self, appended: int, *, only_appended: bool) -> None:
        self._trim()
        if self.pinned:
            self._draw_end()
        else:
            self.unseen += appended
            if not only_appended:
                self._redraw()
        self._place_overlays()

    def _trim(self) -> None:
        if len(self.rows) <= LOADED_ROWS * 5 // 4 or not self.pinned:
            return
        for row in self.rows[:-LOADED_ROWS]:
            self._orders.pop(row.number, None)
            if row.message:
                self._by_key.pop(row.message.key, None)
        del self.rows[:-LOADED_ROWS]

    # Scrolling

    def scroll(self, pixels: int) -> str:
        """Move the view down by `pixels`, as far as there is something."""
        if self._count:
            self._move(pixels)
            self._fill()
            self._keep_inside()
            self.pinned = self._at_end()
            if self.pinned:
                self.unseen = 0
            self._place_overlays()
        return "break"

    def to_end(self) -> str:
        """Show the newest."""
        self.pinned, self.unseen = True, 0
        self._draw_end()
        self._place_overlays()
        return "break"

    def to_start(self) -> str:
        """Show the oldest that is loaded."""
        if self.rows:
            self.pinned = False
            self._draw_from(0, self._theme.px(10))
            self._keep_inside()
            self._place_overlays()
        return "break"

    def _move(self, pixels: int) -> None:
        if pixels:
            self._offset += pixels
            self.tk.call(str(self), "yview", "scroll", pixels, "units")

    def _at_end(self) -> bool:
        return self._first + self._count == len(self.rows) and self._bottom() + self._theme.px(10) - self._view[1] <= self._offset + 2

    def _keep_inside(self) -> None:
        pad = self._theme.px(10)
        target = self._offset
        if self._first == 0:
            target = max(target, self._drawn[self.rows[0].number] - pad)
        if self._first + self._count == len(self.rows):
            target = min(target, self._bottom() + pad - self._view[1])
        if self._first == 0 and self._bottom() - self._drawn[self.rows[0].number] + 2 * pad < self._view[1]:
            target = self._bottom() + pad - self._view[1]
        self._move(target - self._offset)

    # Drawing

    def _resized(self, event: "tk.Event[tk.Misc]") -> None:
        if (event.width, event.height) == self._view:
            return
        top = None if self.pinned or not self._count else self._top_row()
        self._view = (event.width, event.height)
        if top is None:
            self._draw_end()
        else:
            self._draw_from(*top)
            self._keep_inside()
        self._place_overlays()

    def _top_row(self) -> tuple[int, int]:
        """The first row that shows, and how far below the upper edge it begins (negative if above)."""
        for place in range(self._first, self._first + self._count):
            row = self.rows[place]
            if row.number in self._drawn and self._drawn[row.number] + self._height(place) > self._offset:
                return place, self._drawn[row.number] - self._offset
        return self._first, 0

    def _redraw(self) -> None:
        if self.pinned or not self._count or not self.rows:
            self._draw_end()
            return
        place, below = self._top_row() if self._first + self._count <= len(self.rows) else (len(self.rows) - 1, 0)
        self._draw_from(place, below)
        self._keep_inside()

    def _draw_end(self) -> None:
        self._erase()
        if self.rows:
            place = len(self.rows) - 1
            self._first, self._count = place, 1
            self._put(place, self._offset + self._view[1] - self._theme.px(10) - self._height(place))
            self._fill()

    def _draw_from(self, place: int, below: int) -> None:
        self._erase()
        self._first, self._count = place, 1
        self._put(place, self._offset + below)
        self._fill()

    def _erase(self) -> None:
        self._operations, self._dead = [], []
        self._drawn.clear()
        self._first = self._count = 0
        self.tk.call(str(self), "delete", "all")

    def _fill(self) -> None:
        """Draw what came into view, erase what went far out of it."""
        top, bottom = self._offset - OVERSCAN, self._offset + self._view[1] + OVERSCAN
        while self._first > 0 and self._drawn[self.rows[self._first].number] > top:
            self._first -= 1
            self._count += 1
            self._put(self._first, self._drawn[self.rows[self._first + 1].number] - self._height(self._first))
        while self._first + self._count < len(self.rows) and self._bottom() < bottom:
            self._put(self._first + self._count, self._bottom())
            self._count += 1
        while self._count > 1 and self._drawn[self.rows[self._first].number] + self._height(self._first) < top - OVERSCAN:
            self._drop(self._first)
            self._first += 1
            self._count -= 1
        while self._count > 1 and self._drawn[self.rows[self._first + self._count - 1].number] > bottom + OVERSCAN:
            self._count -= 1
            self._drop(self._first + self._count)
        if self._operations or self._dead:
            self.tk.call("draw_rows", str(self), self._dead, self._operations)
            self._operations, self._dead = [], []

    def _bottom(self) -> int:
        place = self._first + self._count - 1
        return self._drawn[self.rows[place].number] + self._height(place)

    def _drop(self, place: int) -> None:
        number = self.rows[place].number
        del self._drawn[number]
        self._dead.append(f"row{number}")

    def _height(self, place: int) -> int:
        row = self.rows[place]
        first = not self._continues(place - 1, place)
        last = not self._continues(place, place + 1)
        layout = row.layout
        if layout is None or (layout.width, layout.first, layout.last) != (self._view[0], first, last):
            layout = row.layout = lay_out(row, self._view[0], first, last, self._theme, self._paint)
        return layout.height

    def _continues(self, upper: int, lower: int) -> bool:
        """Whether two neighbouring rows are one sender's, without a long pause."""
        if upper < 0 or lower >= len(self.rows):
            return False
        above, below = self.rows[upper].message, self.rows[lower].message
        return above is not None and below is not None and above.device == below.device and abs(below.time - above.time) < 600

    def _put(self, place: int, top: int) -> None:
        self._height(place)
        row = self.rows[place]
        self._drawn[row.number] = top
        tags = f"row{row.number}"
        if row.layout is not None:
            for operation in row.layout.operations:
                self._operations += _items(operation, top, tags, self._theme, self._paint)

    def _place_overlays(self) -> None:
        width, height = self._view
        palette, px = self._theme.palette, self._theme.px
        if self.pinned or not self.rows:
            self._jump.place_forget()
            self._thumb.place_forget()
            return
        words = f"↓  {self.unseen} new" if self.unseen else "↓"
        wide = max(px(36), self._theme.width(words, "small_bold") + px(26))
        picture = self._paint.rectangle(wide, px(36), px(18), palette.background, palette.chat, palette.line)
        self._jump.configure(image=picture, text=words, fg=palette.link)
        self._jump.place(x=width - px(18), y=height - px(12), anchor="se")
        share = max(0.06, min(1.0, self._count / len(self.rows)))
        place = self._first / max(1, len(self.rows) - self._count)
        self._thumb.place(x=width - px(7), y=int((height - height * share) * min(1.0, place)), height=int(height * share))

    # Pointer

    def _row_at(self, y: int) -> Row | None:
        for place in range(self._first, self._first + self._count):
            row = self.rows[place]
            if self._drawn[row.number] <= self._offset + y < self._drawn[row.number] + self._height(place):
                return row
        return None

    def _clicked(self, event: "tk.Event[tk.Misc]") -> None:
        self.focus_set()
        row = self._row_at(event.y)
        if row is not None and row.kind == "fold":
            place = self.rows.index(row)
            self.rows.remove(row)
            del self._orders[row.number]
            self.pinned = self.pinned and place == len(self.rows)
            self.add([(message, None) for message in row.folded])

    def _menu(self, event: "tk.Event[tk.Misc]") -> None:
        row = self._row_at(event.y)
        if row is None or row.message is None:
            return
        text = clean_text(row.message.text, len(row.message.text) + 1, 1 << 20)[0]
        menu = tk.Menu(self, tearoff=False, font=self._theme.fonts["small"])
        menu.add_command(label="Copy", command=lambda: self._copy(text))
        menu.tk_popup(event.x_root, event.y_root)

    def _copy(self, text: str) -> None:
        self.clipboard_clear()
        self.clipboard_append(text)
        self._copied()


def _day(message: Message) -> tuple[int, int]:
    local = time.localtime(message.time)
    return local.tm_year, local.tm_yday


def _items(operation: Operation, top: int, tags: str, theme: Theme, paint: Paint) -> list[tuple[Any, ...]]:
    """The canvas items of one operation, as arguments for `create`."""
    match operation:
        case Words(x, y, text, font, colour):
            return [("text", x, top + y, "-text", text, "-font", str(theme.fonts[font]), "-fill", colour, "-anchor", "nw", "-tags", tags)]
        case Picture(x, y, image):
            return [("image", x, top + y, "-image", str(image), "-anchor", "nw", "-tags", tags)]
        case Bubble(x, y, width, height, radii, fill, behind):
            box = (x, top + y, x + width, top + y + height)
            items: list[tuple[Any, ...]] = [("rectangle", *box, "-fill", fill, "-width", 0, "-tags", tags)]
            corners = (("nw", box[0], box[1]), ("ne", box[2], box[1]), ("se", box[2], box[3]), ("sw", box[0], box[3]))
            for radius, (which, at_x, at_y) in zip(radii, corners, strict=True):
                if radius:
                    picture = paint.corner(min(radius, width // 2, height // 2), which, fill, behind)
                    items.append(("image", at_x, at_y, "-image", str(picture), "-anchor", which, "-tags", tags))
            return items
