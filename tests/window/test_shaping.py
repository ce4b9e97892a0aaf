"""Scripts that Tk can't draw on X11: in the right order, joined, and themselves again when they are copied."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageTk, features

from chat.text import clean_text
from chat.window import font_files, lines, paint, shaping
from chat.window.bidi import embedding_levels
from chat.window.font_files import FINDER, Finder, Fonts
from chat.window.lines import MOST_SHAPED, Line, Piece, break_lines, name_line
from chat.window.operations import canvas_items, line_operations
from chat.window.rows import Row
from chat.window.selection import Selection, offset_at, selected_text
from chat.window.shaping import LONGEST_PART, Shape, draw_shaped, fits, has_shaped, shaped_parts, shaped_width
from chat.window.theme import DARK, Theme
from chat.window.transcript import Transcript
from tests.window.conftest import Bench
from tests.window.samples import message
from tests.window.test_transcript import check_drawing, transcript

__all__ = ["transcript"]

ARABIC, HEBREW, HINDI, THAI = "مرحبا بالعالم", "שלום עולם", "नमस्ते दुनिया", "ภาษาไทยที่นี่"
TEXTS = st.text(st.sampled_from("ab .(1)\n😀مرحباשלםनमस्तेที่น\u0301\u200d,"), max_size=80)


@pytest.fixture(autouse=True)
def _letters(fonts: Fonts) -> None:
    missing = [name for letter, name in (("ب", "Arabic"), ("א", "Hebrew"), ("क", "Devanagari"), ("ก", "Thai")) if letter not in fonts.best]
    if missing:
        pytest.skip(f"no font has the letters of {' and '.join(missing)}; tests/run installs them")


def break_up(bench: Bench, text: str, width: int = 400) -> list[Line]:
    return break_lines(text, width, "body", bench.theme, bench.paint, "#FFFFFF", 18)


def from_the_left(line: Line) -> list[Piece]:
    return sorted(line.pieces, key=lambda piece: (piece.x, piece.width))


def words_from_the_left(line: Line) -> list[str]:
    return [piece.text.strip() for piece in from_the_left(line) if piece.text.strip()]


def shape(letter: str, *, right_to_left: bool = False) -> Shape:
    assert FINDER.found is not None
    return Shape(FINDER.found.best[letter], right_to_left)


@given(text=TEXTS.map(lambda text: text.translate({ord(sign): None for sign in "\n😀"})))
def test_the_parts_are_the_text(text: str) -> None:
    levels, _ = embedding_levels(text)
    parts = list(shaped_parts(text, levels))
    assert "".join(part for _, _, part in parts) == text
    assert all(part for _, _, part in parts)
    for how, level, part in parts:
        assert how is None or how.right_to_left == (level % 2 == 1)
        assert how is not None or level % 2 == 0 or len(part) == 1


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
        (f"say {ARABIC} 12 now", [("", "say "), ("rtl", f"{ARABIC} "), ("", "12 now")]),
        (f"{HEBREW} (abc def).", [("rtl", f"{HEBREW} ("), ("", "abc def"), ("rtl", ").")]),
        (f"{HINDI}, yes 12", [("ltr", HINDI), ("", ", yes 12")]),
        (f"{ARABIC} ١٢", [("rtl", f"{ARABIC} "), ("ltr", "١٢")]),
        (f"{HEBREW} {HINDI}", [("rtl", f"{HEBREW} "), ("ltr", HINDI)]),
        ("nothing of that kind", [("", "nothing of that kind")]),
    ],
)
def test_what_is_drawn_how(text: str, parts: list[tuple[str, str]]) -> None:
    found = shaped_parts(text, embedding_levels(text)[0])
    joined: list[tuple[str, str]] = []
    for how, _, part in found:
        direction = "" if how is None else "rtl" if how.right_to_left else "ltr"
        if joined and joined[-1][0] == direction:
            joined[-1] = (direction, joined[-1][1] + part)
        else:
            joined.append((direction, part))
    assert joined == parts


def test_a_part_has_the_letters_of_one_family() -> None:
    for text in (f"{ARABIC} {HEBREW}!", f"{HINDI} {THAI}", "שלום…→ܫ"):
        for how, _, part in shaped_parts(text, embedding_levels(text)[0]):
            assert how is None or all(sign in how.face.signs for sign in part)


def test_what_tk_draws_right_is_left_to_it() -> None:
    assert has_shaped(f"abc {HINDI}")
    assert not has_shaped("abc é 日本語 😀 Ελλάδα мир")


def test_it_begins_at_the_right(bench: Bench) -> None:
    (line,) = break_up(bench, f"{HEBREW} abc def 😀 {ARABIC}")
    assert line.right_to_left
    assert words_from_the_left(line) == [ARABIC, "😀", "abc def", HEBREW]
    (line,) = break_up(bench, f"abc {HEBREW} 😀 {ARABIC} 12 def")
    assert words_from_the_left(line) == ["abc", "12", ARABIC, "😀", HEBREW, "def"]
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
    for sign in ("नि", "กี่", "เก", "กา", "क्षि"):
        lines = break_up(bench, sign * 150, 100)
        assert len(lines) > 5
        for line in lines:
            assert all(len(piece.text) % len(sign) == 0 and piece.text.startswith(sign) for piece in line.pieces)
            assert line.width <= 100


def test_a_sign_without_end_is_cut() -> None:
    for text in ("क्" * 2000, "ก" + "\u0e47" * 3000, "\u200d" * 3000):
        how, count = shape("क"), 0
        while count < len(text):
            count += (step := fits(text[count:], how, 14, False, 100))
            assert 1 <= step <= LONGEST_PART
            assert step > 3 or count >= len(text)


@given(text=st.text(st.sampled_from("مرحبا بالعالم12!"), min_size=1), width=st.integers(5, 600))
def test_what_fits_fits_and_hardly_more_would(text: str, width: int) -> None:
    how = shape("ب", right_to_left=True)
    count = fits(text, how, 14, False, width)
    assert count == 1 or shaped_width(text[:count], how, 14, False) <= width
    assert count == len(text) or shaped_width(text[: count + 3], how, 14, False) > width - 14


def ink(text: str) -> Image.Image:
    return draw_shaped(text, shape(text[0], right_to_left=True), 40, False, "#000000", 40, 60, 5).getchannel("A")


def test_letters_are_joined_and_begin_at_the_right() -> None:
    assert ink("\u0628\u0628").width < ink("\u0628\u0640\u0628").width < 2 * ink("\u0628").width
    first, both = ink("\u05d0"), ink("\u05d0\u05d1")
    at_the_right = both.crop((both.width - first.width, 0, both.width, both.height))
    assert ImageChops.difference(first.crop((5, 0, *first.size)), at_the_right.crop((5, 0, *first.size))).getextrema() == (0, 0)
    assert ImageChops.difference(both, ink("\u05d1\u05d0")).getbbox() is not None


def test_the_colour_is_that_of_the_look(bench: Bench) -> None:
    theme = Theme(bench.root, DARK, 2.0)
    picture = theme.draw_shaped(HEBREW, "body", shape("א", right_to_left=True), "#FF8040")
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


def test_a_click_finds_the_part_that_stands_there(bench: Bench, transcript: Transcript) -> None:
    text = f"{HEBREW} abc {ARABIC}"
    transcript.add([(message(1, text), None)])
    bench.look()
    layout = transcript.rows[-1].layout
    assert layout is not None
    for span in layout.spans:
        near_start = offset_at(layout, span.x + 1, span.y + 2, bench.theme)
        assert span.start <= near_start <= span.start + len(span.text)


@pytest.fixture
def _asked_anew() -> Iterator[None]:
    shaping._is_possible.cache_clear()
    yield
    shaping._is_possible.cache_clear()


@pytest.mark.usefixtures("_asked_anew")
@pytest.mark.parametrize("missing", ["font", "library"])
def test_without_what_it_takes_it_is_plain(bench: Bench, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    if missing == "font":
        monkeypatch.setattr(FINDER, "found", Fonts())
    else:
        monkeypatch.setattr(features, "check", lambda _: False)
    (line,) = break_up(bench, f"{ARABIC} abc")
    assert [(piece.text, piece.shaped) for piece in line.pieces] == [(f"{ARABIC} abc", None)]
    assert not line.right_to_left


def test_until_the_fonts_are_found_tk_draws_and_then_it_is_drawn_again(
    bench: Bench, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder = Finder()
    for module in (paint, shaping):
        monkeypatch.setattr(module, "FINDER", finder)
    monkeypatch.setattr(font_files.Finder, "begin", lambda _: None)
    transcript.add([(message(1, HEBREW), None)])
    bench.look()
    assert not any(piece_of(transcript.rows[-1]))
    monkeypatch.undo()
    bench.wait(lambda: all(piece_of(transcript.rows[-1])))
    check_drawing(transcript)


def piece_of(row: Row) -> list[bool]:
    """Whether each part of a row's text is a picture."""
    return [span.whole for span in row.layout.spans] if row.layout is not None else [False]


