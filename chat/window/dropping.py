"""Files that are dropped on the conversation, where the package tkinterdnd2 is installed."""

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chat.window.theme import Theme
from chat.words import _


def accept_drops(view: tk.Misc, theme: Theme, dropped: Callable[[Sequence[Path]], object]) -> bool:
    """Let files be dropped on a view; `dropped` is given their paths. Whether that is possible here."""
    try:
        from tkinterdnd2 import COPY, DND_FILES, TkinterDnD

        TkinterDnD._require(view.winfo_toplevel())
    except (ImportError, RuntimeError, tk.TclError):
        return False
    palette = theme.palette
    over = tk.Label(
        view, text=_("Drop to send"), font=theme.fonts["heading"], fg=palette.link, bg=palette.selected,
        highlightthickness=theme.px(3), highlightbackground=palette.accent,
    )  # fmt: skip

    def enter(event: Any) -> str:
        over.place(relwidth=1.0, relheight=1.0)
        over.lift()
        return str(event.action)

    def drop(event: Any) -> str:
        over.place_forget()
        dropped([Path(path) for path in view.tk.splitlist(event.data)])
        return str(COPY)

    for widget in (view, over):
        # The package gives these methods to every widget when it is imported.
        target: Any = widget
        target.drop_target_register(DND_FILES)
        target.dnd_bind("<<DropEnter>>", enter)
        target.dnd_bind("<<DropLeave>>", lambda _: over.place_forget())
        target.dnd_bind("<<Drop>>", drop)
    return True
