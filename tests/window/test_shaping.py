"""Scripts that Tk can't draw on X11: in the right order, joined, and themselves again when they are copied."""

import itertools
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, features

from chat.text import clean_text
from chat.window import shaping
from chat.window.lines import Line, Piece, break_lines, name_line
from chat.window.operations import canvas_items, line_operations
from chat.window.selection import Selection, selected_text
from chat.window.shaping import draw_shaped, needs_shaping, runs_right_to_left, same_script, shaped_parts
from chat.window.theme import DARK, Theme
from chat.window.transcript import Transcript
from tests.window.conftest import Bench
from tests.window.samples import message
from tests.window.test_transcript import check_drawing, transcript

__all__ = ["transcript"]

ARABIC, HEBREW, HINDI = "مرحبا بالعالم", "שלום עולם", "नमस्ते दुनिया"
TEXTS = st.text(st.sampled_from("ab .(1)\n😀مرحباשלםनमस्तेก\u0301\u200d,"), max_size=80)


def break_up(bench: Bench, text: str, width: int = 400) -> list[Line]:
    return break_lines(text, width, "body", bench.theme, bench.paint, "#FFFFFF", 18)


def from_the_left(line: Line) -> list[Piece]:
    return sorted(line.pieces, key=lambda piece: (piece.x, piece.width))


def words_from_the_left(line: Line) -> list[str]:
    return [piece.text.strip() for piece in from_the_left(line) if piece.text.strip()]


@given(text=TEXTS, right_to_left=st.booleans())
def test_the_parts_are_the_text(text: str, right_to_left: bool) -> None:
    parts = list(shaped_parts(text, right_to_left))
    assert "".join(part for _, part in parts) == text
    assert all(part for _, part in parts)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS, width=st.integers(60, 300))
def test_no_line_is_too_wide_and_nothing_is_lost(bench: Bench, text: str, width: int) -> None:
    shown = clean_text(text)[0]
    lines = break_up(bench, shown, width)
    pieces = [piece for line in lines for piece in line.pieces]
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(shown.split())
    for piece in pieces:
        assert shown[piece.start : piece.start + len(piece.text)] == piece.text
    for line in lines:
        assert line.width <= width
        placed = from_the_left(line)
        for left, right in itertools.pairwise(placed):
            assert left.x + left.width <= right.x
        assert all(piece.x >= 0 and piece.x + piece.width <= line.width for piece in placed)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (f"say {ARABIC} 12 now", [("", "say "), ("rtl", f"{ARABIC} 12"), ("", " now")]),
        (f"{HEBREW} (abc def).", [("rtl", f"{HEBREW} ("), ("", "abc def"), ("rtl", ").")]),
        (f"{HINDI}, yes", [("ltr", HINDI), ("", ", yes")]),
        (f"{ARABIC} {HEBREW}!", [("rtl", f"{ARABIC} "), ("rtl", f"{HEBREW}!")]),
        (f"{HEBREW} {HINDI}", [("rtl", f"{HEBREW} "), ("ltr", HINDI)]),
        ("nothing of that kind", [("", "nothing of that kind")]),
    ],
)
def test_what_is_drawn_how(text: str, parts: list[tuple[str, str]]) -> None:
    assert list(shaped_parts(text, runs_right_to_left(text))) == parts


def test_a_paragraph_runs_as_its_first_letter_does() -> None:
    assert runs_right_to_left(f"12. {ARABIC} abc")
    assert not runs_right_to_left(f"12. abc {ARABIC}")
    assert not runs_right_to_left(f"12\n{ARABIC}")
    assert runs_right_to_left(f"12\n{ARABIC}", 3)
    assert needs_shaping(f"abc {HINDI}")
    assert not needs_shaping("abc é 日本語 😀")


def test_scripts_are_told_apart() -> None:
    assert same_script(ARABIC, " 12")
    assert same_script("(", HEBREW)
    assert not same_script(ARABIC, HEBREW)


def test_it_begins_at_the_right(bench: Bench) -> None:
    (line,) = break_up(bench, f"{HEBREW} abc def 😀 {ARABIC}")
    assert line.right_to_left
    assert words_from_the_left(line) == [ARABIC, "😀", "abc def", HEBREW]
    (line,) = break_up(bench, f"abc {HEBREW} 😀 def")
    assert not line.right_to_left
    assert words_from_the_left(line) == ["abc", HEBREW, "😀", "def"]


