"""The buttons beside the message under the pointer."""

import tkinter as tk

import pytest

from chat.window.chat_view import ChatView
from chat.window.controls import IconButton
from chat.window.hover_bar import HoverBar
from chat.window.operations import Bubble
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
    bench.look()
    texts = {5: "long " * 200, 6: "long " * 200}
    made.show_messages([(message(number, texts.get(number, ""), own=number % 2 == 1), None) for number in range(9)])
    bench.look()
    return made


def bar_of(view: ChatView) -> HoverBar:
    return next(child for child in view.transcript.winfo_children() if isinstance(child, HoverBar))


def point_at(bench: Bench, view: ChatView, key: str) -> HoverBar:
    row = view.transcript.loaded.find(key)
    assert row is not None
    view.transcript.bring_into_view(row)
    place = view.transcript.place_of(row)
    assert place is not None
    view.transcript.event_generate("<Motion>", x=300, y=place[1] + place[0].height // 2)
    bench.look()
    return bar_of(view)


def press(bar: HoverBar, hint: str) -> None:
    button = next(child for child in bar.winfo_children() if isinstance(child, IconButton) and child._hint == hint)
    button.event_generate("<Button-1>")


@pytest.mark.parametrize("key", [f"b0b-{number}" for number in range(9)])
def test_it_stands_beside_its_message_and_within_the_view(bench: Bench, view: ChatView, key: str) -> None:
    bar = point_at(bench, view, key)
    assert bar.row is not None
    assert bar.row is view.transcript.loaded.find(key)
    assert bar.winfo_ismapped()
    assert bar.winfo_x() >= 0
    assert bar.winfo_x() + bar.winfo_width() <= view.transcript.view[0]
    drawn = view.transcript.place_of(bar.row)
    assert drawn is not None
    bubble = drawn[0].under[-1]
    assert isinstance(bubble, Bubble)
    beside = bar.winfo_x() >= bubble.x + bubble.width or bar.winfo_x() + bar.winfo_width() <= bubble.x
    assert beside or key in ("b0b-5", "b0b-6")


def test_each_button_does_what_it_says(bench: Bench, view: ChatView, asked: Asked) -> None:
    press(point_at(bench, view, "b0b-2"), "Reply")
    assert view.composer.purpose is not None
    assert view.composer.purpose.message.key == "b0b-2"
    press(point_at(bench, view, "b0b-3"), "Copy")
    assert view.clipboard_get() == "message 3"
    press(point_at(bench, view, "b0b-4"), "More")
    assert view.menu.winfo_manager()
    press(point_at(bench, view, "b0b-4"), "React")
    bench.wait(view.emoji.winfo_ismapped)
    view.emoji.entry.insert(0, "rocket")
    bench.press(view.emoji.entry, "<Return>")
    assert asked.of("react") == [["b0b-4", "🚀", True]]


def test_it_goes_with_the_pointer_and_with_its_message(bench: Bench, view: ChatView) -> None:
    bar = point_at(bench, view, "b0b-2")
    view.transcript.event_generate("<Leave>", rootx=-10, rooty=-10)
    assert not bar.winfo_manager()
    bar = point_at(bench, view, "b0b-2")
    view.transcript.scroll(-40)
    bench.look()
    assert not bar.winfo_manager()
    point_at(bench, view, "b0b-2")
    view.change_message(message(2, retracted=True))
    bench.look()
    assert not bar.winfo_manager()
    point_at(bench, view, "b0b-2")
    assert not bar.winfo_manager()


def test_the_wheel_turns_over_it(bench: Bench, view: ChatView) -> None:
    view.show_messages([(message(number), None) for number in range(20, 60)])
    bench.look()
    bar = point_at(bench, view, "b0b-58")
    before = view.transcript.offset
    button: tk.Misc = bar.winfo_children()[0]
    button.event_generate("<Button-4>")
    bench.wait(lambda: view.transcript.offset < before)
