"""The message box, by keyboard."""

import functools

import pytest

from chat.window.composer import MOST_LINES, Composer
from tests.window.conftest import Bench

LIMIT = 100


class Sent(list[str]):
    """What was sent."""


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def composer(bench: Bench, sent: Sent) -> Composer:
    made = Composer(bench.root, bench.theme, bench.paint, sent.append, LIMIT)
    made.pack(side="bottom", fill="x")
    bench.look()
    return made


def words(composer: Composer) -> str:
    return str(composer._words["text"]) if composer._line.winfo_ismapped() else ""


def counter(composer: Composer) -> str:
    return str(composer._counter["text"]) if composer._line.winfo_ismapped() else ""


def has_lines(composer: Composer, lines: int) -> bool:
    return int(composer.text["height"]) == lines


def test_return_sends_and_empties_the_box(bench: Bench, composer: Composer, sent: Sent) -> None:
    bench.press(composer.text, "<h>", "<i>", "<Return>")
    assert sent == ["hi"]
    assert composer.content() == ""


def test_shift_return_breaks_the_line(bench: Bench, composer: Composer, sent: Sent) -> None:
    bench.press(composer.text, "<a>", "<Shift-Return>", "<b>")
    assert composer.content() == "a\nb"
    bench.press(composer.text, "<KP_Enter>")
    assert sent == ["a\nb"]


def test_nothing_but_spaces_is_not_sent(bench: Bench, composer: Composer, sent: Sent) -> None:
    bench.press(composer.text, "<space>", "<Return>")
    assert sent == []


def test_it_grows_to_six_lines(bench: Bench, composer: Composer) -> None:
    low = composer.winfo_height()
    for lines in (2, 6, 30):
        composer.text.delete("1.0", "end")
        composer.text.insert("1.0", "\n".join("x" * lines))
        bench.wait(functools.partial(has_lines, composer, min(lines, MOST_LINES)))
    bench.wait(lambda: composer.winfo_height() > low)
    composer.text.delete("1.0", "end")
    bench.wait(lambda: composer.winfo_height() == low)


def test_the_counter_shows_near_the_limit_in_bytes(bench: Bench, composer: Composer) -> None:
    composer.text.insert("1.0", "é" * 39)
    bench.look()
    assert counter(composer) == ""
    composer.text.insert("end", "é")
    bench.look()
    assert counter(composer) == "80 of 100 bytes"


def test_a_text_of_the_limit_is_sent_and_one_byte_more_is_refused_and_kept(bench: Bench, composer: Composer, sent: Sent) -> None:
    composer.text.insert("1.0", "x" * (LIMIT + 1))
    bench.press(composer.text, "<Return>")
    assert sent == []
    assert composer.content() == "x" * (LIMIT + 1)
    assert "too long by 1 byte" in words(composer)
    assert composer.text.winfo_width() > 500
    bench.press(composer.text, "<BackSpace>", "<Return>")
    assert sent == ["x" * LIMIT]
    assert words(composer) == ""


def test_a_text_that_was_not_taken_comes_back_before_what_was_typed_since(bench: Bench, composer: Composer) -> None:
    bench.press(composer.text, "<n>", "<e>", "<w>")
    composer.restore("old")
    assert composer.content() == "old\nnew"


def test_an_enormous_clipboard_is_kept_out(bench: Bench, composer: Composer) -> None:
    bench.root.clipboard_clear()
    bench.root.clipboard_append("x" * 1_000_000)
    bench.press(composer.text, "<<Paste>>")
    assert composer.content() == ""
    assert "too long" in words(composer)
    bench.root.clipboard_clear()
    bench.root.clipboard_append("fine")
    bench.press(composer.text, "<<Paste>>")
    assert composer.content() == "fine"


def test_the_hint_shows_only_in_an_empty_box(bench: Bench, composer: Composer) -> None:
    assert composer._hint.winfo_ismapped()
    caret = composer.text.bbox("1.0")
    assert caret is not None
    assert 0 <= composer._hint.winfo_x() - caret[0] <= 4
    bench.press(composer.text, "<a>")
    assert not composer._hint.winfo_ismapped()
    bench.press(composer.text, "<BackSpace>")
    assert composer._hint.winfo_ismapped()
