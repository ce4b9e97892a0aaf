"""A few buttons beside the message under the pointer."""

import tkinter as tk
from collections.abc import Callable
from typing import Final

from chat.events import Message
from chat.text import clean_text
from chat.window.controls import IconButton
from chat.window.message_menu import MessageWishes
from chat.window.operations import Bubble
from chat.window.paint import Paint
from chat.window.rows import Layout, Row
from chat.window.theme import Theme
from chat.window.transcript import DRAWN, Transcript
from chat.words import _

_BOX: Final = 30
_GAP: Final = 6


class HoverBar(tk.Frame):
    """Lies on a transcript. `open_menu` opens the menu of a row, and `roll` moves the view when the wheel turns over a button."""

    def __init__(
        self, transcript: Transcript, theme: Theme, paint: Paint, wishes: MessageWishes,
        open_menu: Callable[[Row], object], roll: Callable[[float], object],
    ) -> None:  # fmt: skip
        line, behind = theme.palette.line, theme.palette.background
        super().__init__(transcript, bg=behind, highlightthickness=1, highlightbackground=line, highlightcolor=line)
        self._transcript, self._theme = transcript, theme
        self.row: Row | None = None
        """The row that it stands beside."""
        self._drawn: tuple[Layout, int] | None = None
        buttons: list[tuple[str, Callable[[], object], str]] = [
            ("reply", lambda: self._with_message(wishes.reply), _("Reply")),
            ("copy", lambda: self._with_message(lambda message: wishes.copy(_plain(message))), _("Copy")),
            ("ellipsis", lambda: self.row is not None and open_menu(self.row), _("More")),
        ]
        if paint.has_emoji:
            buttons.insert(0, ("smile-plus", lambda: self._with_message(wishes.more_emoji), _("React")))
        self._width = len(buttons) * theme.px(_BOX) + 2
        line_height = theme.px(60)
        for icon, command, hint in buttons:
            button = IconButton(self, theme, paint, icon, command, behind=behind, hint=hint, size=16, box=_BOX)
            button.configure(takefocus=False)
            button.pack(side="left")
            button.bind("<Button-4>", lambda _: roll(-line_height))
            button.bind("<Button-5>", lambda _: roll(line_height))
            button.bind("<MouseWheel>", lambda event: roll(-event.delta / 120 * line_height))
        transcript.bind("<Motion>", self._point, add=True)
        transcript.bind("<B1-Motion>", lambda _: self._hide(), add=True)
        transcript.bind(DRAWN, lambda _: self._check(), add=True)
        for widget in (transcript, self):
            widget.bind("<Leave>", self._leave, add=True)

    def _point(self, event: "tk.Event[tk.Misc]") -> None:
        found = self._transcript.row_at(event.y)
        if found is None:
            self._hide()
            return
        row, layout, top = found
        if row.message is None or row.message.retracted or row.message.newer:
            self._hide()
        elif (row, self._drawn) != (self.row, (layout, top)):
            self.row, self._drawn = row, (layout, top)
            self._place(row.message, layout, top)

    def _place(self, message: Message, layout: Layout, top: int) -> None:
        bubble = layout.under[-1]
        if not isinstance(bubble, Bubble):
            return
        px = self._theme.px
        y = top + bubble.y
        right = bubble.x + bubble.width
        x = bubble.x - px(_GAP) - self._width if message.own else right + px(_GAP)
        if x < 0 or x + self._width > self._transcript.view[0] - px(12):
            # Over the upper corner of a bubble that leaves no room beside it.
            x, y = right - self._width - px(_GAP), y - px(_BOX) // 2
        self.place(x=x, y=max(0, y))

    def _check(self) -> None:
        """Go when the row moved away."""
        if self.row is not None and self._drawn != self._transcript.place_of(self.row):
            self._hide()

    def _leave(self, event: "tk.Event[tk.Misc]") -> None:
        below = self.winfo_containing(event.x_root, event.y_root)
        if below is None or not str(below).startswith(str(self._transcript)):
            self._hide()

    def _hide(self) -> None:
        if self.row is not None:
            self.row = self._drawn = None
            self.place_forget()

    def _with_message(self, act: Callable[[Message], object]) -> None:
        if self.row is not None and self.row.message is not None:
            act(self.row.message)


def _plain(message: Message) -> str:
    return clean_text(message.text, len(message.text), len(message.text))[0]
