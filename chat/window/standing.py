"""Where the window stands on the screen, from one start to the next."""

import re
import tkinter as tk


def where(root: tk.Tk) -> str:
    """The size and the place of the window, in Tk's form, after "zoomed " if it fills the screen."""
    return ("zoomed " if _is_zoomed(root) else "") + root.geometry()


def put(root: tk.Tk, place: str, size: tuple[int, int]) -> None:
    """Put the window where it stood, as far as that is on the screens that are there now; without a place, give it a size."""
    wide, high = root.winfo_vrootwidth(), root.winfo_vrootheight()
    found = re.fullmatch(r"(zoomed )?(\d+)x(\d+)\+(-?\d+)\+(-?\d+)", place)
    if found is None:
        root.geometry(f"{min(size[0], wide)}x{min(size[1], high)}")
        return
    width, height, x, y = (int(part) for part in found.groups()[1:])
    width, height = min(width, wide), min(height, high)
    left, top = root.winfo_vrootx(), root.winfo_vrooty()
    root.geometry(f"{width}x{height}+{max(left, min(x, left + wide - width))}+{max(top, min(y, top + high - height))}")
    if found[1]:
        _zoom(root)


def _is_zoomed(root: tk.Tk) -> bool:
    if root.tk.call("tk", "windowingsystem") == "x11":
        return bool(root.attributes("-zoomed"))
    return root.state() == "zoomed"


def _zoom(root: tk.Tk) -> None:
    if root.tk.call("tk", "windowingsystem") == "x11":
        root.attributes("-zoomed", True)
    else:
        root.state("zoomed")
