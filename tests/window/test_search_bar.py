"""Looking for messages as one types."""

import pytest

from chat.events import Found, Message
from chat.window.chat_view import ChatView
from chat.window.search_bar import ROW, SHOWN
from tests.window.conftest import Bench
from tests.window.samples import Asked, message
from tests.window.test_chat_view import words_in


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def view(bench: Bench, asked: Asked) -> ChatView:
    bench.root.geometry("900x640")
    made = ChatView(bench.root, bench.theme, bench.paint, asked.wishes(), 1000)
    made.pack(fill="both", expand=True)
    made.show_messages([(message(number), None) for number in range(1000, 1100)])
    bench.look()
    bench.press(made.composer.text, "<Control-f>")
    assert bench.root.focus_get() is made.search.entry
    return made


def found(view: ChatView, *messages: Message, complete: bool = True) -> None:
    view.show_found(Found(view.search._number, messages, complete))


def search(bench: Bench, view: ChatView, asked: Asked, *keys: str) -> None:
    before = len(asked.of("search"))
    bench.press(view.search.entry, *keys)
    bench.wait(lambda: len(asked.of("search")) > before)


def test_it_searches_when_one_rests_and_shows_what_comes(bench: Bench, view: ChatView, asked: Asked) -> None:
    search(bench, view, asked, "<t>", "<r>", "<a>", "<i>", "<n>")
    (number, text) = asked.of("search")[-1]
    assert text == "train"
    search(bench, view, asked, "<s>", "<BackSpace>")
    assert len(asked.of("search")) == 2
    (number, text) = asked.of("search")[-1]
    found(view, complete=False)
    bench.look()
    assert "Searching…" in words_in(view.search)
    found(view, message(7, "a train 😀\nand more"), message(3, "train " * 200), complete=False)
    bench.look()
    shown = words_in(view.search)
    assert "2 so far" in shown
    assert "Name of b0b" in shown
    assert "a train " in shown
    assert "…" in shown
    assert "😀" not in shown
    found(view, message(7, "a train"))
    bench.look()
    assert "1" in words_in(view.search)
    view.show_found(Found(number - 1, (message(9, "of an earlier search"),), True))
    bench.look()
    assert "of an earlier search" not in words_in(view.search)


def test_nothing_found_is_said(bench: Bench, view: ChatView, asked: Asked) -> None:
    search(bench, view, asked, "<x>")
    found(view)
    bench.look()
    assert "Nothing found" in words_in(view.search)
    bench.press(view.search.entry, "<BackSpace>")
    bench.wait(lambda: "Nothing found" not in words_in(view.search))
    assert asked.of("search")[-1][1] == "x"


def test_a_result_is_chosen_by_keyboard(bench: Bench, view: ChatView, asked: Asked) -> None:
    search(bench, view, asked, "<x>")
    found(view, *(message(number) for number in range(20, 0, -1)))
    bench.press(view.search.entry, "<Return>", "<Down>", "<Down>", "<Return>")
    bench.press(view.search.entry, *["<Down>"] * 30, "<Return>", "<Up>", "<Prior>", "<Return>")
    assert asked.of("around") == [(20, "b0b", 20), (18, "b0b", 18), (1, "b0b", 1), (7, "b0b", 7)]
    assert view.search.is_open


def test_a_result_is_chosen_by_mouse_also_after_scrolling(bench: Bench, view: ChatView, asked: Asked) -> None:
    search(bench, view, asked, "<x>")
    found(view, *(message(number) for number in range(20, 0, -1)))
    bench.look()
    results = view.search.results
    assert results.winfo_height() == SHOWN * bench.theme.px(ROW)
    results.event_generate("<Button-1>", x=50, y=ROW + 5)
    for _ in range(3):
        results.event_generate("<Button-5>", x=50, y=5)
    results.event_generate("<Button-1>", x=50, y=5)
    bench.look()
    assert asked.of("around") == [(19, "b0b", 19), (17, "b0b", 17)]


def test_a_result_that_is_loaded_is_shown_at_once(bench: Bench, view: ChatView, asked: Asked) -> None:
    search(bench, view, asked, "<x>")
    found(view, message(1020))
    bench.press(view.search.entry, "<Return>")
    assert asked.of("around") == []
    assert 1020 in [row.message.order[0] for row in view.transcript.visible() if row.message is not None]


def test_more_results_do_not_move_the_chosen_one(bench: Bench, view: ChatView, asked: Asked) -> None:
    search(bench, view, asked, "<x>")
    found(view, message(9), message(7), complete=False)
    bench.press(view.search.entry, "<Down>")
    found(view, message(9), message(8), message(7))
    bench.press(view.search.entry, "<Return>")
    assert asked.of("around") == [(7, "b0b", 7)]


def test_escape_closes_it_and_nothing_comes_after(bench: Bench, view: ChatView, asked: Asked) -> None:
    height = view.transcript.winfo_height()
    search(bench, view, asked, "<x>")
    number = view.search._number
    found(view, message(9))
    bench.look()
    bench.press(view.search.entry, "<y>", "<Escape>")
    assert not view.search.is_open
    assert bench.root.focus_get() is view.composer.text
    view.show_found(Found(number, (message(9),), True))
    bench.wait(lambda: view.transcript.winfo_height() > height)
    assert len(asked.of("search")) == 1
    bench.press(view.transcript, "<Control-f>")
    assert view.search.entry.get() == ""


def test_thousands_of_results_draw_only_those_that_show(bench: Bench, view: ChatView, asked: Asked) -> None:
    search(bench, view, asked, "<x>")
    found(view, *(message(number, "\u202ehazard\0" + "👨‍👩‍👧‍👦" * 100) for number in range(50_000, 0, -1)))
    bench.look()
    assert len(view.search.results.find_all()) < 300
    assert view.search.count["text"] == "50,000"
    assert "\u202e" not in words_in(view.search)
