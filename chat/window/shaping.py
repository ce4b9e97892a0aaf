"""Writing that Tk cannot draw on X11: there it puts Arabic and Hebrew in the wrong order, and joins no letters of any script.

Such parts of a text are drawn with Pillow and its Raqm layout (HarfBuzz and FriBidi). On Windows and macOS the system shapes what Tk
draws.
"""

import functools
import math
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont, features

from chat.window.bidi import Isolate, embedding_levels
from chat.window.font_files import FINDER, SHAPED, Face, File

LONGEST_PART: Final = 400
"""Signs that are measured at once when a part is broken into lines."""
_ANY: Final = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in SHAPED) + "]")
_LETTER: Final = _ANY.pattern
_MARK: Final = "[\u0300-\u036f\u200c\u200d]"
# What stands between shaped letters is drawn with them: only another letter or a number ends the part.
_PART: Final = re.compile(rf"{_LETTER}(?:{_LETTER}|{_MARK}|[^\w\n]+(?={_LETTER}))*")
_TO_THE_NEXT: Final = "\u0e40-\u0e44\u0ec0-\u0ec4"
_TO_THE_ONE_BEFORE: Final = "\u0e2f\u0e30\u0e32\u0e33\u0e45\u0e46\u0eaf\u0eb0\u0eb2\u0eb3\u0ec6"
# Thai, Lao, Khmer and Burmese have no spaces between words; a sign that is said before or after its consonant stays with it.
_TOGETHER: Final = re.compile(f"[{_TO_THE_NEXT}\u200c\u200d].|.[{_TO_THE_ONE_BEFORE}\u200c\u200d]", re.DOTALL)
_JOINERS: Final = "\u200c\u200d"
"""Invisible in every font, whether it knows them or not."""
_LONGEST_CLUSTER: Final = 24
_GUESSES: Final = 9
"""Measurements after which halves are tried; as many are enough for `LONGEST_PART`."""
_VIRAMA: Final = 9
"""The combining class of what joins the letter before it with the one after it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How Pillow draws a part of a text: with the letters of which family, and from which side."""

    face: Face
    right_to_left: bool


Direction = Shape


def has_shaped(text: str) -> bool:
    """Whether Tk would draw part of a text wrong here."""
    return not text.isascii() and _ANY.search(text) is not None and _is_possible()


def paragraph_levels(text: str, right_to_left: bool | None, isolates: Sequence[Isolate]) -> tuple[bytes, bool] | None:
    """What `embedding_levels` says of a paragraph that `has_shaped` letters; None if there is no font for any of them."""
    best = FINDER.found.best if FINDER.found is not None else {}
    if not any(found.group() in best for found in _ANY.finditer(text)):
        return None
    return embedding_levels(text, right_to_left, isolates)


def shaped_parts(text: str, levels: bytes) -> Iterator[tuple[Shape | None, int, str]]:
    """The parts of a text in their order, each with how it is drawn, None for by Tk, and its level. Together they are the text."""
    start = 0
    while start < len(text):
        level = levels[start]
        end = start + 1
        while end < len(text) and levels[end] == level:
            end += 1
        same = text[start:end]
        if level % 2:
            yield from _by_face(same, level)
        else:
            position = 0
            for found in _PART.finditer(same):
                if found.start() > position:
                    yield None, level, same[position : found.start()]
                yield from _by_face(found.group(), level)
                position = found.end()
            if position < len(same):
                yield None, level, same[position:]
        start = end


def _by_face(part: str, level: int) -> Iterator[tuple[Shape | None, int, str]]:
    """The pieces of a part for which there is one family each. What Tk has to draw from right to left comes sign by sign."""
    best = FINDER.found.best if FINDER.found is not None else {}
    letter = next((found.group() for found in _ANY.finditer(part) if found.group() in best), "")
    face = best.get(letter or part[0])
    begin = 0
    for place, sign in enumerate(part):
        if face is not None and (sign in face.signs or sign in _JOINERS or (place > begin and _belongs_to_the_one_before(part, place))):
            continue
        other = best.get(sign)
        if other is face and face is None and not level % 2:
            continue
        if place > begin:
            yield (Shape(face, level % 2 == 1) if face is not None else None), level, part[begin:place]
        begin, face = place, other
    yield (Shape(face, level % 2 == 1) if face is not None else None), level, part[begin:]


@functools.lru_cache(maxsize=10_000)
def shaped_width(text: str, shape: Shape, size: int, bold: bool) -> int:
    """How wide a part is, in pixels, in a font of `size` pixels."""
    return _measure(text, shape, size, bold)


def _measure(text: str, shape: Shape, size: int, bold: bool) -> int:
    font = _font(shape.face, size, bold=bold)
    return math.ceil(font.getlength(text, direction="rtl" if shape.right_to_left else "ltr")) if font is not None else 0


def fits(text: str, shape: Shape, size: int, bold: bool, width: int) -> int:
    """How many signs of a part, at least one and at most `LONGEST_PART`, have room in `width` pixels, with every sign whole."""
    low, high = 1, min(len(text), LONGEST_PART)
    place = min(max(2, 2 * width // size), high)
    for step in range(2 * _GUESSES):
        if low >= high:
            break
        wide = _measure(text[:place], shape, size, bold)
        if wide > width:
            high = place - 1
        else:
            low = place
            if width - wide < size // 2:
                break
        # First where the room would end if all signs were as wide as those so far, and then halfway.
        place = place * width // max(wide, 1) if step < _GUESSES else (low + high + 1) // 2
        place = min(max(place, low + 1), high)
    for whole in range(low, max(0, low - _LONGEST_CLUSTER), -1):
        if whole == len(text) or not _belongs_to_the_one_before(text, whole):
            return whole
    # What looks like a single sign without an end is cut anyway.
    return low


def draw_shaped(text: str, shape: Shape, size: int, bold: bool, colour: str, ascent: int, height: int, pad: int) -> Image.Image:
    """A part on a transparent ground: a line `height` pixels high with its letters `ascent` pixels below its upper edge, and `pad`
    pixels around it for what letters have beyond the line."""
    image = Image.new("RGBA", (shaped_width(text, shape, size, bold) + 2 * pad, height + 2 * pad), (*_rgb(colour), 0))
    font = _font(shape.face, size, bold=bold)
    if font is not None:
        direction = "rtl" if shape.right_to_left else "ltr"
        ImageDraw.Draw(image).text((pad, pad + ascent), text, font=font, fill=colour, anchor="ls", direction=direction)
    return image


def _belongs_to_the_one_before(text: str, place: int) -> bool:
    """Whether a sign may not be parted from the one before it."""
    if unicodedata.category(text[place])[0] == "M" or unicodedata.combining(text[place - 1]) == _VIRAMA:
        return True
    return _TOGETHER.match(text, place - 1) is not None


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@functools.cache
def _is_possible() -> bool:
    return sys.platform not in ("win32", "darwin") and bool(features.check("raqm"))


def _font(face: Face, size: int, *, bold: bool) -> ImageFont.FreeTypeFont | None:
    return _open(face.bold if bold else face.regular, size)


@functools.lru_cache(maxsize=128)
def _open(file: File, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(file[0], size, file[1], layout_engine=ImageFont.Layout.RAQM)
    except OSError:
        return None
