"""Every key of the window, and the sheet that shows them."""

import tkinter as tk
from typing import Final

from chat.window.controls import Button
from chat.window.paint import Paint
from chat.window.theme import Theme
from chat.words import _, marked

SHORTCUTS: Final[tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]] = (
    (
        marked("Rooms"),
        (
            ("Ctrl+PgDn", "<Control-Next>", marked("Next room")),
            ("Ctrl+PgUp", "<Control-Prior>", marked("Previous room")),
            ("Alt+1 … 9", "<Alt-Key-1>", marked("Room by its place")),
            ("Ctrl+J", "<Control-j>", marked("Join a room")),
            (marked("Menu"), "<Menu>", marked("Menu of the room or message")),
        ),
    ),
    (
        marked("Window"),
        (
            ("F6", "<F6>", marked("Next part of the window")),
            ("F2", "<F2>", marked("Show or hide members")),
            ("Ctrl+F", "<Control-f>", marked("Search")),
            ("Ctrl+,", "<Control-comma>", marked("Settings")),
            ("Ctrl++  Ctrl+−", "<Control-plus>", marked("Larger, smaller")),
            ("Ctrl+0", "<Control-Key-0>", marked("Size of the display")),
            ("F1", "<F1>", marked("This sheet")),
        ),
    ),
    (
        marked("Writing"),
        (
            (marked("Return"), "<Return>", marked("Send")),
            (marked("Shift+Return"), "<Shift-Return>", marked("New line")),
            (marked("Up"), "<Up>", marked("Edit your last message")),
            ("Ctrl+E", "<Control-e>", marked("Emoji")),
            ("Ctrl+O", "<Control-o>", marked("Attach a file")),
            (marked("Ctrl+Up"), "<Control-Up>", marked("To the messages")),
            (marked("Escape"), "<Escape>", marked("Give up, back to the newest")),
        ),
    ),
    (
        marked("A selected message"),
        (
            (marked("Ctrl+Up  Ctrl+Down"), "<Control-Down>", marked("Select another")),
            ("R", "<Key-r>", marked("Reply")),
            ("E", "<Key-e>", marked("Edit")),
            ("+", "<Key-plus>", marked("React")),
            ("Ctrl+C", "<<Copy>>", marked("Copy")),
            ("Del", "<Delete>", marked("Delete")),
            (marked("Return"), "<Return>", marked("Everything else")),
        ),
    ),
)
"""Headings, and under each the keys as people read them, as Tk calls them, and what they do."""


class ShortcutSheet(tk.Toplevel):
    """Goes with Escape, F1, or its button."""

    def __init__(self, parent: tk.Misc, theme: Theme, paint: Paint) -> None:
        palette, px = theme.palette, theme.px
        super().__init__(parent, bg=palette.background)
        self.withdraw()
        self.title(_("Keyboard shortcuts"))
        body = tk.Frame(self, bg=palette.background)
        body.pack(fill="both", expand=True, padx=px(28), pady=px(20))
        body.columnconfigure((0, 1), weight=1, uniform="half")
        for number, (heading, keys) in enumerate(SHORTCUTS):
            block = tk.Frame(body, bg=palette.background)
            block.grid(row=number // 2, column=number % 2, sticky="new", padx=(px(28) if number % 2 else 0, 0), pady=(0, px(14)))
            _fill(block, theme, paint, heading, keys)
        button = Button(body, theme, paint, _("Close"), self.destroy)
        button.grid(row=2, column=1, sticky="e")
        for key in ("<Escape>", "<F1>"):
            self.bind(key, lambda _event: self.destroy())
        self.geometry(f"+{parent.winfo_rootx() + px(60)}+{parent.winfo_rooty() + px(40)}")
        self.resizable(False, False)
        self.deiconify()
        self.transient(parent.winfo_toplevel())
        button.focus_set()


def _fill(block: tk.Frame, theme: Theme, paint: Paint, heading: str, keys: tuple[tuple[str, str, str], ...]) -> None:
    palette, px = theme.palette, theme.px
    block.columnconfigure(0, weight=1, minsize=px(190))
    title = tk.Label(block, text=_(heading), font=theme.fonts["bold"], fg=palette.text, bg=palette.background)
    title.grid(row=0, column=0, columnspan=2, sticky="w", pady=(0, px(6)))
    for row, (shown, _key, words) in enumerate(keys, 1):
        label = tk.Label(block, text=_(words), font=theme.fonts["small"], fg=palette.text2, bg=palette.background)
        label.grid(row=row, column=0, sticky="w", pady=px(1))
        picture = paint.rectangle(
            theme.width(_(shown), "small_bold") + px(16), px(24), px(6), palette.field, palette.background, palette.field_border
        )
        cap = tk.Label(block, text=_(shown), image=picture, compound="center", bd=0, fg=palette.text, bg=palette.background)
        cap.configure(font=theme.fonts["small_bold"])
        cap.grid(row=row, column=1, sticky="e", pady=px(2), padx=(px(18), 0))
