"""A strip under the header that says what is wrong with the connection and what can be done, without getting in the way."""

import tkinter as tk
from collections.abc import Callable, Sequence

from chat.text import clean_text
from chat.window.controls import Button
from chat.window.lines import without_emoji
from chat.window.paint import Paint
from chat.window.theme import Theme


class Banner(tk.Frame):
    """Takes no room while it has nothing to say."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint) -> None:
        super().__init__(parent, bg=theme.palette.background, height=1)
        self._theme, self._paint = theme, paint
        self._buttons: list[Button] = []
        self._words = tk.Label(
            self, bg=theme.palette.warning_background, fg=theme.palette.text, font=theme.fonts["small"], anchor="w", justify="left"
        )
        self.bind("<Configure>", self._wrap)
        self.sentence = ""

    def show(self, sentence: str, actions: Sequence[tuple[str, Callable[[], object]]] = ()) -> None:
        """Say a sentence beside buttons; "" says nothing."""
        if sentence == self.sentence:
            return
        self.sentence = sentence
        for button in self._buttons:
            button.destroy()
        self._buttons.clear()
        self._words.pack_forget()
        if not sentence:
            # An empty frame keeps the height of its last content unless told otherwise.
            self.configure(height=1, bg=self._theme.palette.background)
            return
        self.configure(bg=self._theme.palette.warning_background)
        px = self._theme.px
        for text, command in reversed(actions):
            button = Button(self, self._theme, self._paint, text, command, "quiet", self._theme.palette.warning_background)
            button.pack(side="right", padx=(0, px(10)), pady=px(4))
            self._buttons.append(button)
        self._words.configure(text=without_emoji(clean_text(sentence)[0]))
        self._words.pack(side="left", fill="x", expand=True, padx=px(18), pady=px(6))

    def _wrap(self, event: "tk.Event[tk.Misc]") -> None:
        beside = sum(button.winfo_reqwidth() + self._theme.px(10) for button in self._buttons)
        self._words.configure(wraplength=max(self._theme.px(120), event.width - beside - self._theme.px(40)))
