"""In which direction each sign of a paragraph runs, and in which order its parts stand in a line (Unicode Standard Annex 9).

Signs that set directions by themselves are cleaned away before anything is shown (`chat.text`), so what is left of the algorithm are
its rules for the signs as they are: P2 and P3, W1 to W7, N0 to N2, I1 and I2, and L2. Isolates come from what a text is made of: code
and addresses stand for themselves.
"""

import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

MOST_BRACKETS: Final = 200
"""Pairs of brackets in one paragraph that are looked at; the rest are like other signs."""
_DEEPEST: Final = 63
_CLASSES: Final = {
    "L": "L", "R": "R", "AL": "A", "EN": "E", "AN": "D", "ES": "S", "ET": "T", "CS": "C", "NSM": "M", "BN": "M", "": "L",
}  # fmt: skip
_LEVELS: Final = (
    bytes.maketrans(b"LREDN", bytes((0, 1, 2, 2, 0))),
    bytes.maketrans(b"LREDN", bytes((2, 1, 2, 2, 1))),
)
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_STRONG: Final = re.compile("[LRA]")
_FARTHEST: Final = 4
"""How far apart in Unicode an opening bracket and its closing one are at most."""

Part = tuple[int, int]
Isolate = tuple[int, int, bool | None]
"""From and to, and whether it runs from right to left; None for as its first strong letter does."""


class _Classes(dict[str, str]):
    """The classes of signs, one letter each: L, R, A, E, D (Arabic number), S, T, C, M, and N for all others."""

    def __missing__(self, sign: str) -> str:
        kind = _CLASSES.get(unicodedata.bidirectional(sign), "N")
        if len(self) < 20_000:
            self[sign] = kind
        return kind


_CLASS_OF: Final = _Classes()


def embedding_levels(text: str, right_to_left: bool | None = None, isolates: Sequence[Isolate] = ()) -> tuple[bytes, bool]:
    """The level of each sign of a paragraph, even from left to right and odd from right to left, and whether the paragraph itself runs
    from right to left: by its first strong letter, unless that is given.

    `isolates` are parts, in their order, that are laid out for themselves and do not change what is around them.
    Takes time in proportion to the text's length.
    """
    if not right_to_left and _RIGHT_TO_LEFT.search(text) is None:
        return bytes(len(text)), False
    classes = "".join(map(_CLASS_OF.__getitem__, text))
    for start, end, _ in isolates:
        classes = classes[:start] + "N" * (end - start) + classes[end:]
    if right_to_left is None:
        strong = _STRONG.search(classes)
        right_to_left = strong is not None and strong.group() != "L"
    levels = bytearray(_resolve(classes, text, right_to_left))
    for start, end, backwards in isolates:
        levels[start:end] = bytes(2 + level for level in embedding_levels(text[start:end], backwards)[0])
    return bytes(levels), right_to_left


def visual_order(levels: Sequence[int]) -> list[int]:
    """The places of a line's parts as they stand from the left, if these are their levels (rule L2)."""
    order = list(range(len(levels)))
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = end + 1
    return order


def places_in_line(levels: Sequence[int], widths: Sequence[int], gaps: Sequence[int], begin: int) -> list[int]:
    """Where each part of a line begins, from the left. `gaps` are between each part and the one after it in the text."""
    places = [0] * len(levels)
    room = sum(gaps)
    x, before = begin, -1
    for part in visual_order(levels):
        if before >= 0:
            first, second = sorted((before, part))
            # Parts that are no neighbours in the text need the gap that each of them has on its sides.
            gap = gaps[first] if second - first == 1 else max(_least_gap(gaps, first), _least_gap(gaps, second))
            x, room = x + min(gap, room), room - min(gap, room)
        places[part] = x
        x, before = x + widths[part], part
    return places


def _least_gap(gaps: Sequence[int], part: int) -> int:
    return min(gaps[max(0, part - 1) : part + 1])


