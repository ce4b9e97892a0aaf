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
        self._place = 0
        self.bind("<Motion>", lambda event: self._mark_at(event.y))
        self.bind("<Button-1>", self._click)

    @property
    def current(self) -> Suggestion | None:
        """The marked one, while the list shows."""
        return self._suggestions[self._place] if self._suggestions else None

    def show(self, suggestions: Sequence[Suggestion], x: int, bottom: int, width: int) -> None:
        """Show these, or nothing if there are none, above a point of the parent."""
        if not suggestions:
            self.hide()
            return
        if tuple(suggestions) != tuple(self._suggestions):
            self._suggestions, self._place = tuple(suggestions), 0
        height = len(suggestions) * self._theme.px(_ROW) + 2
        self.place(x=x, y=bottom - height, width=width, height=height)
        # A canvas has its own `lift`, for items.
        tk.Misc.tkraise(self)
        self._draw(width)

    def hide(self) -> None:
        """Take it away."""
        if self._suggestions:
            self._suggestions = ()
            self.place_forget()

    def step(self, by: int) -> None:
        """Mark the one so many places below, round and round."""
        self._place = (self._place + by) % len(self._suggestions)
        self._draw(self.winfo_width())

    def _mark_at(self, y: int) -> None:
        place = y // self._theme.px(_ROW)
        if 0 <= place < len(self._suggestions) and place != self._place:
            self._place = place
            self._draw(self.winfo_width())

    def _click(self, event: "tk.Event[tk.Misc]") -> str:
        self._mark_at(event.y)
        self._chosen()
        return "break"

    def _draw(self, width: int) -> None:
        self.delete("all")
        for place, suggestion in enumerate(self._suggestions):
            self._draw_row(suggestion, place * self._theme.px(_ROW), width, marked=place == self._place)

    def _draw_row(self, suggestion: Suggestion, top: int, width: int, *, marked: bool) -> None:
        theme, paint, palette, px = self._theme, self._paint, self._theme.palette, self._theme.px
        behind = palette.selected if marked else palette.background
        x, end = px(14), width - px(14)
        ground = paint.rectangle(width - px(8) - 2, px(_ROW) - px(4), px(6), behind, palette.background)
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
