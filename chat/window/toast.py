"""A card in the corner of the conversation that tells of a message elsewhere, for a few seconds."""

import tkinter as tk
from collections.abc import Callable
from typing import Final

from chat.window.lines import one_line, without_emoji
from chat.window.operations import Operation, Picture, canvas_items, line_operations
from chat.window.paint import Paint
from chat.window.theme import Theme, initials

SHOWN_MS: Final = 5000
WIDTH: Final = 340
HEIGHT: Final = 68
_AVATAR: Final = 40
_CLOSE: Final = 28
"""How much of the right edge puts the card away."""


class Toast(tk.Frame):
    """Made where it is wanted with `place`; it never takes the focus, and goes by itself.

    The texts are clean. A click calls `choose`; on the cross it only puts the card away. It stays while the pointer rests on it.
    """

    def __init__(
        self, parent: tk.Misc, theme: Theme, paint: Paint, width: int, room: str, title: str, name: str, text: str,
        choose: Callable[[], object],
    ) -> None:  # fmt: skip
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.chat, width=width, height=px(HEIGHT))
        self.room = room
        self._theme, self._paint, self._choose = theme, paint, choose
        self._canvas = tk.Canvas(self, bg=palette.chat, bd=0, highlightthickness=0, cursor="hand2", takefocus=False)
        self._canvas.place(relwidth=1, relheight=1)
        card = paint.rectangle(width, px(HEIGHT), px(12), palette.other, palette.chat, palette.field_border)
        self._draw([Picture(0, 0, card), *self._words(width, title, name, text), *self._marks(width, room)])
        self._write_initials(title)
        self._canvas.bind("<Button-1>", self._clicked)
        self._canvas.bind("<Enter>", lambda _: self._stay())
        self._canvas.bind("<Leave>", lambda _: self._go_soon())
        self.bind("<Destroy>", lambda _: self._stay())
        self._timer = ""
        self._go_soon()

    def _words(self, width: int, title: str, name: str, text: str) -> list[Operation]:
        theme, palette, px = self._theme, self._theme.palette, self._theme.px
        left = px(14 + _AVATAR + 12)
        room = width - left - px(14)
        above = one_line(title, room - px(_CLOSE), "bold", theme, self._paint, palette.other, emoji_size=px(15))
        operations = line_operations(above, left, px(13), px(20), "bold", palette.text, theme)
        if name:
            who = one_line(f"{name}:", room // 2, "small_bold", theme, self._paint, palette.other, emoji_size=px(14))
            operations += line_operations(who, left, px(35), px(18), "small_bold", palette.text, theme)
            left, room = left + who.width + px(5), room - who.width - px(5)
        said = one_line(text, room, "small", theme, self._paint, palette.other, emoji_size=px(14))
        return operations + line_operations(said, left, px(35), px(18), "small", palette.text2, theme)

    def _marks(self, width: int, room: str) -> list[Operation]:
        palette, px = self._theme.palette, self._theme.px
        cross = self._paint.icon("x", px(14), palette.text2, palette.other)
        avatar = self._paint.avatar(px(_AVATAR), room, palette.other)
        return [Picture(px(14), px(14), avatar), Picture(width - px(24), px(12), cross)]

    def _write_initials(self, title: str) -> None:
        middle = self._theme.px(14) + self._theme.px(_AVATAR) // 2
        letters = initials(without_emoji(title).replace("/", " "))
        self._canvas.create_text(middle, middle, text=letters, font=self._theme.fonts["title"], fill="#FFFFFF")

    def _draw(self, operations: list[Operation]) -> None:
        for operation in operations:
            for item in canvas_items(operation, 0, "card", self._theme, self._paint):
                self._canvas.tk.call(self._canvas, "create", *item)

    def _clicked(self, event: "tk.Event[tk.Misc]") -> str:
        away = event.x > self.winfo_width() - self._theme.px(_CLOSE) and event.y < self._theme.px(_CLOSE + 8)
        self.destroy()
        if not away:
            self._choose()
        return "break"

    def _go_soon(self) -> None:
        self._stay()
        self._timer = self.after(SHOWN_MS, self.destroy)

    def _stay(self) -> None:
        if self._timer:
            self.after_cancel(self._timer)
            self._timer = ""
