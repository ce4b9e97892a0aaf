"""Breaks text into lines of a given width, with every emoji as a picture.

Emoji never reach Tk as text: with an old libXft one colour glyph ends the process with an X error that nothing can catch.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from PIL import ImageTk

from chat.text import clean_line
from chat.window.markup import Kind, Run
from chat.window.paint import Paint
from chat.window.shaping import Direction, needs_shaping, runs_right_to_left, same_script, shaped_parts
from chat.window.theme import FontName, Theme

_BASE: Final = (
    "[\U0001f000-\U0001f0ff\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a\U0001f201-\U0001f265\U0001f300-\U0001f64f\U0001f680-\U0001faff"
    "\u231a\u231b\u23e9-\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4"
    "\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c"
    "\u2b50\u2b55]|[\u00a9\u00ae\u203c-\u3299](?=\ufe0f)"
)
_TAIL: Final = "(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?"
_EMOJI: Final = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|\U0001f3f4[\U000e0030-\U000e007a]{{1,8}}\U000e007f|[0-9#*]\ufe0f?\u20e3|(?:{_BASE}){_TAIL}(?:\u200d[\u2600-\u27bf\u2b1b\U0001f300-\U0001faff]{_TAIL}){{0,7}}"
    "|[\U0001f1e6-\U0001f1ff]"
)
_CJK: Final = "\u2e80-\u2fff\u3001-\u30ff\u3105-\u312f\u31a0-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff9f\U00020000-\U0003ffff"
_CLOSING: Final = "\u3001\u3002\u3005\u3009\u300b\u300d\u300f\u3011\u3015\u30fc\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\uff3d\uff5d"
# Chinese and Japanese have no spaces: a line may end after each sign, unless the next one closes something.
_WORDS: Final = re.compile(rf"\s+|[{_CJK}][{_CLOSING}]*|[^\s{_CJK}]+")
_LONGEST_WORD: Final = 200
"""A longer run without a space is measured piece by piece, so that no single measurement is slow."""
MOST_EMOJI: Final = 100
"""Different emoji that are drawn in one text; each new one costs most of a millisecond. The others become an empty box."""
_BOX: Final = "\u25a1"


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a line: words, or the picture of an emoji. `start` is where `text` begins in the whole text.

    `run` says what else the words are; `shown` is what stands in their place, if anything does; `shaped` whether they are drawn as a
    picture, and in which direction.
    """

    x: int
    start: int
    text: str
    width: int
    picture: ImageTk.PhotoImage | None = None
    run: Run | None = None
    shown: str = ""
    shaped: Direction = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line and its width without trailing space."""

    pieces: tuple[Piece, ...]
    width: int
    block: bool = False
    """Whether it belongs to a block of code, which stands a little further in."""
    right_to_left: bool = False
    """Whether it begins at the right."""


@dataclass(frozen=True, slots=True)
class Look:
    """The font of a kind of words, the colour that they stand on, and the room that is left on both sides of them."""

    font: FontName
    behind: str
    beside: int = 0


def break_lines(text: str, width: int, font: FontName, theme: Theme, paint: Paint, behind: str, emoji_size: int) -> list[Line]:
    """The lines of a cleaned text, at least one. `behind` is the colour that the emoji stand on."""
    breaker = _Breaker(width, Look(font, behind), theme, paint, emoji_size)
    _break_words(breaker, text, 0, len(text))
    breaker.end_line()
    return breaker.lines


def break_runs(
    text: str, runs: Sequence[Run], width: int, looks: Mapping[Kind, Look], theme: Theme, paint: Paint, emoji_size: int, indent: int
) -> list[Line]:
    """The lines of a cleaned text of several kinds, at least one; those of blocks stand `indent` pixels further in on both sides."""
    breaker = _Breaker(width, looks["words"], theme, paint, emoji_size)
    begun = False
    """Whether something stands, or belongs, in the line that is being filled."""
    for run in runs:
        if run.kind == "mark":
            continue
        block = run.kind == "block"
        if block and begun:
            breaker.end_line()
        breaker.begin(run, looks[run.kind], indent if block else 0)
        if run.doubtful:
            breaker.add_instead(run.target, text[run.start : run.end], run.start)
        else:
            _break_words(breaker, text, run.start, run.end)
        begun = not block
        if block:
            breaker.end_line()
            breaker.begin(None, looks["words"], 0)
    if begun or not breaker.lines:
        breaker.end_line()
    return breaker.lines


def _break_words(breaker: "_Breaker", text: str, start: int, end: int) -> None:
    """Add a part of a text."""
    for number, paragraph in enumerate(text[start:end].split("\n")):
        if number:
            breaker.end_line()
            start += 1
        breaker.begin_paragraph(text, start)
        for emoji, part in split_emoji(paragraph):
            breaker.add(part, start, emoji=emoji)
            start += len(part)


def one_line(text: str, width: int, font: FontName, theme: Theme, paint: Paint, behind: str, emoji_size: int) -> Line:
    """As much of a cleaned text without line breaks as has room in one line, with an ellipsis if that is not all."""
    parts = split_emoji(text)
    ellipsis_width = theme.width("…", font)
    for room in (width, width - ellipsis_width):
        breaker = _Breaker(room, Look(font, behind), theme, paint, emoji_size)
        breaker.begin_paragraph(text, 0)
        for emoji, part in parts:
            breaker.add(part, 0, emoji=emoji)
            if breaker.lines:
                break
        else:
            breaker.end_line()
            return breaker.lines[0]
    line = breaker.lines[0]
    pieces = line.pieces
    if line.right_to_left:
        moved = (replace(piece, x=piece.x + ellipsis_width) for piece in pieces)
        return Line((*moved, Piece(0, 0, "…", ellipsis_width)), line.width + ellipsis_width, right_to_left=True)
    if pieces and pieces[-1].picture is None and not pieces[-1].shaped:
        last = pieces[-1].text.rstrip()
        pieces = (*pieces[:-1], Piece(pieces[-1].x, 0, last, theme.width(last, font)))
    end = pieces[-1].x + pieces[-1].width if pieces else 0
    return Line((*pieces, Piece(end, 0, "…", ellipsis_width)), end + ellipsis_width)


def name_line(name: str, width: int, font: FontName, theme: Theme, paint: Paint, behind: str) -> Line:
    """As much of somebody's name as has room in one line."""
    return one_line(clean_line(name) or "?", width, font, theme, paint, behind, emoji_size=theme.heights[font] - theme.px(1))


