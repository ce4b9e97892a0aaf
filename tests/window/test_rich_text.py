"""Links, code and mentions in the conversation."""

import threading
import webbrowser
from typing import Any

import pytest

from chat.events import Delivery, Message
from chat.window.browsing import NO_PROGRAM
from chat.window.chat_view import ChatView
from chat.window.operations import Bubble, Target, Words
from chat.window.rows import Layout, Row
from chat.window.selection import Selection
from tests.window.conftest import Bench
from tests.window.samples import Asked, message
from tests.window.test_transcript import check_drawing, drawn_texts

LINK = "https://example.org/a"
DOUBTFUL = "https://аррӏе.example/login"
PUNYCODE = "https://xn--80ak6aa92e.example/login"
HAZARDS = [
    "`" * 262_144, "@Ada " * 52_000, ":" * 262_144, "`a`" * 87_000, "https://a.b " * 21_000, "```" + "\n" * 10_000 + "x```",
    "`" + "👨‍👩‍👧‍👦" * 2000 + "`", "```{unbalanced \\ [exit] $x```", "`z" + "\u0310" * 5000 + "`", "```\n" + "x" * 262_144,
    "https://" + "аррӏе." * 400 + "b",
]  # fmt: skip


class Browser(list[str]):
    """What was opened, and whether there is a program for it."""

    there = True

    def open(self, address: str) -> bool:
        assert threading.current_thread() is not threading.main_thread()
        self.append(address)
        return self.there


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    opened = Browser()
    monkeypatch.setattr(webbrowser, "open", opened.open)
    return opened


@pytest.fixture
def view(bench: Bench) -> ChatView:
    bench.root.geometry("900x640")
    made = ChatView(bench.root, bench.theme, bench.paint, Asked().wishes(), 1000)
    made.pack(fill="both", expand=True)
    made.transcript.call_me("Ada")
    bench.look()
    return made


def show(bench: Bench, view: ChatView, *messages: Message) -> list[tuple[Row, Layout]]:
    view.show_messages([(each, Delivery.AT_BROKER if each.own else None) for each in messages])
    bench.look()
    check_drawing(view.transcript)
    rows = [row for row in view.transcript.rows if row.message in messages]
    return [(row, row.layout) for row in rows if row.layout is not None]


def links(layout: Layout) -> list[Target]:
    return [target for target in layout.targets if target.kind == "link"]


