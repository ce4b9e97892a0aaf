"""Commands after a slash: what is one, and what it is taken for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.slash import COMMANDS, TERMINAL, WINDOW, as_place, as_typed, no_such_command, refusal, split_command

TEXTS = st.text(st.sampled_from("/ab \n\t") | st.characters(), max_size=30)


@given(text=TEXTS)
def test_a_text_is_a_command_or_a_message(text: str) -> None:
    name, rest = split_command(text)
    if text.startswith("//"):
        assert (name, rest) == ("", text[1:])
    elif text.startswith("/"):
        assert name.startswith("/")
        assert name == text.split()[0]
        assert rest == rest.strip()
        assert "".join((name + rest).split()) == "".join(text.split())
    else:
        assert (name, rest) == ("", text)


@given(message=TEXTS)
def test_every_message_can_be_typed(message: str) -> None:
    assert split_command(as_typed(message)) == ("", message)


@given(argument=st.text(st.sampled_from("0123456789٣² x-"), max_size=5), count=st.integers(0, 12))
def test_a_place(argument: str, count: int) -> None:
    place = as_place(argument, count)
    assert 0 <= place <= count
    assert not place or int(argument) == place
    for number in range(1, count + 1):
        assert as_place(str(number), count) == number


def test_what_can_not_be_meant_as_a_command_is_refused() -> None:
    assert as_place("9" * 10_000, 12) == 0
    for face in (WINDOW, TERMINAL):
        assert "/leave" in refusal("/leave", "the keys with me", face)
        assert refusal("/leave", "", face) == ""
        assert refusal("/search", "words", face) == ""
        assert refusal("/laeve", "", face) == no_such_command("/laeve", face)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/join home/den", ("/join", "home/den")),
        ("/search  a  b ", ("/search", "a  b")),
        ("/", ("/", "")),
        ("//etc", ("", "/etc")),
        (" /who", ("", " /who")),
        ("either/or", ("", "either/or")),
    ],
)
def test_examples(text: str, parts: tuple[str, str]) -> None:
    assert split_command(text) == parts


def test_the_one_that_was_meant_is_named() -> None:
    assert "/leave" in no_such_command("/laeve", WINDOW)
    assert "?" not in no_such_command("/settings", TERMINAL)
    assert "/help" in no_such_command("/xyzzy", TERMINAL)
    assert "\x1b" not in no_such_command("/\x1b[2J" + "x" * 10_000, TERMINAL)
    assert len(no_such_command("/" + "x" * 10_000, TERMINAL)) < 120


def test_each_command_is_there_once_in_each_face() -> None:
    for face in (WINDOW, TERMINAL):
        names = [command.name for command in face]
        assert len(set(names)) == len(names)
    assert {*WINDOW, *TERMINAL} == set(COMMANDS)
