"""Spans do what sets of numbers do."""

from hypothesis import given
from hypothesis import strategies as st

from chat.protocol.spans import (
    Span,
    add_span,
    are_spans,
    from_number,
    gaps,
    has_number,
    intersect,
    missing,
    newest,
    size,
    subtract,
    touches,
)

pairs = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)), max_size=12)


def spans_of(chosen: list[tuple[int, int]]) -> list[Span]:
    spans: list[Span] = []
    for first, more in chosen:
        add_span(spans, first, first + more)
    return spans


def numbers(spans: list[Span]) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


@given(chosen=pairs)
def test_adding_gives_the_union_in_the_only_form(chosen: list[tuple[int, int]]) -> None:
    spans = spans_of(chosen)
    assert numbers(spans) == {number for first, more in chosen for number in range(first, first + more + 1)}
    assert are_spans(spans)
    assert size(spans) == len(numbers(spans))


@given(chosen=pairs, others=pairs, number=st.integers(1, 80))
def test_the_rest_agrees_with_sets(chosen: list[tuple[int, int]], others: list[tuple[int, int]], number: int) -> None:
    one, two = spans_of(chosen), spans_of(others)
    assert numbers(subtract(one, two)) == numbers(one) - numbers(two)
    assert numbers(intersect(one, two)) == numbers(one) & numbers(two)
    assert numbers(from_number(one, number)) == {other for other in numbers(one) if other >= number}
    assert numbers(newest(one, number)) == set(sorted(numbers(one))[-number:])
    assert has_number(one, number) is (number in numbers(one))
    assert touches(one, number) is bool({number - 1, number + 1} & numbers(one))
    for result in (subtract(one, two), intersect(one, two), from_number(one, number), newest(one, number)):
        assert are_spans(result)


@given(chosen=pairs)
def test_what_is_missing(chosen: list[tuple[int, int]]) -> None:
    spans = spans_of(chosen)
    top = max(numbers(spans), default=0)
    assert numbers(list(missing(spans))) == set(range(1, top + 1)) - numbers(spans)
    assert numbers(list(gaps(spans))) == numbers(list(missing(spans))) - set(range(1, min(numbers(spans), default=1)))


@given(chosen=st.lists(st.tuples(st.integers(-2, 20), st.integers(-2, 20)), max_size=5))
def test_pairs_from_outside_are_taken_only_in_the_only_form(chosen: list[tuple[int, int]]) -> None:
    proper = all(1 <= first <= last for first, last in chosen) and spans_of([(first, last - first) for first, last in chosen]) == chosen
    assert are_spans(chosen) is proper