def click(bench: Bench, view: ChatView, row: Row, target: Target) -> None:
    transcript = view.transcript
    place: dict[str, Any] = {"x": target.x + 3, "y": transcript._drawn[row][1] - transcript.offset + target.y + target.height // 2}
    for event in ("<Motion>", "<Button-1>", "<ButtonRelease-1>"):
        transcript.event_generate(event, **place)
    bench.look()


def test_a_click_on_a_link_opens_what_is_shown(bench: Bench, view: ChatView, browser: Browser) -> None:
    ((row, layout),) = show(bench, view, message(1, f"see {LINK}, please"))
    (link,) = links(layout)
    click(bench, view, row, link)
    assert str(view.transcript["cursor"]) == "hand2"
    assert view.reading._hint.text == LINK
    bench.wait(lambda: browser == [LINK])
    assert NO_PROGRAM not in view.transcript.texts()


def test_without_a_program_the_address_can_be_pasted_elsewhere(bench: Bench, view: ChatView, browser: Browser) -> None:
    browser.there = False
    ((row, layout),) = show(bench, view, message(1, LINK))
    click(bench, view, row, links(layout)[0])
    bench.wait(lambda: NO_PROGRAM in view.transcript.texts())
    assert bench.root.clipboard_get() == LINK


def test_a_link_is_opened_by_keyboard_from_the_menu(bench: Bench, view: ChatView, browser: Browser) -> None:
    show(bench, view, message(1, f"{LINK} and {DOUBTFUL}"))
    bench.press(view.transcript, "<Shift-F10>")
    bench.wait(view.menu.winfo_ismapped)
    words = [str(part["text"]).strip() for part in view.menu._parts]
    assert words[-2:] == ["Open example.org/a", "Open xn--80ak6aa92e.exam…"]
    bench.press(view.menu._parts[-1], "<Return>")
    bench.wait(lambda: browser == [PUNYCODE])


def test_an_address_that_could_be_taken_for_another_is_shown_as_what_it_is(bench: Bench, view: ChatView) -> None:
    ((row, layout),) = show(bench, view, message(1, f"log in at {DOUBTFUL} now"))
    assert PUNYCODE in drawn_texts(view.transcript)
    assert not any("ррӏ" in text for text in drawn_texts(view.transcript))
    view.transcript.selection = Selection(row, 0, row, 1000)
    view.reading.copy()
    assert bench.root.clipboard_get() == f"log in at {DOUBTFUL} now"
    (link,) = links(layout)
    assert (link.value, link.hint) == (PUNYCODE, PUNYCODE)


def test_a_long_address_is_a_link_in_each_of_its_lines(bench: Bench, view: ChatView) -> None:
    address = "https://example.org/" + "long" * 60
    ((_, layout),) = show(bench, view, message(1, address))
    assert len(links(layout)) > 2
    assert {link.value for link in links(layout)} == {address}


@pytest.mark.parametrize("own", [False, True])
def test_code_is_drawn_on_a_ground_of_its_own(bench: Bench, view: ChatView, own: bool) -> None:
    text = "run `a * b`:\n```py\n  x = 1\n\nhttps://a.b @Ada\n```\nthen"
    ((row, layout),) = show(bench, view, message(1, text, own=own, device="me" if own else "b0b"))
    palette = bench.theme.palette
    ground, ink = (palette.own_code, palette.own_text) if own else (palette.code, palette.text)
    code = [(part.text, part.colour) for part in layout.over if isinstance(part, Words) and part.font == "code"]
    assert code == [("a * b", ink), ("  x = 1", ink), ("https://a.b @Ada", ink)]
    assert sum(isinstance(part, Bubble) and part.fill == ground for part in layout.under) == 2
    assert not links(layout)
    view.transcript.selection = Selection(row, 0, row, len(text))
    bench.look()
    view.reading.copy()
    assert bench.root.clipboard_get() == text


def test_what_is_selected_in_code_is_coloured_where_it_stands(bench: Bench, view: ChatView) -> None:
    text = "`iiii` wwww"
    ((row, layout),) = show(bench, view, message(1, text))
    code = layout.spans[0]
    assert (code.start, code.text, code.font) == (1, "iiii", "code")
    assert code.width == bench.theme.width("iiii", "code") != bench.theme.width("iiii", "body")
    top = view.transcript._drawn[row][1] - view.transcript.offset + code.y + 5
    view.transcript.event_generate("<Button-1>", x=code.x + 1, y=top)
    view.transcript.event_generate("<B1-Motion>", x=code.x + bench.theme.width("ii", "code") + 1, y=top)
    view.transcript.event_generate("<ButtonRelease-1>", x=code.x + bench.theme.width("ii", "code") + 1, y=top)
    view.reading.copy()
    assert bench.root.clipboard_get() == "ii"


def test_what_speaks_to_oneself_is_marked(bench: Bench, view: ChatView) -> None:
    shown = show(bench, view, message(1, "hi @ada!"), message(2, "hi @adam"), message(3, "I, @Ada", own=True, device="me"))
    accent = bench.theme.palette.accent
    edged = [any(isinstance(part, Bubble) and part.border == accent for part in layout.under) for _, layout in shown]
    assert edged == [True, False, False]
    assert [part.text for part in shown[0][1].over if isinstance(part, Words) and part.font == "bold"] == ["@ada"]
    view.transcript.call_me("adam")
    bench.look()
    marks = [
        [part for part in row.layout.under if isinstance(part, Bubble) and part.fill == bench.theme.palette.selected]
        for row, _ in shown
        if row.layout
    ]
    assert [len(found) for found in marks] == [0, 1, 0]


@pytest.mark.parametrize("text", HAZARDS, ids=range(len(HAZARDS)))
def test_hazards_stay_within_their_bubble(bench: Bench, view: ChatView, text: str) -> None:
    shown = show(bench, view, message(1, text), message(2, text, own=True, device="me"))
    for _, layout in shown:
        width = view.transcript.view[0]
        assert all(span.x >= 0 and span.x + span.width <= width for span in layout.spans)
    for row, _ in shown:
        view.transcript.open(row)
        bench.look()
    check_drawing(view.transcript)
