"""The one place where text from outside is made safe to show, in a window or on a terminal.

Nothing here changes what is stored or sent; it changes what is drawn. A control character could move a terminal's cursor, a
bidirectional override could make a name read backwards, a lone surrogate stops Tk, and a pile of accents paints over its neighbours.
"""

import re
import unicodedata
from typing import Final

LONGEST: Final = 4000
"""Signs of one message that are shown at once."""
MOST_LINES: Final = 40
_MARKS_IN_A_ROW: Final = 3
_MOST_MARKS: Final = 6
"""Marks in a row of scripts whose letters stand upon each other."""

_MARK: Final = "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_TAGS: Final = "\U000e0020-\U000e007f"
# Tags are invisible and could carry hidden words; they mean something only after a black flag, which they make that of a region.
_STRAY_TAGS: Final = re.compile(f"(\U0001f3f4[{_TAGS}]{{1,8}}\U000e007f)|[{_TAGS}]")
_TOO_MANY_MARKS: Final = re.compile(f"([{_MARK}]{{{_MARKS_IN_A_ROW}}})[{_MARK}]+")
# Neither a letter nor white space, Latin, a symbol or an emoji: what marks are among.
_NO_LETTERS: Final = f"[^\\w\\s\0-\u02ff\u2000-\u20cf\u2100-\ua66e\uac00-\ufb1d\U0001f000-\U0010ffff]{{{_MOST_MARKS + 1},}}"
_JOINING: Final = "\u0620-\u074f\u0750-\u077f\u0860-\u0dff\u1820-\u18aa"
# Between letters that would join it keeps them apart, as Persian and the scripts of India need it; elsewhere it is invisible.
_STRAY_NON_JOINERS: Final = f"(?<=[{_JOINING}])(\u200c)\u200c*(?=[{_JOINING}])|\u200c"


def _replacements() -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20)}
    table[ord("\n")] = "\n"
    table[ord("\t")] = "    "
    table[0x7F] = "\u2421"
    table |= dict.fromkeys(range(0x80, 0xA0), "\ufffd")
    invisible = [0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x180E, 0x200B, 0x200E, 0x200F, 0x3164, 0xFEFF, 0xFFA0]
    invisible += [*range(0x2060, 0x2065), *range(0x206A, 0x2070), *range(0x1D173, 0x1D17B), *range(0xE0100, 0xE01F0)]
    bidirectional = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
    table |= dict.fromkeys([*invisible, *bidirectional, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0020)])
    table |= {0x2028: "\n", 0x2029: "\n"}
    return table


_REPLACEMENTS: Final = _replacements()


def clean_text(text: str, longest: int = LONGEST, most_lines: int = MOST_LINES) -> tuple[str, bool]:
    """What to show of a text, and whether it was cut. Line breaks stay; cleaning twice changes nothing."""
    cut = len(text) > longest
    shown = text[:longest].replace("\r\n", "\n").replace("\r", "\n").translate(_REPLACEMENTS)
    if not shown.isascii():
        shown = _without_what_is_hidden_or_piled_up(shown)
    lines = shown.split("\n", most_lines)
    if len(lines) > most_lines:
        shown, cut = "\n".join(lines[:most_lines]), True
    return shown, cut


def _without_what_is_hidden_or_piled_up(text: str) -> str:
    # The larger patterns are compiled when they are first needed: a start has no time for them.
    text = re.sub(_STRAY_NON_JOINERS, r"\1", _STRAY_TAGS.sub(r"\1", text))
    text = re.sub(_NO_LETTERS, _without_towers, _TOO_MANY_MARKS.sub(r"\1", text))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_towers(found: re.Match[str]) -> str:
    """Signs without marks that would stand higher than a line."""
    kept: list[str] = []
    marks = 0
    for sign in found.group():
        marks = marks + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


def clean_line(text: str, longest: int = 300) -> str:
    """A text for one line: names, titles, previews."""
    return " ".join(clean_text(text, longest, most_lines=100)[0].split())
