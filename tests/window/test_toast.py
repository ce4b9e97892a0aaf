"""The card that tells of a message elsewhere: what it shows, where a click leads, and that it disturbs nothing."""

import tkinter as tk
from collections.abc import Callable

import pytest

from chat.window.lines import without_emoji
from chat.window.toast import HEIGHT, WIDTH, Toast
from tests.window.conftest import Bench

Show = Callable[..., Toast]


@pytest.fixture
def chosen() -> list[str]:
    return []


@pytest.fixture
def show(bench: Bench, chosen: list[str]) -> Show:
    def make(title: str = "family", name: str = "Bob", text: str = "dinner?") -> Toast:
        toast = Toast(bench.root, bench.theme, bench.paint, WIDTH, "id", title, name, text, lambda: chosen.append("id"))
        toast.place(x=0, y=0)
        bench.look()
        return toast

    return make


def texts(toast: Toast) -> list[str]:
    canvas, call = toast._canvas, toast.tk.call
    return [str(call(canvas, "itemcget", item, "-text")) for item in canvas.find_all() if str(canvas.type(item)) == "text"]


def test_it_shows_the_room_the_name_and_what_was_said(show: Show) -> None:
    assert texts(show()) == ["family", "Bob:", "dinner?", "F"]
    assert texts(show(name="", text="3 new messages")) == ["family", "3 new messages", "F"]


def test_a_click_leads_to_the_room(bench: Bench, show: Show, chosen: list[str]) -> None:
    toast = show()
    toast._canvas.event_generate("<Button-1>", x=100, y=30)
    bench.look()
    assert chosen == ["id"]
    assert not toast.winfo_exists()


def test_the_cross_only_puts_it_away(bench: Bench, show: Show, chosen: list[str]) -> None:
    toast = show()
    toast._canvas.event_generate("<Button-1>", x=WIDTH - 15, y=15)
    bench.look()
    assert chosen == []
    assert not toast.winfo_exists()


def test_it_leaves_the_focus_where_it_is(bench: Bench, show: Show) -> None:
    entry = tk.Entry(bench.root)
    entry.pack()
    entry.focus_force()
    bench.look()
    toast = show()
    assert bench.root.focus_get() is entry
    bench.press(entry, "<Tab>")
    assert bench.root.focus_get() not in (toast, toast._canvas)


def test_it_goes_by_itself_unless_the_pointer_rests_on_it(bench: Bench, show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.window.toast.SHOWN_MS", 30)
    toast = show()
    bench.wait(lambda: not toast.winfo_exists())
    monkeypatch.setattr("chat.window.toast.SHOWN_MS", 60_000)
    toast = show()
    monkeypatch.setattr("chat.window.toast.SHOWN_MS", 30)
    toast._canvas.event_generate("<Enter>")
    bench.look()
    assert toast._timer == ""
    toast._canvas.event_generate("<Leave>")
    bench.wait(lambda: not toast.winfo_exists())


def test_it_leaves_no_timer_behind(bench: Bench, show: Show) -> None:
    show().destroy()
    bench.look()
    assert bench.root.tk.call("after", "info") == ""


@pytest.mark.parametrize("text", ["😀" * 300, "x" * 300, "word " * 60, "[exit] {$x} %s \\", "שלום سلام", "👨‍👩‍👧‍👦 🇸🇪" * 40])
def test_any_text_stays_in_the_card(show: Show, text: str) -> None:
    toast = show(text[:60], text[:60], text[:160])
    for shown in texts(toast):
        assert shown == without_emoji(shown)
    for item in toast._canvas.find_all():
        left, top, right, bottom = toast._canvas.bbox(item)
        assert 0 <= left <= right <= WIDTH
        assert 0 <= top <= bottom <= HEIGHT
