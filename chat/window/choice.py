"""A row of buttons of which one is chosen."""

import functools
import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from chat.window.controls import Button, Kind
from chat.window.paint import Paint
from chat.window.theme import Theme

Value = TypeVar("Value")


class Choice(tk.Frame, Generic[Value]):
    """`options` are values with their words; `choose` is told the value of the button that was pressed."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, paint: Paint, options: Sequence[tuple[Value, str]], chosen: Value,
        choose: Callable[[Value], object],
    ) -> None:  # fmt: skip
        super().__init__(parent, bg=theme.palette.background)
        self._theme, self._paint, self._values, self._choose = theme, paint, options, choose
        self._show(chosen)

    def _show(self, chosen: Value) -> None:
        for button in self.winfo_children():
            button.destroy()
        for value, words in self._values:
            kind: Kind = "accent" if value == chosen else "plain"
            press = functools.partial(self._press, value)
            Button(self, self._theme, self._paint, words, press, kind).pack(side="left", padx=(0, self._theme.px(8)))

    def _press(self, value: Value) -> None:
        self._show(value)
        self._choose(value)
