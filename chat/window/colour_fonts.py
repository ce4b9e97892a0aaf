"""Keeps fonts in colour away from a Tk that they would end.

libXft before 2.3.5 asks the X server for more than it takes when it draws a sign of a font in colour; the server's answer ends the
process, and nothing can catch it. One such sign in a message, or pasted into an entry, would do. Pictures of emoji are not concerned:
they are drawn from the font's file, without fontconfig.
"""

import os
import re
import sys
from pathlib import Path
from typing import Final

SAFE: Final = (2, 3, 5)
_LIBRARY: Final = re.compile(r"/libXft\.so\.(\d+)\.(\d+)\.(\d+)$", re.MULTILINE)
_LOADED: Final = Path("/proc/self/maps")
_SYSTEM: Final = Path("/etc/fonts/fonts.conf")
_WITHOUT_COLOUR: Final = Path(__file__).with_suffix(".conf")


def leave_out_colour_fonts() -> None:
    """Where it is necessary, make fontconfig leave out fonts in colour, once tkinter is imported and before the first window is made.

    A configuration of fontconfig that the user chose stays.
    """
    if sys.platform in ("win32", "darwin") or "FONTCONFIG_FILE" in os.environ or not _SYSTEM.is_file():
        return
    if xft_version() < SAFE:
        os.environ["FONTCONFIG_FILE"] = str(_WITHOUT_COLOUR)


def xft_version() -> tuple[int, ...]:
    """The version of the libXft that Tk brought into this process; empty if that can't be told, as when it is built into Tk."""
    try:
        found = _LIBRARY.search(_LOADED.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ()
    return tuple(int(part) for part in found.groups()) if found else ()
