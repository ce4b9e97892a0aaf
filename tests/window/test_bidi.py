"""Directions, against the results that Unicode publishes (BidiCharacterTest.txt, version 15) and the sentences of the annex."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.window.bidi import MOST_BRACKETS, embedding_levels, places_in_line, visual_order

MIXED = st.text(st.sampled_from("ab 1+,$([)]!אבابت٣\u0301"), max_size=60)


@pytest.mark.parametrize(
    ("codes", "right_to_left", "levels", "order"),
    [
        ("05D0 0029 05D1 0061 0028 0029", False, "1 1 1 0 0 0", "2 1 0 3 4 5"),
        ("0061 0028 2680 0062 0029 2681 0028", True, "2 2 2 2 2 1 1", "6 5 0 1 2 3 4"),
        ("0028 0061 005B 0062 05D0 0029 05D1", True, "1 2 2 2 1 1 1", "6 5 4 1 2 3 0"),
        ("05D0 0028 005B 0061 0029 0062 005D", False, "1 0 0 0 0 0 0", "0 1 2 3 4 5 6"),
        ("0029 2680 0028 0061 2681 0062 0029", True, "1 1 1 2 2 2 1", "6 3 4 5 2 1 0"),
        ("0028 05D0 0029 0031", True, "1 1 1 2", "3 2 1 0"),
        ("0661 0028 0627 0029", True, "2 1 1 1", "3 2 1 0"),
        ("05D0 0020 3008 05D1 002E 0031 3009", False, "1 1 1 1 1 2 1", "6 5 4 3 2 1 0"),
        ("062A 0031 002F 0032", True, "1 2 2 2", "1 2 3 0"),
        ("0028 0627 05D0 0029 0020 0031 002D 0032", False, "0 1 1 0 0 2 2 2", "0 2 1 3 4 5 6 7"),
        ("0028 0627 0029 0020 0031 002A 0032", False, "0 1 0 0 2 1 2", "0 1 2 3 6 5 4"),
        ("0028 0627 0029 0020 0031 002E 0032", False, "0 1 0 0 2 2 2", "0 1 2 3 4 5 6"),
        ("0031 0028 0061 0029", True, "2 1 2 1", "3 2 1 0"),
        ("05D0 0029 0028 0301 0031 0029", False, "1 1 1 1 2 1", "5 4 3 2 1 0"),
        ("0661 0028 0662 0029 0331", True, "2 1 2 1 1", "4 3 2 1 0"),
    ],
)  # fmt: skip
def test_levels_and_order_are_those_of_the_standard(codes: str, right_to_left: bool, levels: str, order: str) -> None:
    text = "".join(chr(int(code, 16)) for code in codes.split())
    found, _ = embedding_levels(text, right_to_left)
    assert " ".join(map(str, found)) == levels
    assert " ".join(map(str, visual_order(found))) == order


@pytest.mark.parametrize(("text", "expected"), [("12. אב a", True), ("12. a אב", False), ("1 !", False), ("", False)])
def test_a_paragraph_runs_as_its_first_letter_does(text: str, expected: bool) -> None:
    assert embedding_levels(text)[1] == expected


def test_what_stands_for_itself_changes_nothing_around_it() -> None:
    text = "אב /a/ ג"
    alone = text.index("/"), text.rindex("/") + 1, False
    assert embedding_levels(text, None, [alone]) == (bytes((1, 1, 1, 2, 2, 2, 1, 1)), True)
    assert embedding_levels("/אב/ a", None, [(0, 4, False)]) == (bytes((2, 3, 3, 2, 0, 0)), False)
    assert embedding_levels("a @אב", None, [(2, 5, None)])[0] == bytes((0, 0, 3, 3, 3))


@given(text=MIXED, right_to_left=st.sampled_from([None, True, False]))
def test_every_sign_has_a_level(text: str, right_to_left: bool | None) -> None:
    levels, backwards = embedding_levels(text, right_to_left)
    assert len(levels) == len(text)
    assert set(levels) <= ({1, 2} if backwards else {0, 1, 2})
    assert sorted(visual_order(levels)) == list(range(len(text)))


@given(parts=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50), st.integers(0, 5)), min_size=1, max_size=12))
def test_parts_of_a_line_stand_beside_each_other_in_its_width(parts: list[tuple[int, int, int]]) -> None:
    levels, widths, gaps = (list(column) for column in zip(*parts, strict=True))
    places = places_in_line(levels, widths, gaps[:-1], 10)
    ends = 10
    for part in visual_order(levels):
        assert places[part] >= ends
        ends = places[part] + widths[part]
    assert ends <= 10 + sum(widths) + sum(gaps[:-1])


def test_brackets_without_number_are_no_more_work_than_other_signs() -> None:
    for text in ("(א" * 60_000, "(א)" * 60_000, "א" + "(" * 60_000, "[(" * 100 + "א" + ")]" * 100):
        assert len(embedding_levels(text)[0]) == len(text)
    assert embedding_levels("a" + "(א)" * (MOST_BRACKETS + 1), False)[0][-1] == 0
