"""Rooms that were not looked at yet: a view is at hand before one of them is chosen."""

import tkinter as tk

import pytest

from chat.window.chat_view import ChatView
from chat.window.rooms_view import SPARE_MS, RoomsView
from chat.window.sidebar import RoomEntry, SidebarWishes
from tests.window.conftest import Bench
from tests.window.samples import NOON, Asked

LIMIT = 1000


@pytest.fixture
def made() -> list[ChatView]:
    return []


@pytest.fixture
def rooms(bench: Bench, made: list[ChatView]) -> RoomsView:
    def make(parent: tk.Misc) -> ChatView:
        made.append(ChatView(parent, bench.theme, bench.paint, Asked().wishes(), LIMIT))
        return made[-1]

    def nothing(*_what: object) -> None:
        pass

    rooms = RoomsView(bench.root, bench.theme, bench.paint, make, SidebarWishes(nothing, nothing, nothing, nothing))
    rooms.pack(fill="both", expand=True)
    return rooms


def pause(bench: Bench) -> None:
    """Until a view would have been made."""
    timer = bench.root.after(2 * SPARE_MS, lambda: None)
    bench.wait(lambda: timer not in timers(bench))


def timers(bench: Bench) -> set[str]:
    return set(bench.root.tk.splitlist(bench.root.tk.call("after", "info")))


def entries(*rooms: str) -> list[RoomEntry]:
    return [RoomEntry(room, room, "mqtt://localhost", "", NOON, 0, online=True, trouble=False) for room in rooms]


def test_a_view_is_at_hand_while_there_is_a_room_to_choose(bench: Bench, rooms: RoomsView, made: list[ChatView]) -> None:
    rooms.show("a")
    rooms.show_rooms(entries("a", "b", "c"))
    bench.wait(lambda: len(made) == 2)
    assert [view.winfo_ismapped() for view in made] == [True, False]
    second = rooms.show("b")
    bench.look()
    assert second is made[1] is rooms.view("b")
    assert [view.room for view in made] == ["a", "b"]
    assert [view.winfo_ismapped() for view in made] == [False, True]
    bench.wait(lambda: len(made) == 3)
    rooms.show("c")
    rooms.show_rooms(entries("a", "b", "c"))
    assert rooms.show("a") is made[0]
    assert rooms.show("b") is made[1]
    pause(bench)
    assert len(made) == 3


def test_nothing_is_left_to_do_when_the_rooms_go_away(bench: Bench, rooms: RoomsView) -> None:
    rooms.show("a")
    bench.look()
    before = timers(bench)
    rooms.show_rooms(entries("a", "b"))
    assert timers(bench) > before
    rooms.destroy()
    assert timers(bench) <= before