def split_emoji(text: str) -> list[tuple[bool, str]]:
    """The parts of a text in their order, each with whether it is one emoji. Together they are the text."""
    parts: list[tuple[bool, str]] = []
    position = 0
    for found in _EMOJI.finditer(text):
        if found.start() > position:
            parts.append((False, text[position : found.start()]))
        parts.append((True, found.group()))
        position = found.end()
    if position < len(text):
        parts.append((False, text[position:]))
    return parts


def without_emoji(text: str) -> str:
    """The text for a place that can't hold pictures: a box stands for each emoji."""
    return _EMOJI.sub(_BOX, text)


def _from_the_right(pieces: list[Piece], width: int) -> list[Piece]:
    """The pieces of a line `width` pixels wide in the order from right to left; those that run from left to right stay so among them."""
    placed = []
    for picture, group in itertools.groupby(pieces, lambda piece: piece.picture is not None or piece.shaped == "rtl"):
        same = list(group)
        if picture:
            placed += [replace(piece, x=width - piece.x - piece.width) for piece in same]
        else:
            left = width - same[-1].x - same[-1].width
            placed += [replace(piece, x=left + piece.x - same[0].x) for piece in same]
    return placed


class _Breaker:
    """Fills one line after the other."""

    def __init__(self, width: int, look: Look, theme: Theme, paint: Paint, emoji_size: int) -> None:
        self._whole_width, self._look, self._theme, self._paint, self._emoji_size = width, look, theme, paint, emoji_size
        self._run: Run | None = None
        self._indent, self._width = 0, width
        self._pictures: dict[tuple[str, str], ImageTk.PhotoImage] = {}
        self.lines: list[Line] = []
        self._pieces: list[Piece] = []
        self._x = 0
        self._shapes = self._right_to_left = False

    def begin_paragraph(self, text: str, start: int) -> None:
        """What follows is part of a text from `start` on."""
        self._shapes = needs_shaping(text)
        self._right_to_left = self._shapes and not self._indent and runs_right_to_left(text, text.rfind("\n", 0, start) + 1)

    def begin(self, run: Run | None, look: Look, indent: int) -> None:
        """What follows is of another kind; it may be further in only at the beginning of a line."""
        if self._pieces:
            self._x += max(self._look.beside, look.beside)
        self._run, self._look = run, look
        self._indent, self._width = indent, self._whole_width - indent
        self._x = self._x if self._pieces else indent

    def add(self, part: str, start: int, *, emoji: bool) -> None:
        """Add words, or one emoji; `start` is where they begin in the text."""
        if emoji:
            self._add_picture(part, start)
            return
        if not self._shapes and len(part) <= _LONGEST_WORD and self._x + self._measure(part, "") <= self._width:
            # Most texts have room in one line, and then there is nothing to look for.
            self._put(Piece(self._x, start, part, self._measure(part, ""), None, self._run))
            return
        for shaped, same in shaped_parts(part, self._right_to_left) if self._shapes else (("", part),):
            for found in _WORDS.finditer(same):
                word = found.group()
                for begin in range(0, len(word), _LONGEST_WORD):
                    self._add_word(word[begin : begin + _LONGEST_WORD], start + found.start() + begin, shaped)
            start += len(same)

    def _add_picture(self, emoji: str, start: int) -> None:
        width = self._emoji_size + self._theme.px(1)
        if self._x + width > self._width and self._pieces:
            self.end_line()
        behind = self._look.behind
        picture = self._pictures.get((emoji, behind))
        if picture is None and len(self._pictures) < MOST_EMOJI:
            picture = self._pictures[emoji, behind] = self._paint.emoji(emoji, self._emoji_size, behind)
        elif picture is None:
            picture = self._paint.icon("square", self._emoji_size, self._theme.palette.text3, behind)
        self._put(Piece(self._x, start, emoji, width, picture, self._run))

    def add_instead(self, shown: str, text: str, start: int) -> None:
        """Add something to show in the place of a part of the text."""
        width = self._theme.width(shown, self._look.font)
        if self._x + width > self._width and self._pieces:
            self.end_line()
        begin, width = 0, 0
        for place, sign in enumerate(shown):
            wide = self._theme.width(sign, self._look.font)
            if self._x + width + wide > self._width and place > begin:
                self._put(Piece(self._x, start, text, width, None, self._run, shown[begin:place]))
                self.end_line()
                begin, width = place, 0
            width += wide
        self._put(Piece(self._x, start, text, width, None, self._run, shown[begin:]))

    def end_line(self) -> None:
        pieces = self._pieces
        while pieces and pieces[-1].picture is None and not pieces[-1].text.strip():
            pieces.pop()
        if pieces and pieces[-1].shaped:
            # The space at its end would stand at its beginning if it runs from right to left.
            text = pieces[-1].text.rstrip()
            pieces[-1] = replace(pieces[-1], text=text, width=self._measure(text, pieces[-1].shaped))
        width = pieces[-1].x + pieces[-1].width + self._indent if pieces else 0
        if self._right_to_left:
            pieces = _from_the_right(pieces, width)
        self.lines.append(Line(tuple(pieces), width, self._indent > 0, self._right_to_left))
        self._pieces, self._x = [], self._indent

    def _measure(self, text: str, shaped: Direction) -> int:
        return self._theme.shaped_width(text, self._look.font, shaped) if shaped else self._theme.width(text, self._look.font)

    def _add_word(self, word: str, start: int, shaped: Direction) -> None:
        last = self._pieces[-1] if shaped and self._pieces else None
        if last is not None and self._joins(last, word, shaped):
            # Joined letters are together narrower or wider than each for itself.
            width = self._measure(last.text + word, shaped) - last.width
        else:
            width = self._measure(word, shaped)
        if self._x + width <= self._width:
            self._put(Piece(self._x, start, word, width, None, self._run, shaped=shaped))
        elif word.isspace():
            self.end_line()
        elif (width := self._measure(word, shaped)) <= self._width - self._indent:
            self.end_line()
            self._put(Piece(self._x, start, word, width, None, self._run, shaped=shaped))
        elif shaped:
            self._split_shaped(word, start, shaped)
        else:
            self._split(word, start)

    def _split_shaped(self, word: str, start: int, shaped: Direction) -> None:
        """Break a word wider than a line, which scripts without spaces often have."""
        while word:
            count = self._theme.fits(word, self._look.font, shaped, self._width - self._x)
            width = self._measure(word[:count], shaped)
            if self._x + width > self._width and self._pieces:
                self.end_line()
                continue
            self._put(Piece(self._x, start, word[:count], width, None, self._run, shaped=shaped))
            word, start = word[count:], start + count
            if word:
                self.end_line()

    def _split(self, word: str, start: int) -> None:
        """Break a word wider than a line. Tk's fonts know no kerning, so the width of a part is that of its signs."""
        begin, width = 0, 0
        for place, sign in enumerate(word):
            wide = self._theme.width(sign, self._look.font)
            if self._x + width + wide > self._width and (place > begin or self._pieces):
                if place > begin:
                    self._put(Piece(self._x, start + begin, word[begin:place], width, None, self._run))
                self.end_line()
                begin, width = place, 0
            width += wide
        self._put(Piece(self._x, start + begin, word[begin:], width, None, self._run))

    def _joins(self, last: Piece, text: str, shaped: Direction) -> bool:
        """Whether a text can be part of the last piece."""
        alike = last.run is self._run and last.shaped == shaped and not (last.picture or last.shown)
        return alike and (not shaped or same_script(last.text, text))

    def _put(self, piece: Piece) -> None:
        last = self._pieces[-1] if self._pieces else None
        if last is not None and not (piece.picture or piece.shown) and self._joins(last, piece.text, piece.shaped):
            piece = Piece(last.x, last.start, last.text + piece.text, last.width + piece.width, None, piece.run, shaped=piece.shaped)
            self._pieces.pop()
        self._pieces.append(piece)
        self._x = piece.x + piece.width
