"""Breaking text into lines."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.text import clean_text
from chat.window.lines import MOST_EMOJI, Line, break_lines, split_emoji, without_emoji
from tests.window.conftest import Bench

ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
TEXTS = st.text(st.sampled_from("ab W\n 😀👍🏽é日\u0301\u200d\ufe0f🇩🇪1\u20e3"), max_size=120)


def break_up(bench: Bench, text: str, width: int) -> list[Line]:
    return break_lines(text, width, "body", bench.theme, bench.paint, "#FFFFFF", 18)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS, width=st.integers(40, 300))
def test_no_line_is_too_wide_and_no_word_is_lost(bench: Bench, text: str, width: int) -> None:
    shown = clean_text(text)[0]
    lines = break_up(bench, shown, width)
    assert all(line.width <= width for line in lines)
    pieces = [piece for line in lines for piece in line.pieces]
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(shown.split())
    for piece in pieces:
        assert shown[piece.start : piece.start + len(piece.text)] == piece.text


@given(text=TEXTS)
def test_the_parts_are_the_text(text: str) -> None:
    assert "".join(part for _, part in split_emoji(text)) == text


@pytest.mark.parametrize("emoji", ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "1️⃣", "❤️", "👩🏽‍💻", "🅰️", ENGLAND])
def test_an_emoji_is_one_picture(bench: Bench, emoji: str) -> None:
    assert split_emoji(f"a{emoji}b") == [(False, "a"), (True, emoji), (False, "b")]
    (line,) = break_up(bench, emoji, 200)
    assert [(piece.text, piece.picture is not None) for piece in line.pieces] == [(emoji, True)]
    assert without_emoji(f"a{emoji}b") == "a□b"


def test_a_text_of_nothing_but_different_emoji_does_not_stop_the_window(bench: Bench) -> None:
    many = "".join(chr(code) for code in range(0x1F300, 0x1F540))
    pictures = {str(piece.picture) for line in break_up(bench, many, 400) for piece in line.pieces}
    assert len(pictures) == MOST_EMOJI + 1


def test_line_breaks_stay(bench: Bench) -> None:
    assert ["".join(piece.text for piece in line.pieces) for line in break_up(bench, "one\n\ntwo words", 400)] == ["one", "", "two words"]


def test_words_without_spaces_between_them_fill_their_lines(bench: Bench) -> None:
    lines = break_up(bench, "hello " + "日本語の文章は空白なしで続きます。" * 6, 200)
    wide = bench.theme.width("日", "body")
    assert all(line.width > 200 - 3 * wide for line in lines[:-1])
    assert not any(line.pieces[0].text.startswith("。") for line in lines)
