"""Cleaning: nothing dangerous comes through, nothing harmless is lost."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.text import LONGEST, MOST_LINES, clean_line, clean_text

ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
HOSTILE = st.text(st.characters() | st.sampled_from("\x00\x1b\r\n\t\x9b\u202e\u2066\u200b\u0301\ud83d\udc00\U000e0001\u2028"), max_size=300)


@settings(max_examples=1000)
@given(text=HOSTILE)
def test_nothing_dangerous_comes_through(text: str) -> None:
    shown, _ = clean_text(text)
    shown.encode()
    assert not any(unicodedata.category(sign) == "Cc" for sign in shown.replace("\n", ""))
    assert not any(unicodedata.bidirectional(sign) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"} for sign in shown)
    assert "\n" not in clean_line(text)


@given(text=HOSTILE)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    shown, cut = clean_text(text)
    if not cut:
        assert clean_text(shown)[0][:LONGEST] == shown[:LONGEST]


@pytest.mark.parametrize(
    "text",
    [
        "good morning",
        "två rader\ntill",
        "👨‍👩‍👧 🏳️‍🌈",
        "سلام דגש",
        "नमस्ते ภาษาไทย",
        "e\u0301a\u0300",
        "a  b",
        ENGLAND,
        "می\u200cخواهم",
        "བརྒྱུད",
        "לְבַּ֖ם",
    ],
)
def test_harmless_text_stays(text: str) -> None:
    assert clean_text(text) == (text, False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("\x1b[31mred\x00", "␛[31mred␀"),
        ("a\tb", "a    b"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("half \ud83d", "half \ufffd"),
        ("z" + "\u0310" * 50, "z" + "\u0310" * 3),
        ("ก" + "\u0e47" * 50, "ก" + "\u0e47" * 6),
        ("a\u200cb ی\u200c\u200cخ \u200c", "ab ی\u200cخ "),
        ("A\u2060d\u3164a\U000e0100", "Ada"),
        ("hid\U000e0068\U000e0069den\U000e007f", "hidden"),
    ],
)
def test_what_is_changed(text: str, shown: str) -> None:
    assert clean_text(text)[0] == shown


def test_long_texts_are_cut_and_said_to_be() -> None:
    assert clean_text("x" * 256_000) == ("x" * LONGEST, True)
    assert clean_text("\n" * 10_000) == ("\n" * (MOST_LINES - 1), True)
    assert clean_text("x\n" * (MOST_LINES - 1)) == ("x\n" * (MOST_LINES - 1), False)
    assert len(clean_line("name " * 10_000)) <= 300
