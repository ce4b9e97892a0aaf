"""Breaks text into lines of a given width, with every emoji as a picture.

Emoji never reach Tk as text: with an old libXft one colour glyph ends the process with an X error that nothing can catch.
"""

import re
from dataclasses import dataclass
from typing import Final

from PIL import ImageTk

from chat.window.paint import Paint
from chat.window.theme import FontName, Theme

_BASE: Final = (
    "[\U0001f000-\U0001f0ff\U0001f18e\U0001f191-\U0001f19a\U0001f201-\U0001f265\U0001f300-\U0001f64f\U0001f680-\U0001faff"
    "\u231a\u231b\u23e9-\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4"
    "\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c"
    "\u2b50\u2b55]|[\u00a9\u00ae\u203c-\u3299](?=\ufe0f)"
)
_TAIL: Final = "(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?"
_EMOJI: Final = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|(?:{_BASE}){_TAIL}(?:\u200d[\u2640-\u27bf\U0001f300-\U0001faff]{_TAIL}){{0,7}}"
    "|[\U0001f1e6-\U0001f1ff]"
)
_WORDS: Final = re.compile(r"\s+|\S+")
_LONGEST_WORD: Final = 200
"""A longer run without a space is measured piece by piece, so that no single measurement is slow."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a line: words, or the picture of an emoji."""

    x: int
    text: str
    width: int
    picture: ImageTk.PhotoImage | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line and its width without trailing space."""

    pieces: tuple[Piece, ...]
    width: int


def break_lines(text: str, width: int, font: FontName, theme: Theme, paint: Paint, behind: str, emoji_size: int) -> list[Line]:
    """The lines of a cleaned text, at least one. `behind` is the colour that the emoji stand on."""
    lines: list[Line] = []
    for paragraph in text.split("\n"):
        breaker = _Breaker(width, font, theme)
        for kind, part in _parts(paragraph):
            if kind == "emoji":
                breaker.add_picture(part, paint.emoji(part, emoji_size, behind), emoji_size + theme.px(1))
            else:
                breaker.add_word(part)
        lines += breaker.finish()
    return lines


def _parts(paragraph: str) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    position = 0
    for found in _EMOJI.finditer(paragraph):
        parts += [("word", word) for word in _WORDS.findall(paragraph[position : found.start()])]
        parts.append(("emoji", found.group()))
        position = found.end()
    return parts + [("word", word) for word in _WORDS.findall(paragraph[position:])]


class _Breaker:
    """Fills one line after the other."""

    def __init__(self, width: int, font: FontName, theme: Theme) -> None:
        self._width, self._font, self._theme = width, font, theme
        self._lines: list[Line] = []
        self._pieces: list[Piece] = []
        self._x = 0

    def add_word(self, word: str) -> None:
        if len(word) > _LONGEST_WORD:
            for start in range(0, len(word), _LONGEST_WORD):
                self.add_word(word[start : start + _LONGEST_WORD])
            return
        width = self._theme.width(word, self._font)
        if self._x + width <= self._width:
            self._put(Piece(self._x, word, width))
        elif word.isspace():
            self._end_line()
        elif width <= self._width:
            self._end_line()
            self._put(Piece(0, word, width))
        else:
            self._split(word)

    def add_picture(self, text: str, picture: ImageTk.PhotoImage | None, width: int) -> None:
        if picture is None:
            self.add_word("\u25a1")
            return
        if self._x + width > self._width and self._pieces:
            self._end_line()
        self._put(Piece(self._x, text, width, picture))

    def finish(self) -> list[Line]:
        self._end_line()
        return self._lines

    def _split(self, word: str) -> None:
        start = 0
        for end in range(1, len(word) + 1):
            if self._x + self._theme.width(word[start:end], self._font) > self._width and end - start > 1:
                part = word[start : end - 1]
                self._put(Piece(self._x, part, self._theme.width(part, self._font)))
                self._end_line()
                start = end - 1
        part = word[start:]
        self._put(Piece(self._x, part, self._theme.width(part, self._font)))

    def _put(self, piece: Piece) -> None:
        last = self._pieces[-1] if self._pieces else None
        if last is not None and last.picture is None and piece.picture is None:
            piece = Piece(last.x, last.text + piece.text, last.width + piece.width)
            self._pieces.pop()
        self._pieces.append(piece)
        self._x = piece.x + piece.width

    def _end_line(self) -> None:
        pieces = self._pieces
        while pieces and pieces[-1].picture is None and not pieces[-1].text.strip():
            pieces.pop()
        width = pieces[-1].x + pieces[-1].width if pieces else 0
        self._lines.append(Line(tuple(pieces), width))
        self._pieces, self._x = [], 0
