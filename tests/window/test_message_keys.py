"""Going through the messages without a mouse, and what one does there."""

import tkinter as tk

import pytest

from chat.events import Delivery, Message
from chat.window.chat_view import ChatView
from chat.window.message_menu import REALLY
from chat.window.shortcuts import SHORTCUTS
from tests.window.conftest import Bench
from tests.window.samples import Asked, message


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def view(bench: Bench, asked: Asked) -> ChatView:
    bench.root.geometry("900x640")
    made = ChatView(bench.root, bench.theme, bench.paint, asked.wishes(), 1000)
    made.pack(fill="both", expand=True)
    made.show_messages([(message(number, own=number % 2 == 1), Delivery.AT_BROKER if number % 2 else None) for number in range(40)])
    made.composer.text.focus_force()
    bench.look()
    return made


def selected(view: ChatView) -> Message | None:
    selection = view.transcript.selection
    return selection.other_row.message if selection is not None else None


def test_from_the_box_to_the_messages_and_back(bench: Bench, view: ChatView) -> None:
    bench.press(view.composer.text, "<Control-Up>")
    assert bench.root.focus_get() is view.transcript
    assert selected(view) == message(39, own=True)
    bench.press(view.transcript, "<Control-Up>", "<Control-Up>")
    assert selected(view) == message(37, own=True)
    bench.press(view.transcript, "<Control-Down>", "<Control-Down>", "<Control-Down>")
    assert bench.root.focus_get() is view.composer.text


def test_whoever_comes_by_keyboard_sees_where_he_is(bench: Bench, view: ChatView) -> None:
    bench.press(view.composer.text, "<F6>")
    assert bench.root.focus_get() is view.transcript
    assert selected(view) == message(39, own=True)


def test_up_goes_beyond_what_shows(bench: Bench, view: ChatView) -> None:
    bench.press(view.composer.text, "<Control-Up>")
    bench.press(view.transcript, *["<Control-Up>"] * 39)
    assert selected(view) == message(0)
    assert any(row.message == message(0) for row in view.transcript.visible())
    bench.press(view.transcript, "<Control-Up>")
    assert selected(view) == message(0)


def test_reply(bench: Bench, view: ChatView, asked: Asked) -> None:
    bench.press(view.composer.text, "<Control-Up>")
    bench.press(view.transcript, "<Control-Up>", "<r>")
    assert bench.root.focus_get() is view.composer.text
    bench.press(view.composer.text, "<y>", "<Return>")
    assert asked.of("send") == [["y", "b0b-38"]]


def test_only_own_messages_are_changed(bench: Bench, view: ChatView) -> None:
    bench.press(view.composer.text, "<Control-Up>")
    bench.press(view.transcript, "<Control-Up>", "<e>")
    assert view.composer.purpose is None
    bench.press(view.transcript, "<Control-Down>", "<e>")
    assert view.composer.purpose is not None
    assert view.composer.content() == "message 39"


def test_react(bench: Bench, view: ChatView, asked: Asked) -> None:
    bench.press(view.composer.text, "<Control-Up>")
    bench.press(view.transcript, "<plus>")
    bench.wait(view.emoji.winfo_ismapped)
    view.emoji.entry.insert(0, "rocket")
    bench.press(view.emoji.entry, "<Return>")
    assert asked.of("react") == [["b0b-39", "🚀", True]]
    assert bench.root.focus_get() is view.transcript


def test_delete_asks_first(bench: Bench, view: ChatView, asked: Asked) -> None:
    bench.press(view.composer.text, "<Control-Up>")
    bench.press(view.transcript, "<Delete>")
    really = view.menu.focus_get()
    assert really is not None
    assert REALLY in str(really["text"])
    assert asked.of("retract") == []
    bench.press(really, "<Return>")
    assert asked.of("retract") == ["b0b-39"]
    bench.press(view.transcript, "<Control-Up>", "<Delete>")
    assert not view.menu.winfo_ismapped()


def test_return_opens_the_menu_of_the_selected(bench: Bench, view: ChatView) -> None:
    bench.press(view.composer.text, "<Control-Up>")
    bench.press(view.transcript, "<Return>")
    assert view.menu.winfo_ismapped()


def test_return_shows_what_is_hidden(bench: Bench, view: ChatView) -> None:
    view.transcript.fold("b0b", "Bob", 2, [message(60), message(61)])
    bench.look()
    view.transcript.scroll(-10)
    bench.press(view.transcript, "<Return>", "<Motion>")
    assert view.transcript.texts()[-1] == "message 61"


def test_nothing_happens_where_there_is_no_message(bench: Bench, view: ChatView, asked: Asked) -> None:
    view.transcript.clear()
    bench.look()
    bench.press(view.transcript, "<Control-Up>", "<r>", "<e>", "<plus>", "<Delete>", "<Return>", "<Shift-F10>")
    assert asked == []
    view.show_messages([(message(1, retracted=True), None)])
    bench.look()
    bench.press(view.transcript, "<r>", "<plus>")
    assert view.composer.purpose is None
    assert not view.emoji.is_open


def test_the_sheet_tells_no_key_that_does_nothing(view: ChatView) -> None:
    for _, keys in SHORTCUTS[2:]:
        for _, key, words in keys:
            assert any(widget.bind(key) for widget in widgets(view)), words


def widgets(parent: tk.Misc) -> list[tk.Misc]:
    return [parent, *(found for child in parent.winfo_children() for found in widgets(child))]
