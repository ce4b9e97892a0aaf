"""The name under which a file that somebody sent may be stored, on any system."""

import re
import unicodedata
from typing import Final

from chat.text import clean_line

LONGEST: Final = 200
"""Bytes in UTF-8; most file systems take 255, and a number may be added."""
_LONGEST_SUFFIX: Final = 24
_SEPARATORS: Final = re.compile("[/\\\\\u2044\u2215\u2216\u29f5\u29f8\u29f9\ufe68\uff0f\uff3c]")
_FORBIDDEN: Final = re.compile('[<>:"|?*\ua789\uff1a\u2236]')
"""What Windows takes for a drive, a stream or a pattern, and what looks like that."""
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])[ .]*(\..*)?", re.IGNORECASE)
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NOTHING: Final = "file"


def safe_name(name: str) -> str:
    """One name without a path that every system takes for a plain file; of a safe name, that itself."""
    shown = unicodedata.normalize("NFC", clean_line(name, 4 * LONGEST))
    shown = _SEPARATORS.split(shown)[-1]
    shown = "".join(sign for sign in _FORBIDDEN.sub("_", shown) if unicodedata.category(sign) not in _INVISIBLE)
    before = ""
    while shown != before:
        before = shown
        # Hidden files begin with a dot, options with a dash; Windows drops dots and spaces at the end.
        shown = unicodedata.normalize("NFC", _shortened(" ".join(shown.split()).lstrip(" .-~").rstrip(" .")))
        if _DEVICE.fullmatch(shown):
            shown = f"_{shown}"
    return shown or _NOTHING


def numbered(name: str, number: int) -> str:
    """Another safe name for a file, when there is one of that name already."""
    stem, suffix = _parts(name)
    return safe_name(f"{_cut(stem, LONGEST - len(suffix.encode()) - len(str(number)) - 3)} ({number}){suffix}")


def folded(name: str) -> str:
    """The same for all names that some system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", name).casefold())


def _shortened(name: str) -> str:
    if len(name.encode()) <= LONGEST:
        return name
    stem, suffix = _parts(name)
    return _cut(stem, LONGEST - len(suffix.encode())) + suffix


def _parts(name: str) -> tuple[str, str]:
    """The name and its ending, where that is short enough to be one."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem and 0 < len(suffix.encode()) <= _LONGEST_SUFFIX else (name, "")


def _cut(text: str, most: int) -> str:
    return text.encode()[: max(0, most)].decode(errors="ignore")