def test_words_of_other_scripts_keep_their_order_in_it(bench: Bench) -> None:
    (line,) = break_up(bench, f"{HEBREW} abc {HINDI} def")
    assert words_from_the_left(line) == ["abc", HINDI, "def", HEBREW]


def test_each_paragraph_for_itself(bench: Bench) -> None:
    lines = break_up(bench, f"{ARABIC}\nabc {ARABIC}\n\n{HEBREW}")
    assert [line.right_to_left for line in lines] == [True, False, False, True]


def test_a_word_wider_than_a_line_keeps_its_signs_whole(bench: Bench) -> None:
    word = "नि" * 150
    lines = break_up(bench, word, 100)
    assert len(lines) > 5
    assert all(len(piece.text) % 2 == 0 and piece.text[0] == "न" for line in lines for piece in line.pieces)


def ink(text: str) -> Image.Image:
    return draw_shaped(text, "rtl", 40, False, "#000000", 40, 60, 5).getchannel("A")


def test_letters_are_joined_and_begin_at_the_right() -> None:
    assert ink("\u0628\u0628").width < ink("\u0628\u0640\u0628").width < 2 * ink("\u0628").width
    first, both = ink("\u05d0"), ink("\u05d0\u05d1")
    at_the_right = both.crop((both.width - first.width, 0, both.width, both.height))
    assert ImageChops.difference(first.crop((5, 0, *first.size)), at_the_right.crop((5, 0, *first.size))).getextrema() == (0, 0)
    assert ImageChops.difference(both, ink("\u05d1\u05d0")).getbbox() is not None


def test_the_colour_is_that_of_the_look(bench: Bench) -> None:
    theme = Theme(bench.root, DARK, 2.0)
    picture = theme.draw_shaped(HEBREW, "body", "rtl", "#FF8040")
    assert picture.getpixel((0, 0)) == (0xFF, 0x80, 0x40, 0)
    solid = [colour for _, colour in picture.getcolors(100_000) or [] if isinstance(colour, tuple) and colour[3] > 250]
    assert solid
    assert {colour[:3] for colour in solid} == {(0xFF, 0x80, 0x40)}
    theme.close()


def test_a_name_is_shortened_on_its_left(bench: Bench) -> None:
    line = name_line(ARABIC * 30, 150, "name", bench.theme, bench.paint, "#FFFFFF")
    assert line.width <= 150
    assert from_the_left(line)[0].text == "…"
    (operation, *_) = line_operations(line, 0, 0, 18, "name", "#000000", bench.theme)
    ((kind, *_),) = canvas_items(operation, 0, "row1", bench.theme, bench.paint)
    assert kind == "image"


def test_what_is_copied_is_what_was_written(bench: Bench, transcript: Transcript) -> None:
    text = f"{ARABIC} abc 12 {HEBREW}\nand {HINDI}"
    transcript.add([(message(1, text), None)])
    bench.look()
    check_drawing(transcript)
    row = transcript.rows[-1]
    assert row.layout is not None
    spans = sorted(row.layout.spans, key=lambda span: span.start)
    assert "".join("".join(span.text.split()) for span in spans) == "".join(text.split())
    whole = Selection(row, 0, row, len(text))
    assert selected_text(whole, [(row, row.layout.text)]) == text


def test_the_time_stands_below_and_not_over_it(bench: Bench, transcript: Transcript) -> None:
    transcript.add([(message(1, HEBREW), None), (message(2, "abc def ghi"), None)])
    bench.look()
    right, left = (row.layout for row in transcript.rows if row.message is not None)
    assert right is not None
    assert left is not None
    assert right.height > left.height


@pytest.fixture
def _asked_anew() -> Iterator[None]:
    caches = (shaping._font_file, shaping._is_possible, shaping.shaped_width)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("_asked_anew")
@pytest.mark.parametrize("missing", ["program", "font", "library"])
def test_without_what_it_takes_it_is_plain(bench: Bench, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    match missing:
        case "program":
            monkeypatch.setenv("PATH", "")
        case "font":
            monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, "", ""))
        case _:
            monkeypatch.setattr(features, "check", lambda _: False)
    (line,) = break_up(bench, f"{ARABIC} abc")
    assert [(piece.text, piece.shaped) for piece in line.pieces] == [(f"{ARABIC} abc", "")]
