"""Sets of sequence numbers as spans: (first, last) pairs, both included, in order, never touching each other."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

Span = tuple[int, int]


def add_span(spans: list[Span], first: int, last: int) -> None:
    """Add the numbers from `first` to `last`."""
    start = bisect_left(spans, first - 1, key=_last)
    end = bisect_right(spans, last + 1, key=_first)
    if start < end:
        first, last = min(first, spans[start][0]), max(last, spans[end - 1][1])
    spans[start:end] = [(first, last)]


def has_number(spans: Sequence[Span], number: int) -> bool:
    """Whether a number is in the set."""
    place = bisect_left(spans, number, key=_last)
    return place < len(spans) and spans[place][0] <= number


def touches(spans: Sequence[Span], number: int) -> bool:
    """Whether adding a number would only make a span longer."""
    return has_number(spans, number - 1) or has_number(spans, number + 1)


def subtract(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The numbers of `spans` that are not in `others`."""
    left: list[Span] = []
    for first, last in spans:
        start = first
        for place in range(bisect_left(others, first, key=_last), len(others)):
            low, high = others[place]
            if low > last:
                break
            if low > start:
                left.append((start, low - 1))
            start = high + 1
        if start <= last:
            left.append((start, last))
    return left


def intersect(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The numbers that are in both."""
    return subtract(spans, subtract(spans, others))


def from_number(spans: Sequence[Span], least: int) -> list[Span]:
    """The numbers that are not below `least`."""
    return [(max(first, least), last) for first, last in spans if last >= least]


def newest(spans: Sequence[Span], count: int) -> list[Span]:
    """The `count` highest numbers, in order."""
    taken: list[Span] = []
    for first, last in reversed(spans):
        if count <= 0:
            break
        taken.append((max(first, last - count + 1), last))
        count -= last - first + 1
    return taken[::-1]


def size(spans: Sequence[Span]) -> int:
    """How many numbers there are."""
    return sum(last - first + 1 for first, last in spans)


def gaps(spans: Sequence[Span]) -> Iterator[Span]:
    """The numbers that are missing between spans."""
    for place in range(1, len(spans)):
        yield spans[place - 1][1] + 1, spans[place][0] - 1


def missing(spans: Sequence[Span]) -> Iterator[Span]:
    """The numbers from 1 up that are missing before the last one."""
    if spans and spans[0][0] > 1:
        yield 1, spans[0][0] - 1
    yield from gaps(spans)


def are_spans(pairs: Sequence[Span]) -> bool:
    """Whether pairs from outside are what this module expects: from 1 up, in order, not touching."""
    end = -1
    for first, last in pairs:
        if first < max(1, end + 2) or last < first:
            return False
        end = last
    return True


def _first(span: Span) -> int:
    return span[0]


def _last(span: Span) -> int:
    return span[1]
