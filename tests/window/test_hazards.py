"""Texts that do harm, and any text at all: shown whole, within their rows, and never more work than a view needs."""

import subprocess
import sys
import tkinter as tk
import unicodedata

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.events import Delivery, Entered, Member, Quote, Trust
from chat.text import LONGEST, MOST_LINES, clean_line, clean_text
from chat.window.chat_view import ChatView
from chat.window.font_files import Fonts
from chat.window.lines import MOST_EMOJI, MOST_SHAPED, Line
from chat.window.rich_text import break_text
from chat.window.rows import Layout
from chat.window.selection import Selection
from tests.hazards import ARABIC, EMOJI, FAMILY, HAZARDS, HEBREW, HINDI, THAI
from tests.window.conftest import Bench
from tests.window.samples import Asked, message
from tests.window.test_chat_view import ENTERED
from tests.window.test_transcript import check_drawing, drawn_texts

MOST_PICTURES = 2 * (MOST_EMOJI + MOST_SHAPED) + 200
MOST_ITEMS = 2500
"""Canvas items that two messages of 4000 signs may be."""
DIRECTING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
PARTS = [
    ARABIC, HEBREW, HINDI, THAI, FAMILY, *EMOJI[:3], "@Ada ", "`", "``", "```", "https://a.b/ ", "https://аррӏе.example ", "\n",
    "\u202e", "\ud83d",
    "\0", "\u0301" * 5, "(", "[", "12,5 ", "日本", "{[exit]} %s $x \\n", " ", "\u200d", "\u200c", "\ufe0f", "🇩", "1\u20e3",
]  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PARTS) | st.characters(), max_size=30).map("".join))


@pytest.fixture
def view(bench: Bench, fonts: Fonts) -> ChatView:
    assert fonts is not None
    bench.root.geometry("900x640")
    made = ChatView(bench.root, bench.theme, bench.paint, Asked().wishes(), 1000)
    made.pack(fill="both", expand=True)
    made.transcript.call_me("Ada")
    bench.look()
    return made


def check_rows(view: ChatView) -> None:
    """No item is outside of its row, apart from what letters and a row's ring may have beyond a line."""
    transcript = view.transcript
    check_drawing(transcript)
    beyond = transcript.theme.beyond
    for row, (layout, top, _) in transcript._drawn.items():
        left, upper, right, lower = transcript.bbox(f"row{row.number}")
        assert top - beyond <= upper
        assert lower <= top + layout.height + beyond
        assert left >= 0
        assert right <= transcript.view[0] + beyond
        check_spans(layout, transcript.view[0])


def check_spans(layout: Layout, width: int) -> None:
    for span in layout.spans:
        assert span.x >= 0
        assert span.x + span.width <= width
        assert span.y + span.height <= layout.height
        assert layout.text[span.start : span.start + len(span.text)] == span.text
    covered = {place for span in layout.spans for place in range(span.start, span.start + len(span.text))}
    missing = "".join(sign for place, sign in enumerate(layout.text) if place not in covered and not sign.isspace())
    # Only the marks around code and the name of its language are not shown.
    assert not missing.replace("`", "") or "```" in layout.text


@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_text_that_does_harm_stays_in_its_row(bench: Bench, view: ChatView, monkeypatch: pytest.MonkeyPatch, hazard: str) -> None:
    text, transcript = HAZARDS[hazard], view.transcript
    mine = message(2, text, own=True, device="me")
    view.show_messages([(message(1, text), None), (mine, Delivery.AT_BROKER)])
    bench.look()
    check_rows(view)
    assert len(transcript.find_all()) <= MOST_ITEMS
    for by in (-300, -60, 300):
        transcript.scroll(by)
    check_rows(view)
    bench.root.geometry("520x640")
    bench.wait(lambda: transcript.view[0] <= 520)
    bench.look()
    check_rows(view)
    row = transcript.rows[-1]
    assert row.layout is not None
    assert len(pictures(transcript)) <= MOST_PICTURES
    assert len(row.layout.text) <= LONGEST
    assert row.layout.text.count("\n") < MOST_LINES
    transcript.selection = Selection(row, 0, row, len(row.layout.text))
    copied: list[str] = []
    monkeypatch.setattr(view.reading, "to_clipboard", copied.append)
    view.reading.copy()
    assert copied == [clean_text(text)[0]]


def kind_of(canvas: tk.Canvas, item: int) -> str:
    return str(canvas.tk.call(str(canvas), "type", item))


