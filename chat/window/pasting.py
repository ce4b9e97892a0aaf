"""A picture on the clipboard."""

import io
import tkinter as tk
from typing import Final

from PIL import Image, ImageGrab

_PNG: Final = "image/png"
LARGEST: Final = 8_000_000
"""Bytes of a picture; Tk gives each as up to five signs, which takes its time to read."""


def clipboard_picture(widget: tk.Misc) -> bytes | None:
    """The picture on the clipboard as PNG, None if there is no picture there."""
    if widget.tk.call("tk", "windowingsystem") == "x11":
        return _from_x11(widget)
    content = ImageGrab.grabclipboard()
    if not isinstance(content, Image.Image):
        return None
    with io.BytesIO() as file:
        content.save(file, "PNG")
        return file.getvalue()


def _from_x11(widget: tk.Misc) -> bytes | None:
    try:
        if _PNG not in str(widget.tk.call("selection", "get", "-selection", "CLIPBOARD", "-type", "TARGETS")).split():
            return None
        content = str(widget.tk.call("selection", "get", "-selection", "CLIPBOARD", "-type", _PNG))
    except tk.TclError:
        return None
    if len(content) > 5 * LARGEST:
        return None
    try:
        # Tk gives what is no text as numbers.
        return bytes(int(number, 16) for number in content.split())
    except ValueError:
        return None
