"""Writing that Tk cannot draw on X11: there it puts Arabic and Hebrew in the wrong order, and joins no letters of any script.

Such parts of a text are drawn with Pillow and its Raqm layout (HarfBuzz and FriBidi). On Windows and macOS the system shapes what Tk
draws. The direction of a paragraph is that of its first strong letter (Unicode Standard Annex 9, rules P2 and P3).
"""

import functools
import math
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFont, features

Direction = Literal["", "ltr", "rtl"]
"""How a part of a text is drawn: by Tk, or shaped and in this direction."""

_RIGHT_TO_LEFT: Final = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_JOINED: Final = "\u0900-\u109f\u1700-\u18af\u1900-\u1cff\ua800-\ua82f\ua840-\uaaff\uabc0-\uabff\U00011000-\U00011fff"
_SHAPED: Final = f"{_RIGHT_TO_LEFT}{_JOINED}"
_ANY: Final = re.compile(f"[{_SHAPED}]")
_MARKS: Final = "\u0300-\u036f\u200c\u200d"
# Between shaped letters, and after them, numbers and signs belong to them: only a letter of another script ends the part.
_PART: Final = re.compile(rf"[{_SHAPED}{_MARKS}]+(?:(?:[^\w{_SHAPED}]|\d)+[{_SHAPED}{_MARKS}]+)*(?: *\d[\d.,:/]*)?")
# In a paragraph that runs from right to left, everything is one part that is no word of a script that runs from left to right.
_LEFT_TO_RIGHT: Final = re.compile(
    rf"(?:[^\W\d_{_RIGHT_TO_LEFT}]|[{_JOINED}])(?:[^{_RIGHT_TO_LEFT}]*(?:[^\W{_RIGHT_TO_LEFT}]|[{_JOINED}]))?"
)
_FONTS_FIRST: Final = ("notosans", "notonaskh", "dejavusans")
_ASIDE: Final = ("mono", "serif", "ui-", "condensed", "extra", "thin", "light", "oblique", "italic", "kufi")
_LONGEST_WAIT: Final = 0.5
"""Seconds that fontconfig has to answer; the answer is asked for once for each script."""


def needs_shaping(text: str) -> bool:
    """Whether Tk would draw part of a text wrong here."""
    return _ANY.search(text) is not None and _is_possible()


def runs_right_to_left(text: str, start: int = 0) -> bool:
    """Whether the paragraph that begins at `start` runs from right to left, and can be drawn so."""
    for place in range(start, len(text)):
        if text[place] == "\n":
            return False
        kind = unicodedata.bidirectional(text[place])
        if kind in ("L", "R", "AL"):
            return kind != "L" and _has_font(text[place])
    return False


def shaped_parts(text: str, right_to_left: bool) -> Iterator[tuple[Direction, str]]:
    """The parts of a paragraph in their order, each with how it is drawn. Together they are the text."""
    position = 0
    for found in (_LEFT_TO_RIGHT if right_to_left else _PART).finditer(text):
        yield from _between(text[position : found.start()], right_to_left)
        if right_to_left:
            yield from shaped_parts(found.group(), False)
        else:
            yield from _of_one_script("rtl" if runs_right_to_left(found.group()) else "ltr", found.group())
        position = found.end()
    yield from _between(text[position:], right_to_left)


def _between(part: str, right_to_left: bool) -> Iterator[tuple[Direction, str]]:
    if part and right_to_left:
        yield from _of_one_script("rtl", part)
    elif part:
        yield "", part


def _of_one_script(direction: Direction, part: str) -> Iterator[tuple[Direction, str]]:
    """The pieces of a part for which there is one font each."""
    begin, script = 0, ""
    for found in _ANY.finditer(part):
        other = _script(found.group())
        if script and other != script:
            yield (direction if _has_font(script) else ""), part[begin : found.start()]
            begin = found.start()
        script = other
    yield (direction if _has_font(script) else ""), part[begin:]


def same_script(first: str, second: str) -> bool:
    """Whether two shaped parts can be drawn as one."""
    scripts = [_script(found.group()) for part in (first, second) if (found := _ANY.search(part)) is not None]
    return len(set(scripts)) < 2


def _has_font(part: str) -> bool:
    return _font_of(part, 14, bold=False) is not None


@functools.lru_cache(maxsize=20_000)
def shaped_width(text: str, direction: Direction, size: int, bold: bool) -> int:
    """How wide a part is, in pixels, in a font of `size` pixels."""
    font = _font_of(text, size, bold=bold)
    return math.ceil(font.getlength(text, direction=direction)) if font is not None else 0