def test_a_text_of_any_number_of_parts_and_scripts_is_drawn(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_FACES", 3)
    for text in ("אa1" * 1300, f"{ARABIC} {HEBREW} {HINDI} {THAI} ", "".join(f"{chr(code)} " for code in range(0x590, 0x1100, 2))):
        shown = clean_text(text)[0]
        pieces = [piece for line in break_up(bench, shown) for piece in line.pieces]
        assert sum(piece.shaped is not None for piece in pieces) <= MOST_SHAPED
        assert len({piece.shaped.face for piece in pieces if piece.shaped is not None}) <= 3
        assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(shown.split())


def test_many_pictures_are_drawn_one_after_the_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint, "AT_ONCE", 0.0)
    drawn: list[str] = []
    draw = Theme.draw_shaped

    def note(*arguments: object) -> Image.Image:
        drawn.append(str(arguments[1]))
        return draw(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Theme, "draw_shaped", note)
    how = shape("א", right_to_left=True)
    pictures = [bench.paint.shaped(HEBREW * count, "body", how, "#000000") for count in range(1, 20)]
    assert not drawn
    assert all(picture.width() == shaped_width(HEBREW * count, how, 14, False) + 10 for count, picture in enumerate(pictures, 1))
    assert ImageTk.getimage(pictures[0]).getbbox() is None
    monkeypatch.setattr(paint, "AT_ONCE", 1.0)
    bench.wait(lambda: len(drawn) == 19)
    bench.look()
    assert all(ImageTk.getimage(picture).getbbox() is not None for picture in pictures)
