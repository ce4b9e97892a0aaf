"""What can be done with one message, by mouse and by keyboard."""

import tkinter as tk

import pytest

from chat.events import Delivery, DeliveryChanged, Reaction, ReceiptsChanged
from chat.window.chat_view import ChatView
from chat.window.message_menu import REALLY
from chat.window.reactions import OFFERED
from tests.window.conftest import Bench
from tests.window.samples import Asked, message

OWN_NUMBER = 58


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def view(bench: Bench, asked: Asked) -> ChatView:
    bench.root.geometry("900x640")
    made = ChatView(bench.root, bench.theme, bench.paint, asked.wishes(), 1000)
    made.pack(fill="both", expand=True)
    made.show_messages([(message(number), None) for number in range(OWN_NUMBER)])
    own = message(OWN_NUMBER, "my own", own=True, device="me")
    made.show_messages([(own, Delivery.AT_BROKER), (message(60, "the last 😀"), None)])
    bench.look()
    return made


def items(view: ChatView) -> dict[str, tk.Label]:
    found = {}
    for child in view.menu.winfo_children():
        if isinstance(child, tk.Label):
            found[str(child["text"]).strip()] = child
    return found


def open_by_mouse(bench: Bench, view: ChatView, key: str) -> None:
    view.transcript.focus_force()
    bench.look()
    row = view.transcript.loaded.find(key)
    assert row is not None
    x, bottom, top = view.transcript.outline_of(row)
    view.transcript.event_generate("<Button-3>", x=x + 5, y=(top + bottom) // 2)
    bench.look()
    assert view.menu.winfo_ismapped()


def press(bench: Bench, view: ChatView, words: str) -> None:
    items(view)[words].event_generate("<Button-1>")
    bench.look()


def test_reply_and_copy(bench: Bench, view: ChatView, asked: Asked) -> None:
    open_by_mouse(bench, view, "b0b-60")
    assert list(items(view)) == ["More emoji…", "Reply", "Copy"]
    press(bench, view, "Copy")
    assert bench.root.clipboard_get() == "the last 😀"
    assert not view.menu.winfo_ismapped()
    open_by_mouse(bench, view, "b0b-60")
    press(bench, view, "Reply")
    assert view.composer.bar.winfo_ismapped()
    bench.press(view.composer.text, "<y>", "<Return>")
    assert asked == [("send", "y", "b0b-60")]


def test_an_emoji_is_put_there_and_taken_away(bench: Bench, view: ChatView, asked: Asked) -> None:
    open_by_mouse(bench, view, "b0b-60")
    assert tuple(view.menu.emoji) == OFFERED
    view.menu.emoji["😂"].event_generate("<Button-1>")
    view.change_message(message(60, reactions=(Reaction("😂", ("You",), True), Reaction("🙏", ("Ada",), False))))
    open_by_mouse(bench, view, "b0b-60")
    view.menu.emoji["😂"].event_generate("<Button-1>")
    open_by_mouse(bench, view, "b0b-60")
    view.menu.emoji["🙏"].event_generate("<Button-1>")
    assert asked == [("react", "b0b-60", "😂", True), ("react", "b0b-60", "😂", False), ("react", "b0b-60", "🙏", True)]


def test_an_own_message_is_changed_and_deleted_only_when_asked_twice(bench: Bench, view: ChatView, asked: Asked) -> None:
    view.change_receipts(
        ReceiptsChanged(
            (
                (1, 60),
                (1, 2),
                (1, 60),
            ),
            5,
        )
    )
    open_by_mouse(bench, view, "me-58")
    assert list(items(view)) == ["Received by 2 of 5", "More emoji…", "Reply", "Copy", "Edit", "Delete"]
    press(bench, view, "Delete")
    assert asked == []
    assert view.menu.winfo_ismapped()
    press(bench, view, REALLY)
    assert asked == [("retract", "me-58")]
    open_by_mouse(bench, view, "me-58")
    press(bench, view, "Edit")
    assert view.composer.content() == "my own"
    bench.press(view.composer.text, "<exclam>", "<Return>")
    assert asked[1:] == [("edit", "me-58", "my own!")]


@pytest.mark.parametrize(
    ("delivery", "words"),
    [
        (Delivery.WAITING, "Goes out in a moment"),
        (Delivery.QUEUED, "The broker does not have it yet"),
        (Delivery.AT_BROKER, "The broker has it"),
        (Delivery.FAILED, "The broker refused it"),
    ],
)
def test_how_far_a_message_came_is_said_in_words(bench: Bench, view: ChatView, asked: Asked, delivery: Delivery, words: str) -> None:
    view.change_delivery(DeliveryChanged("me-58", delivery))
    bench.look()
    open_by_mouse(bench, view, "me-58")
    assert next(iter(items(view))) == words
    assert ("Try again" in items(view)) == (delivery is Delivery.FAILED)
    if delivery is Delivery.FAILED:
        press(bench, view, "Try again")
        assert asked == [("resend", "me-58")]


def test_a_deleted_message_has_nothing_to_do(bench: Bench, view: ChatView) -> None:
    view.change_message(message(60, retracted=True))
    bench.look()
    row = view.transcript.loaded.find("b0b-60")
    assert row is not None
    view.transcript.event_generate("<Button-3>", x=100, y=view.transcript.outline_of(row)[1] - 8)
    bench.look()
    assert not view.menu.winfo_ismapped()


def test_it_all_works_by_keyboard(bench: Bench, view: ChatView, asked: Asked) -> None:
    bench.press(view.transcript, "<Shift-F10>")
    assert view.menu.winfo_ismapped()
    assert bench.root.focus_get() is view.menu.emoji[OFFERED[0]]
    bench.press(view.menu.emoji[OFFERED[0]], "<Right>")
    assert bench.root.focus_get() is view.menu.emoji[OFFERED[1]]
    bench.press(view.menu.emoji[OFFERED[1]], "<Down>")
    assert bench.root.focus_get() is items(view)["More emoji…"]
    bench.press(items(view)["More emoji…"], "<Down>")
    assert bench.root.focus_get() is items(view)["Reply"]
    bench.press(items(view)["Reply"], "<Up>", "<Left>")
    bench.press(view.menu.emoji[OFFERED[4]], "<Escape>")
    assert not view.menu.winfo_ismapped()
    bench.wait(lambda: bench.root.focus_get() is view.transcript)
    bench.press(view.transcript, "<Control-Up>", "<Control-Up>", "<Menu>")
    assert "Edit" in items(view)
    bench.press(items(view)["Delete"], "<Return>")
    bench.press(items(view)[REALLY], "<Return>")
    assert asked == [("retract", "me-58")]


def test_the_selected_message_is_brought_into_view(bench: Bench, view: ChatView) -> None:
    for _ in range(40):
        bench.press(view.transcript, "<Control-Up>")
        selection = view.transcript.selection
        assert selection is not None
        assert selection.row in view.transcript.visible()
    assert not view.transcript.pinned
    view.transcript.to_end()
    bench.press(view.transcript, "<Control-Down>")
    assert selection is not None
    assert view.transcript.selection is not None
    assert view.transcript.selection.row.place > selection.row.place
    assert view.transcript.selection.row in view.transcript.visible()


def test_it_goes_when_the_focus_goes(bench: Bench, view: ChatView) -> None:
    open_by_mouse(bench, view, "b0b-60")
    view.focus_message_box()
    bench.wait(lambda: not view.menu.winfo_ismapped())
    assert bench.root.focus_get() is view.composer.text
    open_by_mouse(bench, view, "b0b-60")
    view.transcript.event_generate("<Button-1>", x=5, y=5)
    bench.wait(lambda: not view.menu.winfo_ismapped())


@pytest.mark.parametrize(("x", "y"), [(0, 0), (899, 5), (5, 639), (899, 639)])
def test_it_stays_within_the_window(bench: Bench, view: ChatView, x: int, y: int) -> None:
    row = view.transcript.loaded.find("me-58")
    assert row is not None
    view.menu.show(row, x, y, y)
    bench.look()
    menu = view.menu
    assert menu.winfo_x() >= 0
    assert menu.winfo_y() >= 0
    assert menu.winfo_x() + menu.winfo_width() <= view.winfo_width()
    assert menu.winfo_y() + menu.winfo_height() <= view.winfo_height()
