"""A panel in which one looks for an emoji by name: arrow keys, Return and Escape, or the mouse."""

import tkinter as tk
from collections.abc import Callable
from typing import Final

from chat.window.controls import RoundBox
from chat.window.emoji_grid import CELL, COLUMNS, EmojiGrid
from chat.window.emoji_names import Emoji, by_sequence, search, sections
from chat.window.paint import Paint
from chat.window.theme import Theme
from chat.words import _, marked

MOST_RECENT: Final = 2 * COLUMNS
HEIGHT: Final = 392
_LEAST_HEIGHT: Final = 220
_PAD: Final = 8
_LOOK_FOR: Final = marked("Look for an emoji")
_NOTHING: Final = marked("No emoji has such a name.")


class EmojiPicker(tk.Frame):
    """Lies over its parent from `show` until one was chosen, the focus went elsewhere, or Escape was pressed.

    `recent` are the emoji that were chosen last, the newest first; several pickers may share them.
    """

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint, recent: list[str]) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.background, highlightthickness=1, highlightbackground=palette.line, highlightcolor=palette.line)
        self._theme, self.recent = theme, recent
        self._choose: Callable[[str], object] = lambda _: None
        self._closed: Callable[[], object] = lambda: None
        self._idle = ""
        box = RoundBox(self, theme, paint, fill=palette.field, behind=palette.background, radius=17, pad=4)
        icon = tk.Label(box.inner, image=paint.icon("search", px(15), palette.text2, palette.field), bg=palette.field, bd=0)
        icon.pack(side="left", padx=(px(8), px(6)))
        self._query = tk.StringVar(self)
        self.entry = tk.Entry(
            box.inner, bd=0, highlightthickness=0, bg=palette.field, fg=palette.text, insertbackground=palette.accent, insertwidth=px(2),
            font=theme.fonts["body"], selectbackground=palette.selection, selectforeground=palette.text, textvariable=self._query,
        )  # fmt: skip
        self.entry.pack(side="left", fill="x", expand=True, pady=px(2))
        box.watch(self.entry)
        box.pack(side="top", fill="x", padx=px(_PAD), pady=(px(_PAD), px(2)))
        self.words = tk.Label(self, anchor="w", bd=0, bg=palette.background, fg=palette.text2, font=theme.fonts["small"])
        self.words.pack(side="bottom", fill="x", padx=px(_PAD + 6), pady=px(7))
        tk.Frame(self, bg=palette.line, height=1).pack(side="bottom", fill="x")
        self.signs = EmojiGrid(self, theme, paint, self._tell, lambda stays: self._take(stays=stays))
        self.signs.pack(side="top", fill="both", expand=True, padx=px(_PAD))
        self._query.trace_add("write", lambda *_: self._look())
        self._bind_keys()

    def show(self, choose: Callable[[str], object], closed: Callable[[], object], right: int, bottom: int) -> None:
        """Open it with its lower right corner near a point of the parent.

        `choose` is given each emoji; `closed` is called when it goes and still had the focus.
        """
        self._choose, self._closed = choose, closed
        px, parent = self._theme.px, self.master
        width = COLUMNS * px(CELL) + 2 * px(_PAD) + 2
        height = min(px(HEIGHT), max(px(_LEAST_HEIGHT), parent.winfo_height() - px(16)))
        x = max(0, min(right - width, parent.winfo_width() - width))
        y = max(0, min(bottom - height, parent.winfo_height() - height))
        self.place(x=x, y=y, width=width, height=height)
        self.lift()
        # Tk gives the focus only to what is on the screen; until then the last widget would keep it.
        self.update_idletasks()
        self._query.set("")
        self.entry.focus_set()

    @property
    def is_open(self) -> bool:
        """Whether it shows."""
        return bool(self.winfo_manager())

    def close(self) -> None:
        """Take it away."""
        if self.is_open:
            self._go()
            self._closed()

    def _go(self) -> None:
        self.place_forget()
        self.signs.empty()

    def _look(self) -> None:
        """Show what fits what is typed, or everything, beginning with what was chosen last."""
        if not self.is_open:
            return
        query = self._query.get()
        if query.strip():
            self.signs.show([("", search(query))])
            return
        known = by_sequence()
        recent = tuple(known[sequence] for sequence in self.recent if sequence in known)
        self.signs.show([*([(_("Recent"), recent)] if recent else []), *((_(heading), emoji) for heading, emoji in sections().items())])

    def _tell(self, emoji: Emoji | None) -> None:
        typed = self._query.get().strip()
        hint = _(_NOTHING) if typed else _(_LOOK_FOR)
        self.words.configure(text=emoji.name.capitalize() if emoji is not None else hint)

    def _take(self, *, stays: bool) -> str:
        emoji = self.signs.current
        if emoji is not None:
            self.recent[:] = [emoji.sequence, *(each for each in self.recent if each != emoji.sequence)][:MOST_RECENT]
            if not stays:
                self.close()
            self._choose(emoji.sequence)
        return "break"

    def _bind_keys(self) -> None:
        def bind(key: str, command: Callable[[], object]) -> None:
            def press(_event: "tk.Event[tk.Misc]") -> str:
                command()
                return "break"

            self.entry.bind(key, press)

        for key in ("<Right>", "<Tab>"):
            bind(key, lambda: self.signs.step(1))
        for key in ("<Left>", "<<PrevWindow>>"):
            bind(key, lambda: self.signs.step(-1))
        bind("<Down>", lambda: self.signs.step_row(1))
        bind("<Up>", lambda: self.signs.step_row(-1))
        bind("<Next>", lambda: self.signs.page(1))
        bind("<Prior>", lambda: self.signs.page(-1))
        for key in ("<Return>", "<KP_Enter>"):
            bind(key, lambda: self._take(stays=False))
        bind("<Shift-Return>", lambda: self._take(stays=True))
        for key in ("<Escape>", "<Control-e>"):
            bind(key, self.close)
        self.entry.bind("<FocusOut>", self._focus_out)
        self.bind("<Destroy>", self._destroyed)

    def _focus_out(self, _event: "tk.Event[tk.Misc]") -> None:
        # The focus may only be on its way back.
        if not self._idle:
            self._idle = self.after_idle(self._close_without_focus)

    def _close_without_focus(self) -> None:
        self._idle = ""
        if self.is_open and not str(self.tk.call("focus")).startswith(str(self)):
            self._go()

    def _destroyed(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is self and self._idle:
            self.after_cancel(self._idle)
            self._idle = ""
