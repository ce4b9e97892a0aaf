"""The one place where text from outside is made safe to show, in a window or on a terminal.

Nothing here changes what is stored or sent; it changes what is drawn. A control character could move a terminal's cursor, a
bidirectional override could make a name read backwards, a lone surrogate stops Tk, and a pile of accents paints over its neighbours.
"""

import re
from typing import Final

LONGEST: Final = 4000
"""Signs of one message that are shown at once."""
MOST_LINES: Final = 40
_MARKS_IN_A_ROW: Final = 3

_MARK: Final = "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_TAGS: Final = "\U000e0020-\U000e007f"
# Tags are invisible and could carry hidden words; they mean something only after a black flag, which they make that of a region.
_STRAY_TAGS: Final = re.compile(f"(\U0001f3f4[{_TAGS}]{{1,8}}\U000e007f)|[{_TAGS}]")
_TOO_MANY_MARKS: Final = re.compile(f"([{_MARK}]{{{_MARKS_IN_A_ROW}}})[{_MARK}]+")


def _replacements() -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20)}
    table[ord("\n")] = "\n"
    table[ord("\t")] = "    "
    table[0x7F] = "\u2421"
    table |= dict.fromkeys(range(0x80, 0xA0), "\ufffd")
    invisible = [0x00AD, 0x061C, 0x180E, 0xFEFF, *range(0x200B, 0x200D), 0x200E, 0x200F]
    bidirectional = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
    table |= dict.fromkeys([*invisible, *bidirectional, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0020)])
    table |= {0x2028: "\n", 0x2029: "\n"}
    return table


_REPLACEMENTS: Final = _replacements()


def clean_text(text: str, longest: int = LONGEST, most_lines: int = MOST_LINES) -> tuple[str, bool]:
    """What to show of a text, and whether it was cut. Line breaks stay; cleaning twice changes nothing."""
    cut = len(text) > longest
    shown = text[:longest].replace("\r\n", "\n").replace("\r", "\n").translate(_REPLACEMENTS)
    shown = _STRAY_TAGS.sub(r"\1", shown)
    shown = _TOO_MANY_MARKS.sub(r"\1", shown).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    lines = shown.split("\n", most_lines)
    if len(lines) > most_lines:
        shown, cut = "\n".join(lines[:most_lines]), True
    return shown, cut


def clean_line(text: str, longest: int = 300) -> str:
    """A text for one line: names, titles, previews."""
    return " ".join(clean_text(text, longest, most_lines=100)[0].split())
