"""Breaks text into lines of a given width, with every emoji as a picture.

Emoji never reach Tk as text: with an old libXft one colour glyph ends the process with an X error that nothing can catch.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from PIL import ImageTk

from chat.text import clean_line
from chat.window.bidi import Isolate, Part, places_in_line
from chat.window.font_files import Face
from chat.window.markup import Kind, Run
from chat.window.paint import Paint
from chat.window.shaping import LONGEST_PART, Shape, has_shaped, paragraph_levels, shaped_parts
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
MOST_SHAPED: Final = 300
"""Parts of one text that are drawn each in its own direction and with its own letters, and"""
MOST_FACES: Final = 40
"""families of letters for them, and"""
MOST_SHAPED_PIXELS: Final = 60_000
"""how wide all of them are together, at 100 %; the rest of such a text is left to Tk."""
_BOX: Final = "\u25a1"


@dataclass(slots=True)
class Piece:
    """Part of a line: words, or the picture of an emoji. `start` is where `text` begins in the whole text.

    `run` says what else the words are; `shown` is what stands in their place, if anything does; `shaped` how they are drawn as a
    picture, if Tk can't; `level` is that of `bidi`. It grows while its line is filled, and then stays.
    """

    x: int
    start: int
    text: str
    width: int
    picture: ImageTk.PhotoImage | None = None
    run: Run | None = None
    shown: str = ""
    shaped: Shape | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line and its width without trailing space. The pieces are in the order of the text, whatever stands where."""

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
    breaker.isolates = [(run.start, run.end, None if run.kind == "mention" else False) for run in runs if run.kind not in ("words", "mark")]
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
        start = 0
        for emoji, part in parts:
            breaker.add(part, start, emoji=emoji)
            start += len(part)
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
    if pieces and pieces[-1].picture is None and not pieces[-1].level:
        last = pieces[-1].text.rstrip()
        if pieces[-1].shaped is None:
            pieces = (*pieces[:-1], replace(pieces[-1], text=last, width=theme.width(last, font)))
    end = max((piece.x + piece.width for piece in pieces), default=0)
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
        self._last_font = look.font
        """That of the last piece."""
        self.isolates: Sequence[Isolate] = ()
        """Parts of the text that stand for themselves."""
        self._paragraph: Part = (-1, -1)
        self._in_block = False
        self._levels = b""
        """Those of the paragraph's signs; none if all of it is drawn by Tk."""
        self._faces: set[Face] = set()
        self._shaped = self._wide = 0
        """How many parts there were, and how wide those are that Tk does not draw."""
        self._level = 0
        """That of the part which is being added."""
        self._right_to_left = False

    def begin_paragraph(self, text: str, start: int) -> None:
        """What follows is part of a text from `start` on."""
        begin, end = text.rfind("\n", 0, start) + 1, text.find("\n", start)
        paragraph = (begin, end if end >= 0 else len(text))
        block = self._indent > 0
        if paragraph == self._paragraph and block == self._in_block:
            return
        self._in_block = block
        self._paragraph, self._levels, self._level, self._right_to_left = paragraph, b"", 0, False
        words = text[slice(*paragraph)]
        if not has_shaped(words) or not self._paint.knows_fonts():
            return
        inside = ((max(begin, first), min(paragraph[1], last), runs) for first, last, runs in self.isolates)
        isolates = [(first - begin, last - begin, runs) for first, last, runs in inside if first < last]
        found = paragraph_levels(words, False if block else None, isolates)
        if found is not None:
            self._levels, self._right_to_left = found

    def begin(self, run: Run | None, look: Look, indent: int) -> None:
        """What follows is of another kind; it may be further in only at the beginning of a line."""
        if self._pieces:
            self._x += max(self._look.beside, look.beside)
        self._run, self._look = run, look
        self._indent, self._width = indent, self._whole_width - indent
        self._x = self._x if self._pieces else indent

    def add(self, part: str, start: int, *, emoji: bool) -> None:
        """Add words, or one emoji; `start` is where they begin in the text."""
        levels = self._levels[start - self._paragraph[0] :][: len(part)]
        if emoji:
            self._level = levels[0] if levels else 0
            self._add_picture(part, start)
            return
        if not levels and len(part) <= _LONGEST_WORD and self._x + self._measure(part, None) <= self._width:
            # Most texts have room in one line, and then there is nothing to look for.
            self._level = 0
            self._put(Piece(self._x, start, part, self._measure(part, None), None, self._run))
            return
        for shaped, level, same in self._parts(part, levels):
            self._level = level
            for found in _WORDS.finditer(same):
                word = found.group()
                longest = len(word) if shaped else _LONGEST_WORD
                for begin in range(0, len(word), longest):
                    self._add_word(word[begin : begin + longest], start + found.start() + begin, shaped)
            start += len(same)

    def _parts(self, part: str, levels: bytes) -> Iterator[tuple[Shape | None, int, str]]:
        if not levels:
            yield None, 0, part
            return
        start = 0
        for shaped, level, same in shaped_parts(part, levels):
            if shaped is not None:
                self._faces.add(shaped.face)
                if not self._paint.can_draw(shaped):
                    shaped, level = None, 0
            self._shaped += 1
            if self._shaped > MOST_SHAPED or self._wide > self._theme.px(MOST_SHAPED_PIXELS) or len(self._faces) > MOST_FACES:
                yield None, 0, part[start:]
                return
            yield shaped, level, same
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
        self._put(Piece(self._x, start, emoji, width, picture, self._run, level=self._level))

    def add_instead(self, shown: str, text: str, start: int) -> None:
        """Add something to show in the place of a part of the text."""
        width = self._theme.width(shown, self._look.font)
        if self._x + width > self._width and self._pieces:
            self.end_line()
        begin, width, self._level = 0, 0, 2
        for place, sign in enumerate(shown):
            wide = self._theme.width(sign, self._look.font)
            if self._x + width + wide > self._width and place > begin:
                self._put(Piece(self._x, start, text, width, None, self._run, shown[begin:place], level=self._level))
                self.end_line()
                begin, width = place, 0
            width += wide
        self._put(Piece(self._x, start, text, width, None, self._run, shown[begin:], level=self._level))

    def end_line(self) -> None:
        pieces = self._pieces
        while pieces and pieces[-1].picture is None and not pieces[-1].text.strip():
            pieces.pop()
        last = pieces[-1] if pieces else None
        if last is not None and last.picture is None and not last.shown and (last.shaped or last.level):
            # The space at its end would stand at its beginning if it runs from right to left.
            text = last.text.rstrip()
            pieces[-1] = replace(last, text=text, width=self._measure(text, last.shaped, self._last_font))
        width = pieces[-1].x + pieces[-1].width + self._indent if pieces else 0
        if any(piece.level for piece in pieces):
            gaps = [piece.x - before.x - before.width for before, piece in itertools.pairwise(pieces)]
            places = places_in_line([piece.level for piece in pieces], [piece.width for piece in pieces], gaps, self._indent)
            pieces = [replace(piece, x=x) for piece, x in zip(pieces, places, strict=True)]
        self.lines.append(Line(tuple(pieces), width, self._indent > 0, self._right_to_left))
        self._pieces, self._x = [], self._indent

    def _measure(self, text: str, shaped: Shape | None, font: FontName | None = None) -> int:
        font = font or self._look.font
        return self._theme.shaped_width(text, font, shaped) if shaped else self._theme.width(text, font)

    def _added_width(self, text: str, shaped: Shape | None) -> int:
        """By how much a text makes the line wider: joined letters are together narrower or wider than each for itself."""
        last = self._pieces[-1] if shaped and self._pieces else None
        if last is not None and self._joins(last, shaped):
            return self._measure(last.text + text, shaped) - last.width
        return self._measure(text, shaped)

    def _add_word(self, word: str, start: int, shaped: Shape | None) -> None:
        if shaped and len(word) > LONGEST_PART:
            self._split_shaped(word, start, shaped)
            return
        width = self._added_width(word, shaped)
        if self._x + width <= self._width:
            self._put(Piece(self._x, start, word, width, None, self._run, shaped=shaped, level=self._level))
        elif word.isspace():
            self.end_line()
        elif (width := self._measure(word, shaped)) <= self._width - self._indent:
            self.end_line()
            self._put(Piece(self._x, start, word, width, None, self._run, shaped=shaped, level=self._level))
        elif shaped:
            self._split_shaped(word, start, shaped)
        else:
            self._split(word, start)

    def _split_shaped(self, word: str, start: int, shaped: Shape) -> None:
        """Break a word wider than a line, which scripts without spaces often have."""
        likely = LONGEST_PART
        while word:
            if self._wide > self._theme.px(MOST_SHAPED_PIXELS):
                self._split(word, start)
                return
            count = self._theme.fits(word[:likely], self._look.font, shaped, self._width - self._x)
            width = self._added_width(word[:count], shaped)
            if self._x + width > self._width and self._pieces:
                self.end_line()
                continue
            self._put(Piece(self._x, start, word[:count], width, None, self._run, shaped=shaped, level=self._level))
            word, start, likely = word[count:], start + count, min(2 * count + 8, LONGEST_PART)
            if word:
                self.end_line()

    def _split(self, word: str, start: int) -> None:
        """Break a word wider than a line. Tk's fonts know no kerning, so the width of a part is that of its signs."""
        begin, width = 0, 0
        for place, sign in enumerate(word):
            wide = self._theme.width(sign, self._look.font)
            if self._x + width + wide > self._width and (place > begin or self._pieces):
                if place > begin:
                    self._put(Piece(self._x, start + begin, word[begin:place], width, None, self._run, level=self._level))
                self.end_line()
                begin, width = place, 0
            width += wide
        self._put(Piece(self._x, start + begin, word[begin:], width, None, self._run, level=self._level))

    def _joins(self, last: Piece, shaped: Shape | None) -> bool:
        """Whether what is being added can be part of the last piece. What Tk draws from right to left comes sign by sign."""
        alike = last.run is self._run and last.shaped == shaped and last.level == self._level and not (last.picture or last.shown)
        return alike and (shaped is not None or last.level % 2 == 0)

    def _put(self, piece: Piece) -> None:
        self._wide += piece.width if piece.shaped is not None else 0
        last = self._pieces[-1] if self._pieces else None
        if last is not None and not (piece.picture or piece.shown) and self._joins(last, piece.shaped):
            last.text += piece.text
            last.width += piece.width
        else:
            self._pieces.append(piece)
        self._x, self._last_font = piece.x + piece.width, self._look.font