def _resolve(classes: str, text: str, right_to_left: bool) -> bytes:
    around = "R" if right_to_left else "L"
    # What is before the paragraph counts as a strong letter in its direction, and stands in front while the rules are applied.
    classes = _resolve_weak(around + classes)
    classes = _resolve_brackets(classes, text, around)

    def neutral(found: re.Match[str]) -> str:
        before, after = _strong(classes[found.start() - 1]), _strong(classes[found.end() : found.end() + 1] or around)
        return (before if before == after else around) * len(found.group())

    return re.sub("N+", neutral, classes)[1:].encode().translate(_LEVELS[right_to_left])


def _resolve_weak(classes: str) -> str:
    classes = re.sub("(?<=(.))M+", lambda found: found[1] * len(found.group()), classes)
    classes = re.sub("A[^LRA]*", lambda found: found.group().replace("E", "D"), classes).replace("A", "R")
    classes = re.sub("(?<=E)[SC](?=E)", "E", classes)
    classes = re.sub("(?<=D)C(?=D)", "D", classes)
    before = classes
    classes = re.sub("T+", lambda found: _beside_number(before, found), classes)
    classes = re.sub("[STC]", "N", classes)
    return re.sub("L[^LR]*", lambda found: found.group().replace("E", "L"), classes)


def _beside_number(classes: str, found: re.Match[str]) -> str:
    beside = classes[found.start() - 1] == "E" or classes[found.end() : found.end() + 1] == "E"
    return ("E" if beside else "T") * len(found.group())


def _strong(kind: str) -> str:
    return "L" if kind == "L" else "R"


def _resolve_brackets(classes: str, text: str, around: str) -> str:
    """Both brackets of a pair run as what they hold, or as what is before them (rule N0)."""
    resolved = bytearray(classes, "ascii")
    for opening, closing in _bracket_pairs(classes, text):
        held = resolved[opening + 1 : closing]
        kinds = {kind for kind, signs in (("L", b"L"), ("R", b"RED")) if any(sign in held for sign in signs)}
        if around in kinds:
            resolved[opening] = resolved[closing] = ord(around)
        elif kinds:
            before = max(range(4), key=lambda number: resolved.rfind(b"LRED"[number], 0, opening))
            kind = around if _strong("LRED"[before]) == around else kinds.pop()
            resolved[opening] = resolved[closing] = ord(kind)
    return resolved.decode("ascii")


def _bracket_pairs(classes: str, text: str) -> list[Part]:
    """Pairs of brackets by their places in `classes`, which has one sign more in front than the text; sorted by the first one."""
    pairs: list[Part] = []
    waiting: list[tuple[str, int]] = []
    brackets, closing_of = _brackets()
    for found in brackets.finditer(text):
        sign, place = found.group(), found.start() + 1
        if classes[place] != "N":
            continue
        closing = closing_of.get(sign)
        if closing is not None:
            if len(waiting) == _DEEPEST or len(pairs) == MOST_BRACKETS:
                break
            waiting.append((closing, place))
            continue
        number = next((number for number in reversed(range(len(waiting))) if waiting[number][0] == sign), None)
        if number is not None:
            pairs.append((waiting[number][1], place))
            del waiting[number:]
    return sorted(pairs)


@functools.cache
def _brackets() -> tuple[re.Pattern[str], dict[str, str]]:
    """What finds brackets that are mirrored, and the closing one of each that opens."""
    closing: dict[str, str] = {}
    for code in (*range(0x28, 0x7C), *range(0x0F3A, 0x0F3E), *range(0x169B, 0x169D), *range(0x2045, 0x2E60), *range(0x3008, 0x301C),
                 *range(0xFE59, 0xFE5F), *range(0xFF08, 0xFF64)):  # fmt: skip
        sign = chr(code)
        if unicodedata.category(sign) == "Ps" and unicodedata.mirrored(sign):
            after = (chr(other) for other in range(code + 1, code + _FARTHEST))
            closing[sign] = next((other for other in after if unicodedata.category(other) == "Pe" and unicodedata.mirrored(other)), "")
    closing |= {"\u298d": "\u2990", "\u298f": "\u298e"}
    closing = {opening: other for opening, other in closing.items() if other}
    return re.compile("[" + "".join(re.escape(sign) for sign in {*closing, *closing.values()}) + "]"), closing
