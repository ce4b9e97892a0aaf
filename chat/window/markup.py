"""What a message's text is made of: words, links, `code`, ```blocks``` of code, and one's own name after an @.

Only what is shown comes from here; what is copied is the text itself. Code is never looked into.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from chat.window.addresses import Address, find_addresses

MOST_SPECIAL: Final = 100
"""Links, mentions and pieces of code in one text that are shown as such; the rest is shown as it was written."""
_FENCE: Final = 3
_TICKS: Final = re.compile("`+")
_LANGUAGE: Final = re.compile(r"[\w+#.-]{0,20}[ ]*\n")

Kind = Literal["words", "link", "code", "block", "mention", "mark"]


@dataclass(frozen=True, slots=True)
class Run:
    """Part of a text, from `start` to `end`. A mark is not shown: the backticks around code.

    `target` is where a link leads, in ASCII; with `doubtful` this has to be shown in its place.
    """

    start: int
    end: int
    kind: Kind
    target: str = ""
    doubtful: bool = False


def parse(text: str, username: str = "") -> list[Run]:
    """The runs of a text, in their order and without a gap. `username` is the name of which mentions are wanted, "" for none.

    Takes time in proportion to the text's length.
    """
    runs: list[Run] = []
    special = position = 0
    for outer, inner, kind in _find_code(text):
        special = _add_words(runs, text, position, outer[0], username, special)
        if special >= MOST_SPECIAL:
            position = outer[0]
            break
        special += 1
        position = outer[1]
        runs += _joined(Run(outer[0], inner[0], "mark"), Run(*inner, kind), Run(inner[1], outer[1], "mark"))
    else:
        _add_words(runs, text, position, len(text), username, special)
        return runs
    return [*runs, Run(position, len(text), "words")]


def mentions(text: str, username: str) -> bool:
    """Whether a text speaks to the one who has this name."""
    return bool(username) and any(run.kind == "mention" for run in parse(text, username))


def _joined(*runs: Run) -> list[Run]:
    return [run for run in runs if run.start < run.end]


def _add_words(runs: list[Run], text: str, start: int, end: int, username: str, special: int) -> int:
    """Add the runs of a part without code; gives how many special ones there are now."""
    part = text[start:end]
    position = 0
    for found in _find_special(part, username):
        if special >= MOST_SPECIAL:
            break
        special += 1
        if found.start > position:
            runs.append(Run(start + position, start + found.start, "words"))
        if isinstance(found, Address):
            runs.append(Run(start + found.start, start + found.end, "link", found.target, found.doubtful))
        else:
            runs.append(Run(start + found.start, start + found.end, found.kind))
        position = found.end
    if position < len(part):
        runs.append(Run(start + position, end, "words"))
    return special


def _find_special(part: str, username: str) -> Iterator[Address | Run]:
    """Links and mentions in their order; one that begins within another is none."""
    named = _mention(username).finditer(part) if username else iter(())
    mention = next(named, None)
    for address in find_addresses(part):
        while mention is not None and mention.end() <= address.start:
            yield Run(*mention.span(), "mention")
            mention = next(named, None)
        while mention is not None and mention.start() < address.end:
            mention = next(named, None)
        yield address
    while mention is not None:
        yield Run(*mention.span(), "mention")
        mention = next(named, None)


@functools.lru_cache(16)
def _mention(username: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w@])@{re.escape(username)}(?!\w)", re.IGNORECASE)


Part = tuple[int, int]


def _find_code(text: str) -> Iterator[tuple[Part, Part, Literal["code", "block"]]]:
    """Code with its backticks, and without them. Code in a line ends in it; a block that begins a line may lack its end."""
    ticks = [found.span() for found in _TICKS.finditer(text)]
    partners = _partners(ticks)
    number = taken = 0
    while number < len(ticks):
        start, inner = ticks[number]
        partner = partners[number]
        number += 1
        if inner - start >= _FENCE:
            if partner is None and start and text[start - 1] != "\n":
                continue
            stop, end = (len(text), len(text)) if partner is None else ticks[partner]
            block = _block(text, taken, (start, end), (inner, stop))
            if block is not None:
                yield block
                taken = block[0][1]
                number = len(ticks) if partner is None else partner + 1
        elif partner is not None and "\n" not in text[inner : ticks[partner][0]]:
            taken = ticks[partner][1]
            yield (start, taken), (inner, ticks[partner][0]), "code"
            number = partner + 1


def _partners(ticks: list[Part]) -> list[int | None]:
    """For each run of backticks the next one that could end what it begins: one of its length, or any fence for a fence."""
    partners: list[int | None] = []
    following: dict[int, int] = {}
    for number in range(len(ticks) - 1, -1, -1):
        length = min(_FENCE, ticks[number][1] - ticks[number][0])
        partners.append(following.get(length))
        following[length] = number
    return partners[::-1]


def _block(text: str, taken: int, outer: Part, within: Part) -> tuple[Part, Part, Literal["block"]] | None:
    """A block without its language and the line breaks beside its fences; None if nothing is left of it.

    What is before `taken` belongs to other code.
    """
    (start, end), (inner, stop) = outer, within
    language = _LANGUAGE.match(text, inner, stop)
    if language is not None:
        inner = language.end()
    if inner < stop and text[stop - 1] == "\n":
        stop -= 1
    if not text[inner:stop].strip():
        return None
    if start > taken and text[start - 1] == "\n":
        start -= 1
    return (start, end + (text[end : end + 1] == "\n")), (inner, stop), "block"
