"""Opens an address in the program that the desktop has for it, without waiting for that program."""

import queue
import threading
import tkinter as tk
import webbrowser
from collections.abc import Callable
from typing import Final

from chat.words import marked

NO_PROGRAM: Final = marked("No program on this computer opened the address. It is on the clipboard instead.")
_LOOK_MS: Final = 100


def open_address(widget: tk.Misc, address: str, failed: Callable[[], object]) -> None:
    """Open a link's target; `failed` is called, in Tk's thread and while `widget` is there, if no program took it."""
    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
    # Python waits up to five seconds for some programs, and without a desktop for as long as a browser in the terminal runs.
    threading.Thread(target=_open, args=(address, answers), name="browser", daemon=True).start()

    def look() -> None:
        if not widget.winfo_exists():
            return
        try:
            taken = answers.get_nowait()
        except queue.Empty:
            widget.after(_LOOK_MS, look)
        else:
            if not taken:
                failed()

    look()


def _open(address: str, answers: "queue.SimpleQueue[bool]") -> None:
    try:
        answers.put(webbrowser.open(address))
    except (webbrowser.Error, OSError):
        answers.put(False)
