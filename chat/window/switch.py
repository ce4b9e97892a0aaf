"""A switch for something that is on or off, and a tab that leads to a section."""

import tkinter as tk
from collections.abc import Callable
from typing import Final

from chat.window.paint import Paint
from chat.window.theme import Theme

_WIDTH: Final = 40
_HEIGHT: Final = 22
TAB_WIDTH: Final = 150
_TAB_HEIGHT: Final = 36


class Switch(tk.Label):
    """`changed` is told whether it is on from now on."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, on: bool, changed: Callable[[bool], object]) -> None:
        palette, ring = theme.palette, theme.px(2)
        super().__init__(
            parent, bd=0, bg=palette.background, cursor="hand2", takefocus=True,
            highlightthickness=ring, highlightbackground=palette.background, highlightcolor=palette.link,
        )  # fmt: skip
        self._theme, self._paint, self._changed = theme, paint, changed
        self.on = on
        for event in ("<Button-1>", "<space>", "<Return>"):
            self.bind(event, self._turn)
        self._draw()

    def _turn(self, _event: "tk.Event[tk.Misc]") -> str:
        self.on = not self.on
        self._draw()
        self._changed(self.on)
        return "break"

    def _draw(self) -> None:
        palette, px = self._theme.palette, self._theme.px
        fill = palette.accent if self.on else palette.muted
        self.configure(image=self._paint.switch(px(_WIDTH), px(_HEIGHT), fill, palette.background, on=self.on))


class Tab(tk.Canvas):
    """An icon and a word. `open_section` is called when it is pressed."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, words: str, icon: str, open_section: Callable[[], object]) -> None:
        px = theme.px
        size = (px(TAB_WIDTH), px(_TAB_HEIGHT))
        super().__init__(
            parent, width=size[0], height=size[1], bd=0, highlightthickness=0, bg=theme.palette.side, cursor="hand2", takefocus=True
        )
        self._theme, self._paint, self._icon, self._size = theme, paint, icon, size
        self.words = words
        self._chosen = False
        self._ground = self.create_image(0, 0, anchor="nw")
        self._mark = self.create_image(px(20), size[1] // 2)
        room = size[0] - px(44)
        self.create_text(px(36), size[1] // 2, text=theme.shorten(words, "bold", room), anchor="w", font=theme.fonts["bold"], tags="words")
        for event in ("<Button-1>", "<Return>", "<space>"):
            self.bind(event, lambda _: open_section())
        for event in ("<FocusIn>", "<FocusOut>"):
            self.bind(event, lambda _: self._draw())

    def choose(self, chosen: bool) -> None:
        """Whether its section shows."""
        self._chosen = chosen
        self._draw()

    def _draw(self) -> None:
        palette, px = self._theme.palette, self._theme.px
        fill = palette.selected if self._chosen else palette.side
        ring = palette.link if self.focus_get() is self else ""
        self.itemconfigure(self._ground, image=self._paint.rectangle(*self._size, px(8), fill, palette.side, ring))
        ink = palette.link if self._chosen else palette.text2
        self.itemconfigure(self._mark, image=self._paint.icon(self._icon, px(17), ink, fill))
        self.itemconfigure("words", fill=palette.text)
