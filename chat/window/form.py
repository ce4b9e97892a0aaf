"""A labelled entry with a place of its own for the sentence that says what is wrong with it."""

import tkinter as tk
from collections.abc import Callable

from chat.window.controls import IconButton, RoundBox
from chat.window.paint import Paint
from chat.window.theme import Theme
from chat.words import _, spoken


class Field(tk.Frame):
    """`secret` hides what is typed behind dots and offers an eye; `is_file` offers the file dialog."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, paint: Paint, label: str, value: str = "", *, secret: bool = False, is_file: bool = False
    ) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.background)
        self._theme = theme
        tk.Label(self, text=label, font=theme.fonts["small_bold"], fg=palette.text2, bg=palette.background, bd=0).pack(
            anchor="w", padx=px(2), pady=(px(8), px(4))
        )
        self._box = RoundBox(self, theme, paint, fill=palette.field, behind=palette.background, radius=8, pad=2)
        self._box.pack(fill="x")
        self.entry = tk.Entry(
            self._box.inner, width=10, bd=0, highlightthickness=0, relief="flat", font=theme.fonts["body"],
            bg=palette.field, fg=palette.text, disabledbackground=palette.field, disabledforeground=palette.text3,
            insertbackground=palette.accent, insertwidth=px(2), selectbackground=palette.selection,
            selectforeground=palette.text, show="•" if secret else "",
        )  # fmt: skip
        self.entry.insert(0, value)
        self.entry.pack(side="left", fill="x", expand=True, padx=px(10), pady=px(7))
        self._box.watch(self.entry)
        if secret:
            self._button(paint, "eye", self._reveal, _("Show or hide what is typed"))
        if is_file:
            self._button(paint, "folder-open", self._choose, _("Choose a file"))
        self._words = tk.Label(
            self, font=theme.fonts["small"], bg=palette.background, fg=palette.error, bd=0, anchor="w", justify="left", wraplength=px(160)
        )
        self._words.bind("<Configure>", lambda event: self._words.configure(wraplength=max(px(120), event.width)))
        self.entry.bind("<Key>", lambda _: self.complain(""), add=True)

    @property
    def value(self) -> str:
        """What is typed."""
        return self.entry.get()

    def set(self, value: str) -> None:
        """Replace what is typed."""
        self.entry.delete(0, "end")
        self.entry.insert(0, value)
        self.complain("")

    def complain(self, sentence: str, *, wrong: bool = True) -> None:
        """Show a sentence under the entry, as an error or as advice; "" takes it away."""
        palette = self._theme.palette
        self._box.mark_wrong(bool(sentence) and wrong)
        self._words.configure(text=sentence, fg=palette.error if wrong else palette.warning)
        if sentence:
            self._words.pack(fill="x", padx=self._theme.px(2), pady=(self._theme.px(4), 0))
        else:
            self._words.pack_forget()

    @property
    def complaint(self) -> str:
        """The sentence that is shown, if any."""
        return str(self._words["text"]) if self._words.winfo_manager() else ""

    def enable(self, enabled: bool) -> None:
        """Whether one can type."""
        self.entry.configure(state="normal" if enabled else "disabled")

    def on_change(self, tell: Callable[[], object]) -> None:
        """Call `tell` after each key."""
        self.entry.bind("<KeyRelease>", lambda _: tell(), add=True)

    def reveal(self) -> None:
        """Show what is typed."""
        self.entry.configure(show="")

    def _button(self, paint: Paint, icon: str, command: Callable[[], object], hint: str) -> None:
        behind = self._theme.palette.field
        IconButton(self._box.inner, self._theme, paint, icon, command, behind=behind, hint=hint, size=16, box=28).pack(side="right")

    def _reveal(self) -> None:
        self.entry.configure(show="" if self.entry["show"] else "•")

    def _choose(self) -> None:
        # Tk's own dialog has its words in many languages, and would take that of the desktop.
        from tkinter import filedialog

        self.tk.call("::msgcat::mclocale", spoken())
        self.tk.eval("namespace eval ::tk {::msgcat::mcload [file join $::tk_library msgs]}")
        if path := filedialog.askopenfilename(parent=self):
            self.set(path)
