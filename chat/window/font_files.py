"""Which font files have the letters that Pillow has to draw. Fontconfig is asked once, on a thread, when the first such letter is met."""

import bisect
import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LONGEST_WAIT: Final = 10.0
"""Seconds that fontconfig has to answer; only a thread waits for it."""
SHAPED: Final = (
    (0x0590, 0x109F), (0x1700, 0x18AF), (0x1900, 0x1CFF), (0xA800, 0xA82F), (0xA840, 0xAAFF), (0xABC0, 0xABFF), (0xFB1D, 0xFDFF),
    (0xFE70, 0xFEFC), (0x10800, 0x11FFF), (0x1E800, 0x1EFFF),
)  # fmt: skip
"""The letters of scripts that run from right to left, or are joined."""
_SIGNS: Final = ((0x20, 0x7E), (0xA0, 0xBF), (0x0300, 0x036F), (0x2010, 0x206F), (0x20A0, 0x2BFF), (0x3001, 0x301C))
"""What may stand between such letters."""
_QUESTION: Final = (
    "fc-list", "-f", "%{family[0]}\t%{weight}\t%{slant}\t%{variable}\t%{index}\t%{file}\t%{charset}\n", ":scalable=true:color=false",
)  # fmt: skip
_FIRST: Final = ("noto sans", "noto naskh", "dejavu sans")
_ASIDE: Final = ("mono", "serif", "ui", "condensed", "display", "kufi", "nastaliq", "looped", "rashi", "math", "symbols", "unjoined")
_BLOCK: Final = 1 << 20
_AGAIN: Final = 0.01
_REGULAR: Final = 80
_BOLD: Final = 200
_DRAWN: Final = (".ttf", ".otf", ".ttc", ".otc")

Ranges = tuple[tuple[int, int], ...]
File = tuple[str, int]
"""A path, and the number of the font in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A family that has some of the letters: its file, the file of its bold letters, and the signs that it has, of those looked for."""

    regular: File
    bold: File
    signs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fonts:
    """The fonts of this computer that have such letters: for each sign the face that is best for it."""

    best: dict[str, Face] = field(default_factory=dict)


class Finder:
    """Looks for the fonts once, and reads each file before it is drawn with: a disk may take longer than a window can wait.

    A thread of its own does both; it only puts its results where the one that asks finds them.
    """

    def __init__(self) -> None:
        self.found: Fonts | None = None
        """The fonts; None until it is known which there are."""
        self._thread: threading.Thread | None = None
        self._wanted: queue.SimpleQueue[Face] = queue.SimpleQueue()
        self._asked: set[Face] = set()
        self._read: set[Face] = set()
        self._news = threading.Event()

    @property
    def is_busy(self) -> bool:
        """Whether something that was asked for is still to come."""
        return self._thread is not None and (self.found is None or len(self._read) < len(self._asked))

    def begin(self) -> None:
        """Look for the fonts, if that was not begun yet."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="fonts", daemon=True)
            self._thread.start()

    def has_read(self, face: Face, patience: float = 0.0) -> bool:
        """Whether the files of a face were read; if not, they are from now on, which is waited for so many seconds at most."""
        if face not in self._asked:
            self.begin()
            self._asked.add(face)
            self._news.clear()
            self._wanted.put(face)
            self._news.wait(max(patience, 0.0))
        return face in self._read

    def wait(self, seconds: float = LONGEST_WAIT) -> Fonts | None:
        """The fonts, once it is known which there are. Not for a thread that draws."""
        self.begin()
        deadline = time.monotonic() + seconds
        while self.found is None and time.monotonic() < deadline:
            self._news.wait(_AGAIN)
        return self.found

    def _work(self) -> None:
        self.found = _find()
        while True:
            face = self._wanted.get()
            _read_files(face)
            self._read.add(face)
            self._news.set()


def _find() -> Fonts:
    try:
        answer = subprocess.run(_QUESTION, capture_output=True, text=True, errors="replace", timeout=LONGEST_WAIT, check=False).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        answer = ""
    return read_answer(answer)


def _read_files(face: Face) -> None:
    # What cannot be read cannot be opened later either, which is then found out.
    with contextlib.suppress(OSError):
        for path in {face.regular[0], face.bold[0]}:
            with Path(path).open("rb") as file:
                while file.read(_BLOCK):
                    pass


FINDER: Final = Finder()


@dataclass(frozen=True, slots=True)
class _Font:
    family: str
    weight: float
    file: File
    ranges: Ranges


def read_answer(answer: str) -> Fonts:
    """The fonts in what `fc-list` says, with the best ones first."""
    families: dict[str, list[_Font]] = {}
    for line in answer.splitlines():
        font = _read_line(line)
        if font is not None:
            families.setdefault(font.family, []).append(font)
    best: dict[str, Face] = {}
    for name in sorted(families, key=_rank):
        fonts = families[name]
        regular = min(fonts, key=lambda font: abs(font.weight - _REGULAR))
        bold = min(fonts, key=lambda font: abs(font.weight - _BOLD))
        if any(_overlaps(regular.ranges, wanted) for wanted in SHAPED):
            signs = frozenset(map(chr, _codes(regular.ranges, (*SHAPED, *_SIGNS))))
            # A bold font that lacks letters would draw boxes in their place.
            whole = signs <= frozenset(map(chr, _codes(bold.ranges, (*SHAPED, *_SIGNS))))
            face = Face(regular.file, bold.file if whole else regular.file, signs)
            for sign in signs.difference(best):
                best[sign] = face
    return Fonts(best)


def _read_line(line: str) -> _Font | None:
    parts = line.split("\t")
    if len(parts) != 7 or not parts[5].lower().endswith(_DRAWN):
        return None
    family, weight, slant, variable, index, path, charset = parts
    if slant != "0" or variable != "False":
        return None
    try:
        ranges = tuple(_read_range(words) for words in charset.split())
        return _Font(family, float(weight), (path, int(index)), ranges)
    except ValueError:
        return None


def _read_range(words: str) -> tuple[int, int]:
    first, _, last = words.partition("-")
    return int(first, 16), int(last or first, 16)


def _rank(family: str) -> tuple[bool, int, str]:
    name = family.lower()
    first = next((place for place, begin in enumerate(_FIRST) if name.startswith(begin)), len(_FIRST))
    return any(word in name.split() for word in _ASIDE), first, name


def _overlaps(ranges: Ranges, wanted: tuple[int, int]) -> bool:
    place = bisect.bisect_left(ranges, (wanted[0], 0))
    near = ranges[max(0, place - 1) : place + 1]
    return any(first <= wanted[1] and last >= wanted[0] for first, last in near)


def _codes(ranges: Ranges, wanted: Iterable[tuple[int, int]]) -> Iterator[int]:
    """What is in both."""
    for low, high in wanted:
        place = max(0, bisect.bisect_left(ranges, (low, 0)) - 1)
        while place < len(ranges) and ranges[place][0] <= high:
            first, last = ranges[place]
            yield from range(max(low, first), min(high, last) + 1)
            place += 1