def fits(text: str, direction: Direction, size: int, bold: bool, width: int) -> int:
    """How many signs of a part, at least one, have room in `width` pixels, with every sign whole."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if shaped_width(text[:middle], direction, size, bold) <= width:
            low = middle
        else:
            high = middle - 1
    while low < len(text) and low > 1 and _belongs_to_the_one_before(text, low):
        low -= 1
    return low


def draw_shaped(text: str, direction: Direction, size: int, bold: bool, colour: str, ascent: int, height: int, pad: int) -> Image.Image:
    """A part on a transparent ground: a line `height` pixels high with its letters `ascent` pixels below its upper edge, and `pad`
    pixels around it for what letters have beyond the line."""
    image = Image.new("RGBA", (shaped_width(text, direction, size, bold) + 2 * pad, height + 2 * pad), (*_rgb(colour), 0))
    font = _font_of(text, size, bold=bold)
    if font is not None:
        ImageDraw.Draw(image).text((pad, pad + ascent), text, font=font, fill=colour, anchor="ls", direction=direction)
    return image


def _belongs_to_the_one_before(text: str, place: int) -> bool:
    joins = "\u200c\u200d"
    return unicodedata.category(text[place])[0] == "M" or text[place] in joins or text[place - 1] in joins or (
        unicodedata.combining(text[place - 1]) == 9
    )  # fmt: skip


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@functools.cache
def _is_possible() -> bool:
    return sys.platform not in ("win32", "darwin") and bool(features.check("raqm"))


def _font_of(text: str, size: int, *, bold: bool) -> ImageFont.FreeTypeFont | None:
    """A font that has the first letter of a part that has to be shaped; None if there is none."""
    found = _ANY.search(text)
    letter = found.group() if found is not None else "\u05d0"
    path = _font_file(_script(letter), bold)
    return _open(path, size) if path else None


def _script(letter: str) -> str:
    """A letter that stands for its script: the first of its block, nearly always, is one that no other script has."""
    return next((script for first, last, script in _SCRIPTS if first <= ord(letter) <= last), letter)


_SCRIPTS: Final = (
    (0x0590, 0x05FF, "\u05d0"), (0xFB1D, 0xFB4F, "\u05d0"), (0x0600, 0x06FF, "\u0628"), (0x0750, 0x077F, "\u0628"),
    (0xFB50, 0xFDFF, "\u0628"), (0xFE70, 0xFEFC, "\u0628"), (0x0700, 0x074F, "\u0712"), (0x0900, 0x097F, "\u0915"),
    (0x0980, 0x09FF, "\u0995"), (0x0A00, 0x0A7F, "\u0a15"), (0x0A80, 0x0AFF, "\u0a95"), (0x0B00, 0x0B7F, "\u0b15"),
    (0x0B80, 0x0BFF, "\u0b95"), (0x0C00, 0x0C7F, "\u0c15"), (0x0C80, 0x0CFF, "\u0c95"), (0x0D00, 0x0D7F, "\u0d15"),
    (0x0D80, 0x0DFF, "\u0d9a"), (0x0E00, 0x0E7F, "\u0e01"), (0x0E80, 0x0EFF, "\u0e81"), (0x0F00, 0x0FFF, "\u0f40"),
    (0x1000, 0x109F, "\u1000"), (0x1780, 0x17FF, "\u1780"),
)  # fmt: skip


@functools.lru_cache(maxsize=512)
def _font_file(letter: str, bold: bool) -> str:
    """The file of a font that has a letter, if possible with numbers and brackets as well; "" if no font has."""
    code = f"{ord(letter):x}"
    for characters in (f"{code} 21-3f", code):
        command = ["fc-list", "-f", "%{file}\\n", f":charset={characters}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_LONGEST_WAIT, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return ""
        files = [line for line in done.stdout.splitlines() if line.lower().endswith((".ttf", ".otf", ".ttc"))]
        if files:
            return min(files, key=lambda path: _rank(path, bold))
    return ""


def _rank(path: str, bold: bool) -> tuple[bool, bool, int, str]:
    name = path.rpartition("/")[2].lower()
    family = next((place for place, begin in enumerate(_FONTS_FIRST) if name.startswith(begin)), len(_FONTS_FIRST))
    return any(word in name for word in _ASIDE), ("bold" in name) != bold, family, path


@functools.lru_cache(maxsize=64)
def _open(path: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.RAQM)
    except OSError:
        return None
