"""Emoji in rows under headings, of which only those that show are drawn, a few at a time, so that it never stops the window."""

import time
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from chat.window.emoji_names import Emoji
from chat.window.paint import Paint
from chat.window.theme import Theme

COLUMNS: Final = 9
CELL: Final = 38
_SIGN: Final = 26
_HEADING: Final = 28
_SLICE: Final = 0.006
"""Seconds that are drawn for at once; a new emoji takes most of a millisecond."""
_PAUSE_MS: Final = 4


@dataclass(frozen=True, slots=True)
class _Row:
    """A heading, or a row of emoji of which the first is the one numbered `first`."""

    y: int
    height: int
    heading: str
    emoji: tuple[Emoji, ...]
    first: int


class EmojiGrid(tk.Canvas):
    """Shows emoji; one of them is marked, by arrow keys or by the pointer. `marked` is told which, `chosen` when it is clicked."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, paint: Paint, marked: Callable[[Emoji | None], object], chosen: Callable[[bool], object]
    ) -> None:
        width = COLUMNS * theme.px(CELL)
        background = theme.palette.background
        super().__init__(
            parent, bg=background, bd=0, highlightthickness=0, width=width, yscrollincrement=1, cursor="hand2", takefocus=False
        )
        self._theme, self._paint, self._marked = theme, paint, marked
        self._rows: list[_Row] = []
        self._count = 0
        self._place = 0
        self._drawn: dict[int, int] = {}
        """How many of its emoji each row has that is drawn."""
        self._timer = ""
        self._cursor = self.create_image(0, 0, anchor="nw")
        self._thumb = tk.Frame(self, bg=theme.palette.thumb)
        self.bind("<Configure>", lambda _: self._look())
        self.bind("<Motion>", self._point)
        self.bind("<Button-1>", lambda event: self._point(event) and chosen(False))
        self.bind("<Shift-Button-1>", lambda event: self._point(event) and chosen(True))
        step = theme.px(CELL)
        for widget in (self, self._thumb):
            widget.bind("<Button-4>", lambda _: self.roll(-step))
            widget.bind("<Button-5>", lambda _: self.roll(step))
            widget.bind("<MouseWheel>", lambda event: self.roll(round(-event.delta / 120 * step)))
        self.bind("<Destroy>", lambda _: self._stop())

    def show(self, sections: Sequence[tuple[str, Sequence[Emoji]]]) -> None:
        """Show these, each section under its heading ("" for none), and mark the first."""
        self._stop()
        self.delete("row")
        self._drawn = {}
        self._rows, y, first = [], 0, 0
        heading_height, cell = self._theme.px(_HEADING), self._theme.px(CELL)
        for heading, emoji in sections:
            if heading:
                self._rows.append(_Row(y, heading_height, heading, (), first))
                y += heading_height
            for begin in range(0, len(emoji), COLUMNS):
                part = tuple(emoji[begin : begin + COLUMNS])
                self._rows.append(_Row(y, cell, "", part, first))
                y += cell
                first += len(part)
        self._count = first
        self.configure(scrollregion=(0, 0, COLUMNS * cell, max(y, 1)))
        self.yview_moveto(0)
        self._mark(0)
        self._look()

    @property
    def current(self) -> Emoji | None:
        """The one that is marked."""
        row = self._row_of(self._place)
        return row.emoji[self._place - row.first] if row is not None else None

    def step(self, count: int) -> None:
        """Mark the one so many before or after."""
        self._mark(max(0, min(self._count - 1, self._place + count)))
        self._bring_into_view()

    def step_row(self, step: int) -> None:
        """Mark the one so many rows above or below, as near to the same column as there is one."""
        row = self._row_of(self._place)
        if row is None:
            return
        rows = [each for each in self._rows if each.emoji]
        aim = rows[max(0, min(len(rows) - 1, rows.index(row) + step))]
        self._mark(aim.first + min(self._place - row.first, len(aim.emoji) - 1))
        self._bring_into_view()

    def page(self, direction: int) -> None:
        """Mark one most of a view above or below."""
        self.step_row(direction * max(1, self.winfo_height() // self._theme.px(CELL) - 1))

    def roll(self, pixels: int) -> str:
        """Move the view."""
        self.yview_scroll(pixels, "units")
        self._look()
        return "break"

    def empty(self) -> None:
        """Stop drawing, and give back what is drawn."""
        self.show([])

    def _row_of(self, place: int) -> _Row | None:
        return next((row for row in self._rows if row.emoji and row.first <= place < row.first + len(row.emoji)), None)

    def _mark(self, place: int) -> None:
        self._place = place
        row, emoji = self._row_of(place), self.current
        if row is None or emoji is None:
            self.itemconfigure(self._cursor, state="hidden")
        else:
            palette, px = self._theme.palette, self._theme.px
            picture = self._paint.emoji_button(
                emoji.sequence, px(_SIGN), px(CELL), px(8), palette.selected, palette.background, palette.accent
            )
            self.coords(self._cursor, (place - row.first) * px(CELL), row.y)
            self.itemconfigure(self._cursor, image=picture, state="normal")
        self._marked(emoji)

    def _point(self, event: "tk.Event[tk.Misc]") -> bool:
        """Mark what is below the pointer; whether anything is."""
        y, column = int(self.canvasy(event.y)), event.x // self._theme.px(CELL)
        row = next((each for each in self._rows if each.y <= y < each.y + each.height), None)
        if row is None or not 0 <= column < len(row.emoji):
            return False
        if row.first + column != self._place:
            self._mark(row.first + column)
        return True

    def _bring_into_view(self) -> None:
        row = self._row_of(self._place)
        if row is None:
            return
        top, height = int(self.canvasy(0)), self.winfo_height()
        # Above the first row of a section its heading shows as well.
        upper = row.y - self._theme.px(_HEADING)
        if upper < top:
            self.yview_scroll(upper - top, "units")
        elif row.y + row.height > top + height:
            self.yview_scroll(row.y + row.height - top - height, "units")
        self._look()

    def _look(self) -> None:
        """Forget the rows that do not show any more, and begin to draw those that do."""
        shown = self._shown()
        for number in [number for number in self._drawn if number not in shown]:
            self.delete(f"row{number}")
            del self._drawn[number]
        self._place_thumb()
        if not self._timer:
            self._draw()

    def _shown(self) -> range:
        top = int(self.canvasy(0))
        bottom = top + self.winfo_height()
        showing = [number for number, row in enumerate(self._rows) if row.y < bottom and row.y + row.height > top]
        return range(showing[0], showing[-1] + 1) if showing and self.winfo_height() > 1 else range(0)

    def _draw(self) -> None:
        """Draw for a moment, and go on a little later."""
        self._timer = ""
        until = time.perf_counter() + _SLICE
        for number in self._shown():
            row = self._rows[number]
            if number not in self._drawn:
                self._drawn[number] = 0
                if row.heading:
                    self._draw_heading(number, row)
            while self._drawn[number] < len(row.emoji):
                self._draw_emoji(number, row)
                if time.perf_counter() > until:
                    self._timer = self.after(_PAUSE_MS, self._draw)
                    return

    def _draw_heading(self, number: int, row: _Row) -> None:
        theme = self._theme
        place = (theme.px(6), row.y + row.height - theme.px(6))
        self.create_text(
            *place, text=row.heading, anchor="sw", font=theme.fonts["small_bold"], fill=theme.palette.text2, tags=("row", f"row{number}")
        )

    def _draw_emoji(self, number: int, row: _Row) -> None:
        px, column = self._theme.px, self._drawn[number]
        self._drawn[number] += 1
        picture = self._paint.emoji(row.emoji[column].sequence, px(_SIGN), self._theme.palette.background)
        place = (column * px(CELL) + px(CELL) // 2, row.y + px(CELL) // 2)
        self.create_image(*place, image=picture, tags=("row", f"row{number}"))
        self.tag_raise(self._cursor)

    def _place_thumb(self) -> None:
        first, last = self.yview()
        px, height = self._theme.px, self.winfo_height()
        if last - first >= 1:
            self._thumb.place_forget()
            return
        length = max(px(24), round(height * (last - first)))
        top = round((height - length) * first / (1 - (last - first)))
        self._thumb.place(relx=1.0, x=-px(4), y=top, width=px(4), height=length)

    def _stop(self) -> None:
        if self._timer:
            self.after_cancel(self._timer)
            self._timer = ""
