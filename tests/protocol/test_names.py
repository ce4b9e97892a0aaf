"""Usernames: one form, nothing invisible, and which names look alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import EntryError
from chat.protocol.limits import NAME_BYTES
from chat.protocol.names import is_normal_name, normalise_name, skeleton


@pytest.mark.parametrize(
    ("typed", "normal"), [("  Ada  Lovelace ", "Ada Lovelace"), ("Cafe\u0301", "Café"), ("李小龙", "李小龙"), ("Åsa 🙂", "Åsa 🙂")]
)
def test_one_form(typed: str, normal: str) -> None:
    assert normalise_name(typed) == normal


@pytest.mark.parametrize("typed", ["", " \t ", "a\u202eb", "a\u200bb", "a\x1b[31m", "a\ud800", "x" * (NAME_BYTES + 1), "e" + "\u0323" * 9])
def test_what_is_refused(typed: str) -> None:
    with pytest.raises(EntryError) as refused:
        normalise_name(typed)
    assert refused.value.field == "username"


@given(text=st.text(max_size=80))
def test_a_normal_name_stays_as_it_is(text: str) -> None:
    try:
        name = normalise_name(text)
    except EntryError:
        assert not is_normal_name(text)
        return
    assert is_normal_name(name)
    assert len(name.encode()) <= NAME_BYTES


@pytest.mark.parametrize(
    ("name", "alike"),
    [
        ("Bob", "ВОВ"),
        ("Bob", "b0b"),
        ("paypal", "раураl"),
        ("Ian", "lan"),
        ("Ada", "Àda"),
        ("Ada", "A d a"),
        ("Ada", "𝐀𝐝𝐚"),
        ("Ada", "ada"),
    ],
)
def test_names_that_look_alike(name: str, alike: str) -> None:
    assert skeleton(name) == skeleton(alike)


def test_names_that_differ() -> None:
    names = ["Ada", "Bob", "Grace", "Linus", "Åsa", "Anna", "Hanna", "李小龙", "王芳", "Зоя", "محمد"]
    assert len({skeleton(name) for name in names}) == len(names)


@given(name=st.text(max_size=40), spaces=st.integers(0, 3))
def test_spaces_never_make_another_name(name: str, spaces: int) -> None:
    assert skeleton(" " * spaces + name) == skeleton(name)
