"""Passphrases: one form for all keyboards, no weak ones, good ones on request."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import EntryError
from chat.passphrase import Strength, normalise_passphrase, rate_passphrase, suggest_passphrase


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("  four  wide\u00a0words here ", "four wide words here"),
        ("Caf\u0065\u0301 Zoë", "Café Zoë"),
        ("ｆｕｌｌ width", "full width"),
        ("Case Is Kept", "Case Is Kept"),
    ],
)
def test_one_form(typed: str, normal: str) -> None:
    assert normalise_passphrase(typed) == normal


@pytest.mark.parametrize("typed", ["", "   ", "a\x00b", "a\u200bb", "a\u202eb", "tab\x07", "\ue000", "\U000e0fff", "x" * 1025])
def test_what_is_refused(typed: str) -> None:
    with pytest.raises(EntryError) as refused:
        normalise_passphrase(typed)
    assert refused.value.field == "passphrase"
    assert typed.strip() == "" or typed not in str(refused.value)


@given(text=st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    try:
        normal = normalise_passphrase(text)
    except EntryError:
        return
    assert normalise_passphrase(normal) == normal
    assert unicodedata.is_normalized("NFKC", normal)


@pytest.mark.parametrize(
    ("passphrase", "strength"),
    [
        ("password", Strength.REFUSED),
        ("qwerty123", Strength.REFUSED),
        ("purple tin box", Strength.WEAK),
        ("violet cactus dreams sideways", Strength.GOOD),
    ],
)
def test_how_hard_it_is_to_guess(passphrase: str, strength: Strength) -> None:
    rating = rate_passphrase(passphrase)
    assert rating.strength is strength
    assert bool(rating.sentence) == (strength is not Strength.GOOD)


def test_a_very_long_passphrase_is_rated_by_its_beginning() -> None:
    assert rate_passphrase("a" * 1000).strength is Strength.REFUSED


def test_suggestions_are_five_words_good_and_different() -> None:
    suggestions = {suggest_passphrase() for _ in range(5)}
    assert len(suggestions) == 5
    for suggestion in suggestions:
        assert len(suggestion.split()) == 5
        assert rate_passphrase(normalise_passphrase(suggestion)).strength is Strength.GOOD
