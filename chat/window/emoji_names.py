"""Which emoji are offered, in which order, and the words by which each is found.

They are those of Unicode 14 (emoji-data.txt) as far as Python knows their names, without skin tones, and some that consist of others.
People look for many of them by other words than their names, so emoji.json has some of those as well.
"""

import functools
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chat.words import marked

_TABLES: Final = Path(__file__).with_name("emoji.json")
_HEADINGS: Final = (
    marked("Faces"),
    marked("People"),
    marked("Nature"),
    marked("Food"),
    marked("Activity"),
    marked("Travel"),
    marked("Objects"),
    marked("Signs"),
    marked("More"),
)
"""What the sections are called in emoji.json, and that of the rest."""
_AS_COLOUR: Final = "\ufe0f"
_FIRST_FLAG_LETTER: Final = 0x1F1E6


@dataclass(frozen=True, slots=True)
class Emoji:
    """One emoji, what it is called, and the lower-case words by which it is found; `common` are those that people use."""

    sequence: str
    name: str
    words: tuple[str, ...]
    common: tuple[str, ...]


@functools.cache
def sections() -> dict[str, tuple[Emoji, ...]]:
    """All emoji that are offered, each once, under the heading of their section. The file is read the first time."""
    tables: dict[str, Any] = json.loads(_TABLES.read_text(encoding="utf-8"))
    # These are drawn in colour only where a sign after them asks for it.
    plain = set(_codes(tables["asks_for_colour"]))
    found: dict[str, list[tuple[str, str]]] = {}
    for heading, ranges in tables["sections"].items():
        named = ((code, unicodedata.name(chr(code), "")) for code in _codes(ranges))
        found[heading] = [(chr(code) + (_AS_COLOUR if code in plain else ""), name.lower()) for code, name in named if name]
    flags = (("".join(chr(_FIRST_FLAG_LETTER + ord(letter) - ord("A")) for letter in code), name) for code, name in tables["flags"].items())
    found[_HEADINGS[-1]] = [*tables["joined"].items(), *((flag, f"flag of {name}") for flag, name in flags)]
    keywords: dict[str, str] = tables["keywords"]
    return {heading: tuple(_emoji(*each, keywords.get(each[0], "")) for each in every) for heading, every in found.items()}


def search(query: str) -> tuple[Emoji, ...]:
    """The emoji of which every word of the query begins a word; first those for which people use just that word."""
    wanted = query.casefold().replace("_", " ").replace(":", " ").split()
    found = [emoji for every in sections().values() for emoji in every if _fits(emoji, wanted)]
    return tuple(sorted(found, key=lambda emoji: not any(word in emoji.common for word in wanted)))


@functools.cache
def by_sequence() -> dict[str, Emoji]:
    """Every emoji that is offered."""
    return {emoji.sequence: emoji for every in sections().values() for emoji in every}


def _fits(emoji: Emoji, wanted: list[str]) -> bool:
    return all(any(word.startswith(begin) for word in emoji.words) for begin in wanted)


def _emoji(sequence: str, name: str, keywords: str) -> Emoji:
    common = tuple(keywords.split())
    return Emoji(sequence, name, tuple(dict.fromkeys([*name.replace("-", " ").split(), *common])), common)


def _codes(ranges: list[str]) -> Iterator[int]:
    for part in " ".join(ranges).split():
        first, _, last = part.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)
