"""The strip above the message box that says which message one answers or changes."""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chat.events import Message
from chat.text import clean_line
from chat.window.controls import IconButton
from chat.window.line_label import LineLabel
from chat.window.lines import one_line
from chat.window.operations import draw_line
from chat.window.paint import Paint
from chat.window.quotes import LONGEST_QUOTE
from chat.window.theme import Theme
from chat.words import _


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the text in the message box is for, if not for a new message: an answer to this one, or its new text."""

    kind: Literal["reply", "edit"]
    message: Message


class DraftBar(tk.Frame):
    """Shows a purpose in one line, with a button that gives it up."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, give_up: Callable[[], object]) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.chat)
        self._theme, self._paint = theme, paint
        self._purpose: Purpose | None = None
        self._icon = tk.Label(self, bd=0, bg=palette.chat)
        self._icon.pack(side="left", padx=(px(14), px(12)))
        tk.Frame(self, bg=palette.accent, width=px(3)).pack(side="left", fill="y", pady=px(3))
        close = IconButton(self, theme, paint, "x", give_up, behind=palette.chat, hint=_("Cancel (Escape)"), size=17, box=30)
        close.pack(side="right", padx=px(9))
        words = tk.Frame(self, bg=palette.chat)
        words.pack(side="left", fill="x", expand=True, padx=(px(8), 0))
        self.title = LineLabel(words, theme, paint, "small_bold", palette.link, palette.chat)
        self.title.pack(anchor="w")
        self._line = tk.Canvas(words, bd=0, highlightthickness=0, height=px(18), width=1, bg=palette.chat)
        self._line.pack(fill="x")
        self._line.bind("<Configure>", lambda _: self._draw())

    def show(self, purpose: Purpose) -> None:
        """Say what the box is for."""
        self._purpose = purpose
        palette, px = self._theme.palette, self._theme.px
        icon = "reply" if purpose.kind == "reply" else "pencil"
        self._icon.configure(image=self._paint.icon(icon, px(18), palette.accent, palette.chat))
        name = clean_line(purpose.message.name, 60) or "?"
        words = _("Reply to {name}").format(name=name) if purpose.kind == "reply" else _("Edit your message")
        self.title.show(words, max(self._line.winfo_width(), 1))
        self._draw()

    def _draw(self) -> None:
        width = self._line.winfo_width()
        if self._purpose is None or width < 2:
            return
        palette, px = self._theme.palette, self._theme.px
        self.title.show(self.title.text, width)
        words = clean_line(self._purpose.message.text, LONGEST_QUOTE)
        line = one_line(words, width, "small", self._theme, self._paint, palette.chat, emoji_size=px(14))
        self._line.delete("all")
        draw_line(self._line, line, 0, 0, px(18), "small", palette.text2, self._theme, self._paint, "line")
