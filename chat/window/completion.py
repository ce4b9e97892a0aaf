"""The list above the message box with what one may mean. The focus stays where one types."""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Final

from chat.window.lines import one_line
from chat.window.operations import Picture, canvas_items, line_operations
from chat.window.paint import Paint
from chat.window.suggestions import Suggestion
from chat.window.theme import Theme

_ROW: Final = 34
_BESIDE: Final = 16
"""How far in from the edges of what is below it."""
_NAMES: Final = 200
"""How much of a row the name may take before the words begin."""


class CompletionList(tk.Canvas):
    """Lies over its parent from `show` until `hide`; one suggestion is marked. `chosen` is told of a click on one."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, chosen: Callable[[], object]) -> None:
        palette = theme.palette
        super().__init__(
            parent, bg=palette.background, bd=0, highlightthickness=1, highlightbackground=palette.line, takefocus=False, cursor="hand2"
        )
        self._theme, self._paint, self._chosen = theme, paint, chosen
        self._suggestions: Sequence[Suggestion] = ()
        self._place = self._first = 0
        """The marked one, and the first that shows."""
        self._rows = self._width = 1
        paint.draw_again(self, self._draw)
        self.bind("<Configure>", lambda event: self._resized(event.width))
        self.bind("<Button-4>", lambda _: self._roll(-1))
        self.bind("<Button-5>", lambda _: self._roll(1))
        self.bind("<MouseWheel>", lambda event: self._roll(-1 if event.delta > 0 else 1))
        self.bind("<Motion>", lambda event: self._mark_at(event.y))
        self.bind("<Button-1>", self._click)

    @property
    def current(self) -> Suggestion | None:
        """The marked one, while the list shows."""
        return self._suggestions[self._place] if self._suggestions else None

    def show(self, suggestions: Sequence[Suggestion], below: tk.Misc) -> None:
        """Show these, or nothing if there are none, above another part of the parent; as many at once as have room there."""
        if not suggestions:
            self.hide()
            return
        px = self._theme.px
        if tuple(suggestions) != tuple(self._suggestions):
            self._suggestions, self._place = tuple(suggestions), 0
        self._rows = max(1, min(len(suggestions), (below.winfo_y() - 2) // px(_ROW)))
        self._width = below.winfo_width() - 2 * px(_BESIDE)
        self.place(
            in_=below, anchor="sw", x=px(_BESIDE), y=0, relwidth=1.0, width=-2 * px(_BESIDE), height=self._rows * px(_ROW) + 2,
        )  # fmt: skip
        # A canvas has its own `lift`, for items.
        tk.Misc.tkraise(self)
        self._mark(self._place)

    def hide(self) -> None:
        """Take it away."""
        if self._suggestions:
            self._suggestions = ()
            self.place_forget()

    def step(self, by: int) -> None:
        """Mark the one so many places below, round and round."""
        self._mark((self._place + by) % len(self._suggestions))

    def _roll(self, by: int) -> str:
        self._mark(max(0, min(len(self._suggestions) - 1, self._place + by)))
        return "break"

    def _mark(self, place: int) -> None:
        """Mark a place, and show the ones around it."""
        self._place = place
        self._first = max(place - self._rows + 1, min(self._first, place, len(self._suggestions) - self._rows))
        self._draw()

    def _mark_at(self, y: int) -> None:
        place = self._first + y // self._theme.px(_ROW)
        if 0 <= place < len(self._suggestions) and place != self._place:
            self._mark(place)

    def _click(self, event: "tk.Event[tk.Misc]") -> str:
        self._mark_at(event.y)
        self._chosen()
        return "break"

    def _resized(self, width: int) -> None:
        if width != self._width:
            self._width = width
            self._draw()

    def _draw(self) -> None:
        self.delete("all")
        for place, suggestion in enumerate(self._suggestions[self._first : self._first + self._rows], self._first):
            self._draw_row(suggestion, (place - self._first) * self._theme.px(_ROW), marked=place == self._place)
        if self._rows < len(self._suggestions):
            px, tall = self._theme.px, self._rows * self._theme.px(_ROW)
            top, bottom = (tall * end // len(self._suggestions) for end in (self._first, self._first + self._rows))
            right = self._width - px(3)
            self.create_rectangle(right - px(4), top + px(4), right, bottom - px(2), fill=self._theme.palette.thumb, width=0)

    def _draw_row(self, suggestion: Suggestion, top: int, *, marked: bool) -> None:
        theme, paint, palette, px = self._theme, self._paint, self._theme.palette, self._theme.px
        behind = palette.selected if marked else palette.background
        x, end = px(14), self._width - px(14)
        ground = paint.rectangle(max(1, self._width - px(8) - 2), px(_ROW) - px(4), px(6), behind, palette.background)
        operations = [Picture(px(4), px(2), ground)]
        if suggestion.emoji:
            operations.append(Picture(x, px(7), paint.emoji(suggestion.emoji, px(20), behind)))
            x += px(30)
        name = one_line(suggestion.name, end - x, "small_bold", theme, paint, behind, px(14))
        items = [*operations, *line_operations(name, x, 0, px(_ROW), "small_bold", palette.text, theme)]
        x += max(name.width + px(14), px(_NAMES)) if suggestion.words else 0
        if suggestion.words and end - x > px(40):
            words = one_line(suggestion.words, end - x, "small", theme, paint, behind, px(14))
            items += line_operations(words, x, 0, px(_ROW), "small", palette.text2, theme)
        for operation in items:
            for item in canvas_items(operation, top, "row", theme, paint):
                self.tk.call(str(self), "create", *item)
