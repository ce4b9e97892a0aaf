"""A strip under the header that says what is wrong with the connection and what can be done, without getting in the way."""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Final

from chat.text import clean_text
from chat.window.controls import Button
from chat.window.lines import without_emoji
from chat.window.paint import Paint
from chat.window.theme import Theme

LEAST_BESIDE: Final = 240
"""With less room than this (at 100 %) beside the buttons, the sentence stands above them."""


class Banner(tk.Frame):
    """Takes no room while it has nothing to say."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint) -> None:
        super().__init__(parent, bg=theme.palette.chat, height=1)
        self._theme, self._paint = theme, paint
        self._buttons: list[Button] = []
        self._words = tk.Label(
            self, bg=theme.palette.warning_background, fg=theme.palette.text, font=theme.fonts["small"], anchor="w", justify="left"
        )
        self._actions = tk.Frame(self, bg=theme.palette.warning_background)
        self.columnconfigure(0, weight=1)
        self.bind("<Configure>", lambda _: self._arrange())
        self.sentence = ""

    def show(self, sentence: str, actions: Sequence[tuple[str, Callable[[], object]]] = ()) -> None:
        """Say a sentence beside buttons; "" says nothing."""
        if sentence == self.sentence:
            return
        self.sentence = sentence
        for button in self._buttons:
            button.destroy()
        self._buttons.clear()
        if not sentence:
            self._words.grid_forget()
            self._actions.grid_forget()
            # An empty frame keeps the height of its last content unless told otherwise.
            self.configure(height=1, bg=self._theme.palette.chat)
            return
        self.configure(bg=self._theme.palette.warning_background)
        px = self._theme.px
        for text, command in reversed(actions):
            button = Button(self._actions, self._theme, self._paint, text, command, "quiet", self._theme.palette.warning_background)
            button.pack(side="right", padx=(0, px(10)), pady=px(4))
            self._buttons.append(button)
        self._words.configure(text=without_emoji(clean_text(sentence)[0]))
        self._words.grid(row=0, column=0, sticky="w", padx=px(18), pady=px(6))
        self._arrange()

    def _arrange(self) -> None:
        """Put the buttons beside the sentence, or below it where the window is narrow."""
        if not self.sentence:
            return
        px = self._theme.px
        width = self.winfo_width() - px(36)
        beside = sum(button.winfo_reqwidth() + px(10) for button in self._buttons)
        if width - beside >= px(LEAST_BESIDE):
            self._actions.grid(row=0, column=1, columnspan=1, sticky="e", padx=0)
            width -= beside
        else:
            self._actions.grid(row=1, column=0, columnspan=2, sticky="w", padx=(px(10), 0))
        self._words.configure(wraplength=max(px(120), width))