def pictures(canvas: tk.Canvas) -> set[str]:
    return {str(canvas.tk.call(str(canvas), "itemcget", item, "-image")) for item in canvas.find_all() if kind_of(canvas, item) == "image"}


@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_name_that_does_harm_is_one_line_and_nobody_elses(bench: Bench, view: ChatView, hazard: str) -> None:
    text = HAZARDS[hazard]
    quote = Quote("q", (0, "b0b", 0), "b0b", text, text)
    view.enter(Entered("room", ENTERED.broker, text, "ada", "ada1", "ABCD"))
    view.show_messages([(msgspec.structs.replace(message(1, "hello", reply=quote), name=text), None)])
    view.members.show_members([Member("b0b", text, False, True, 0.0, Trust.PINNED, "ABCD")])
    view.show_typists([text])
    bench.look()
    bench.wait(lambda: not bench.paint._empty)
    check_rows(view)
    height = view.transcript.rows[-1].layout
    assert height is not None
    assert height.height < 220
    for canvas in (view.transcript, view.members.canvas, view.header._topic):
        for item in canvas.find_all():
            left, _, right, _ = canvas.bbox(item)
            assert left >= -bench.theme.beyond
            assert right <= canvas.winfo_width() + bench.theme.beyond
    words = "".join(drawn_texts(view.transcript))
    assert not any(unicodedata.bidirectional(sign) in DIRECTING for sign in words + clean_line(text))


def test_another_program_gets_what_was_copied(bench: Bench, view: ChatView) -> None:
    text = clean_text(HAZARDS["both ways, rich"])[0]
    view.reading.to_clipboard(text)
    program = "import sys, tkinter; sys.stdout.buffer.write(tkinter.Tk().clipboard_get().encode())"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as other:
        bench.wait(lambda: other.poll() is not None)
        assert other.stdout is not None
        assert other.stdout.read().decode() == text


def test_text_that_looks_like_a_program_is_text(bench: Bench, view: ChatView) -> None:
    text = HAZARDS["tcl"]
    view.show_messages([(message(1, text), None)])
    bench.look()
    assert text in drawn_texts(view.transcript)


def test_marks_do_not_pile_up_over_other_lines(bench: Bench, view: ChatView) -> None:
    """Nothing is drawn between two bubbles, whatever stands in the lower one."""
    for hazard in ("zalgo", "thai tower", "arabic tower"):
        view.transcript.clear()
        view.show_messages([(message(1, "above"), None), (message(2, HAZARDS[hazard], device="eve"), None)])
        bench.look()
        lower = view.transcript.rows[-1]
        layout, top, _ = view.transcript._drawn[lower]
        first = min(span.y for span in layout.spans)
        for item in view.transcript.find_withtag(f"row{lower.number}"):
            if kind_of(view.transcript, item) in ("text", "image"):
                assert view.transcript.bbox(item)[1] >= top + min(first - bench.theme.beyond, 0)
        for span in layout.spans:
            marks = [unicodedata.category(sign) in ("Mn", "Me") for sign in span.text]
            assert "1" * 7 not in "".join("1" if mark else "0" for mark in marks)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY_TEXT, width=st.integers(60, 500), own=st.booleans())
def test_any_text_is_broken_into_lines_that_are_not_too_wide(bench: Bench, fonts: Fonts, text: str, width: int, own: bool) -> None:
    assert fonts is not None
    shown, _ = clean_text(text)
    lines, _ = break_text(shown, message(1, shown, own=own), "Ada", width, "#FFFFFF", bench.theme, bench.paint)
    covered: set[int] = set()
    for line in lines:
        check_line(line, width, shown)
        covered |= {place for piece in line.pieces for place in range(piece.start, piece.start + len(piece.text))}
    left_out = "".join(sign for place, sign in enumerate(shown) if place not in covered and not sign.isspace())
    assert not left_out.replace("`", "") or "```" in shown


def check_line(line: Line, width: int, text: str) -> None:
    alone = len(line.pieces) == 1 and len(line.pieces[0].shown or line.pieces[0].text) == 1
    assert line.width <= width or alone or line.pieces[0].picture is not None
    ends = 0
    for piece in sorted(line.pieces, key=lambda piece: (piece.x, piece.width)):
        assert piece.x >= ends
        ends = piece.x + piece.width
        assert text[piece.start : piece.start + len(piece.text)] == piece.text
    assert ends <= line.width
