"""The list of rooms, by mouse and keyboard, with few rooms and with many."""

import os
import time
import tkinter as tk
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import ImageGrab

from chat.dates import short_when
from chat.window.font_files import Fonts
from chat.window.lines import without_emoji
from chat.window.sidebar import NARROW, WIDTH, RoomEntry, Sidebar, SidebarWishes
from tests.window.conftest import Bench
from tests.window.samples import NOON

ROW = 64


class Asked:
    """What the sidebar asked for."""

    def __init__(self) -> None:
        self.chosen: list[str] = []
        self.left: list[str] = []
        self.muted: list[tuple[str, bool]] = []
        self.added = 0

    def wishes(self) -> SidebarWishes:
        return SidebarWishes(self.chosen.append, self.add, self.left.append, lambda room, on: self.muted.append((room, on)))

    def add(self) -> None:
        self.added += 1


@pytest.fixture
def asked() -> Asked:
    return Asked()


def make(bench: Bench, asked: Asked) -> Sidebar:
    sidebar = Sidebar(bench.root, bench.theme, bench.paint, asked.wishes())
    sidebar.grid(row=0, column=0, sticky="ns")
    bench.root.rowconfigure(0, weight=1)
    bench.look()
    return sidebar


@pytest.fixture
def sidebar(bench: Bench, asked: Asked) -> Sidebar:
    return make(bench, asked)


def entry(number: int = 1, **changes: object) -> RoomEntry:
    plain = RoomEntry(
        f"id {number}", f"topic {number}", "mqtts://example.org:8883", f"Bob: hello {number}", NOON, 0, online=True, trouble=False
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def many(count: int) -> list[RoomEntry]:
    return [entry(number) for number in range(count)]


def items(sidebar: Sidebar, kind: str) -> list[int]:
    return [item for item in sidebar.canvas.find_all() if str(sidebar.canvas.type(item)) == kind]


def texts(sidebar: Sidebar) -> list[str]:
    call = sidebar.canvas.tk.call
    return [str(call(sidebar.canvas, "itemcget", item, "-text")) for item in items(sidebar, "text")]


def images(sidebar: Sidebar) -> list[tuple[float, float]]:
    places = (sidebar.canvas.coords(item) for item in items(sidebar, "image"))
    return [(place[0], place[1]) for place in places]


def framed(sidebar: Sidebar) -> list[int]:
    """The rows with a box of their own behind them: the current one, the one with the cursor, the one under the pointer."""
    return [int(y) // ROW for x, y in images(sidebar) if x == 8]


def click(bench: Bench, sidebar: Sidebar, event: str, y: int) -> None:
    sidebar.canvas.event_generate(event, x=100, y=y, rootx=100, rooty=y)
    bench.look()


def test_a_row_shows_topic_last_line_time_and_unread(sidebar: Sidebar) -> None:
    sidebar.show_rooms([entry(topic="ops/incidents", unread=14, time=time.time())], "")
    assert texts(sidebar) == ["OI", time.strftime("%H:%M"), "ops/incidents", "14", "Bob:", "hello 1"]


def test_no_emoji_becomes_an_initial(sidebar: Sidebar) -> None:
    sidebar.show_rooms([entry(topic="ℹ\ufe0f help desk")], "")
    assert texts(sidebar)[0] == "HD"


def test_the_current_room_stands_out(sidebar: Sidebar) -> None:
    sidebar.show_rooms(many(3), "id 1")
    assert framed(sidebar) == [1]


def test_a_badge_counts_to_a_limit_and_nothing_read_has_none(sidebar: Sidebar) -> None:
    sidebar.show_rooms([entry(1, unread=999), entry(2, unread=1000), entry(3, unread=0)], "")
    assert [text for text in texts(sidebar) if text.strip("9+") == "" and text] == ["999", "999+"]
    sidebar.narrow(True)
    assert [text for text in texts(sidebar) if text.strip("9+") == "" and text] == ["99+", "99+"]


def test_a_room_in_trouble_has_a_dot(sidebar: Sidebar) -> None:
    sidebar.show_rooms([entry()], "")
    before = len(images(sidebar))
    sidebar.show_rooms([entry(trouble=True)], "")
    assert len(images(sidebar)) == before + 1


def test_a_room_in_which_nothing_was_said_shows_its_broker(sidebar: Sidebar) -> None:
    sidebar.show_rooms([entry(last="", time=0.0)], "")
    assert texts(sidebar) == ["T1", "", "topic 1", "example.org:8883"]


def test_rooms_with_one_topic_show_their_brokers(sidebar: Sidebar) -> None:
    sidebar.show_rooms([entry(1, topic="family"), entry(2, topic="family", place="mqtt://broker.home"), entry(3)], "")
    assert [text for text in texts(sidebar) if "." in text] == ["example.org:8883", "broker.home"]


def test_no_room_says_what_to_do(sidebar: Sidebar, asked: Asked) -> None:
    sidebar.show_rooms([], "")
    assert "Press + to join" in "".join(texts(sidebar))
    sidebar.button.event_generate("<Button-1>")
    assert asked.added == 1


def test_keys_ask_for_nothing_in_an_empty_list(bench: Bench, sidebar: Sidebar, asked: Asked) -> None:
    bench.press(sidebar.canvas, "<Down>", "<Return>", "<Shift-F10>")
    assert asked.chosen == []
    assert not sidebar.menu.winfo_ismapped()


def test_a_click_chooses_the_room_under_it(bench: Bench, sidebar: Sidebar, asked: Asked) -> None:
    sidebar.show_rooms(many(50), "id 0")
    click(bench, sidebar, "<Button-1>", 2 * ROW + 5)
    for _ in range(3):
        click(bench, sidebar, "<Button-5>", 10)
    click(bench, sidebar, "<Button-1>", 2 * ROW + 5)
    assert asked.chosen == ["id 2", "id 5"]


def test_a_click_below_the_last_room_does_nothing(bench: Bench, sidebar: Sidebar, asked: Asked) -> None:
    sidebar.show_rooms(many(2), "id 0")
    click(bench, sidebar, "<Button-1>", 2 * ROW + 5)
    click(bench, sidebar, "<Button-3>", 2 * ROW + 5)
    assert asked.chosen == []
    assert not sidebar.menu.winfo_ismapped()


def test_keys_move_a_visible_cursor_and_return_chooses(bench: Bench, sidebar: Sidebar, asked: Asked) -> None:
    sidebar.show_rooms(many(3), "id 0")
    bench.press(sidebar.canvas, "<Down>")
    assert asked.chosen == []
    assert framed(sidebar) == [0, 1]
    bench.press(sidebar.canvas, "<Return>", "<Down>", "<Down>", "<Down>", "<space>", "<Up>", "<KP_Enter>", "<Home>", "<Up>", "<Return>")
    assert asked.chosen == ["id 1", "id 2", "id 1", "id 0"]


def test_the_cursor_shows_only_with_the_focus(bench: Bench, sidebar: Sidebar) -> None:
    sidebar.show_rooms(many(3), "id 0")
    bench.press(sidebar.canvas, "<Down>")
    bench.press(sidebar.button)
    assert framed(sidebar) == [0]


def test_keys_scroll_to_the_cursor_among_fifty_rooms(bench: Bench, sidebar: Sidebar, asked: Asked) -> None:
    sidebar.show_rooms(many(50), "id 0")
    bench.press(sidebar.canvas, "<End>", "<Return>")
    assert asked.chosen == ["id 49"]
    assert "topic 49" in texts(sidebar)
    assert "topic 0" not in texts(sidebar)
    top = sidebar.canvas.canvasy(0)
    assert top <= 49 * ROW
    assert top + sidebar.canvas.winfo_height() >= 50 * ROW
    bench.press(sidebar.canvas, "<Prior>", *["<Up>"] * 41)
    assert sidebar.canvas.canvasy(0) == 0


def test_only_the_rooms_in_view_are_drawn(sidebar: Sidebar) -> None:
    sidebar.show_rooms(many(1000), "id 0")
    height = sidebar.canvas.winfo_height()
    assert len([text for text in texts(sidebar) if text.startswith("topic")]) <= height // ROW + 2


def test_the_wheel_stops_at_both_ends(bench: Bench, sidebar: Sidebar) -> None:
    sidebar.show_rooms(many(12), "id 0")
    click(bench, sidebar, "<Button-4>", 10)
    assert sidebar.canvas.canvasy(0) == 0
    for _ in range(30):
        click(bench, sidebar, "<Button-5>", 10)
    assert "topic 11" in texts(sidebar)
    assert sidebar.canvas.canvasy(sidebar.canvas.winfo_height()) == 12 * ROW + 4
    sidebar.show_rooms(many(2), "id 0")
    assert "topic 0" in texts(sidebar)


def test_another_current_room_scrolls_into_view(sidebar: Sidebar) -> None:
    sidebar.show_rooms(many(50), "id 0")
    sidebar.show_rooms(many(50), "id 30")
    assert "topic 30" in texts(sidebar)


def test_the_current_room_is_in_view_when_the_window_opens(bench: Bench, asked: Asked) -> None:
    sidebar = Sidebar(bench.root, bench.theme, bench.paint, asked.wishes())
    sidebar.show_rooms(many(50), "id 40")
    sidebar.pack(side="left", fill="y")
    bench.look()
    assert "topic 40" in texts(sidebar)


def test_news_do_not_scroll_what_one_looks_at(bench: Bench, sidebar: Sidebar) -> None:
    sidebar.show_rooms(many(50), "id 0")
    click(bench, sidebar, "<Button-5>", 10)
    sidebar.show_rooms([entry(0, last="news"), *many(50)[1:]], "id 0")
    assert sidebar.canvas.canvasy(0) == ROW


def test_the_cursor_follows_its_room_and_falls_back_to_the_current_one(bench: Bench, sidebar: Sidebar, asked: Asked) -> None:
    rooms = many(4)
    sidebar.show_rooms(rooms, "id 0")
    bench.press(sidebar.canvas, "<Down>", "<Down>")
    sidebar.show_rooms([rooms[2], rooms[0], rooms[1], rooms[3]], "id 0")
    bench.press(sidebar.canvas, "<Return>")
    sidebar.show_rooms([rooms[0], rooms[1]], "id 0")
    bench.press(sidebar.canvas, "<Return>")
    assert asked.chosen == ["id 2", "id 0"]


def test_the_menu_leaves_the_room_that_was_clicked(bench: Bench, sidebar: Sidebar, asked: Asked) -> None:
    sidebar.show_rooms(many(4), "id 0")
    click(bench, sidebar, "<Button-3>", 2 * ROW + 5)
    assert sidebar.menu.winfo_ismapped()
    assert asked.chosen == []
    sidebar.menu.invoke(1)
    sidebar.menu.unpost()
    assert asked.left == ["id 2"]


@pytest.mark.parametrize(("row", "words"), [(0, "Mute"), (1, "Unmute")])
def test_the_menu_mutes_and_unmutes(bench: Bench, sidebar: Sidebar, asked: Asked, row: int, words: str) -> None:
    sidebar.show_rooms([entry(0), entry(1, muted=True)], "id 0")
    click(bench, sidebar, "<Button-3>", row * ROW + 5)
    assert str(sidebar.menu.entrycget(0, "label")) == words
    sidebar.menu.invoke(0)
    sidebar.menu.unpost()
    assert asked.muted == [(f"id {row}", row == 0)]


@pytest.mark.parametrize("narrow", [False, True])
def test_a_muted_room_is_marked_and_its_count_is_grey(bench: Bench, sidebar: Sidebar, narrow: bool) -> None:
    sidebar.narrow(narrow)
    sidebar.show_rooms([entry(unread=3, topic="x" * 300)], "")
    before, colour = len(images(sidebar)), badge(bench, sidebar)
    sidebar.show_rooms([entry(unread=3, topic="x" * 300, muted=True)], "")
    assert len(images(sidebar)) == before + (not narrow)
    assert (colour, badge(bench, sidebar)) == (bench.theme.palette.accent, bench.theme.palette.muted)
    assert all(x <= WIDTH - 18 for x, _ in images(sidebar))
    click(bench, sidebar, "<Motion>", 5)
    assert sidebar._hint.text.endswith(" – muted")


def badge(bench: Bench, sidebar: Sidebar) -> str:
    """The colour around the count of unread messages."""
    canvas = sidebar.canvas
    (count,) = (item for item in items(sidebar, "text") if str(canvas.tk.call(canvas, "itemcget", item, "-text")) == "3")
    left, top, _, bottom = canvas.bbox(count)
    x, y = canvas.winfo_rootx() + left - 2, canvas.winfo_rooty() + (top + bottom) // 2
    bench.look()
    shot = ImageGrab.grab((x, y, x + 1, y + 1), xdisplay=os.environ["DISPLAY"]).convert("RGB")
    return "#" + shot.tobytes().hex().upper()


@pytest.mark.parametrize("key", ["<Menu>", "<Shift-F10>"])
def test_the_menu_by_keyboard(bench: Bench, sidebar: Sidebar, asked: Asked, key: str) -> None:
    sidebar.show_rooms(many(4), "id 0")
    bench.press(sidebar.canvas, "<Down>", key)
    assert sidebar.menu.winfo_ismapped()
    sidebar.menu.invoke(1)
    sidebar.menu.unpost()
    assert asked.left == ["id 1"]


def test_the_narrow_form_has_avatars_only_and_still_works(bench: Bench, sidebar: Sidebar, asked: Asked) -> None:
    sidebar.show_rooms(many(3), "id 0")
    sidebar.narrow(True)
    bench.look()
    assert sidebar.winfo_width() == NARROW
    assert texts(sidebar) == ["T0", "T1", "T2"]
    sidebar.canvas.event_generate("<Button-1>", x=30, y=ROW + 5)
    sidebar.button.event_generate("<Button-1>")
    assert (asked.chosen, asked.added) == (["id 1"], 1)
    sidebar.narrow(False)
    bench.look()
    assert sidebar.winfo_width() == WIDTH
    assert "topic 2" in texts(sidebar)


def test_the_row_under_the_pointer_stands_out_and_is_explained(bench: Bench, sidebar: Sidebar) -> None:
    sidebar.show_rooms([entry(0), entry(1, trouble=True)], "id 0")
    click(bench, sidebar, "<Motion>", ROW + 5)
    assert framed(sidebar) == [0, 1]
    assert sidebar._hint.text == "topic 1 at mqtts://example.org:8883 – not connected"
    bench.wait(lambda: sidebar._hint._shown is not None)
    click(bench, sidebar, "<Motion>", 5)
    assert sidebar._hint._shown is None
    click(bench, sidebar, "<Leave>", 5)
    assert framed(sidebar) == [0]


def test_the_same_list_again_draws_nothing(sidebar: Sidebar) -> None:
    sidebar.show_rooms(many(3), "id 0")
    before = sidebar.canvas.find_all()
    sidebar.show_rooms(many(3), "id 0")
    assert sidebar.canvas.find_all() == before


def test_another_look_keeps_rooms_form_cursor_and_place(bench: Bench, sidebar: Sidebar, asked: Asked) -> None:
    sidebar.show_rooms(many(50), "id 0")
    sidebar.narrow(True)
    bench.press(sidebar.canvas, *["<Down>"] * 20)
    top = sidebar.canvas.canvasy(0)
    assert top > 0
    other = make(bench, asked)
    other.take_over(sidebar)
    sidebar.destroy()
    bench.look()
    assert other.canvas.canvasy(0) == top
    assert other.winfo_width() == NARROW
    bench.press(other.canvas, "<Return>")
    assert asked.chosen == ["id 20"]


@pytest.mark.parametrize(
    "text",
    [
        "🎉 party 👨‍👩‍👧‍👦 🇸🇪 1️⃣",
        "👨‍👩‍👧‍👦" * 2000,
        "a\u202eb\u2066c",
        "nul\0l\x1b[31m",
        "lone \ud800 surrogate",
        "z" + "\u0310" * 20_000,
        "x" * 262_144,
        "word " * 50_000,
        "line\n" * 10_000,
        "[exit] {$x} %s \\",
        ": " * 500,
    ],
    ids=["emoji", "families", "bidi", "nul", "surrogate", "zalgo", "long", "words", "lines", "tcl", "colons"],
)
def test_any_text_stays_in_its_row(bench: Bench, sidebar: Sidebar, text: str) -> None:
    sidebar.show_rooms([entry(1, topic=text, place=text, last=text, unread=5), entry(2, topic=text)], "id 1")
    bench.look()
    canvas = sidebar.canvas
    for shown in texts(sidebar):
        assert shown == without_emoji(shown)
        assert not set(shown) & set("\0\x1b\n\u202e\u2066")
    for item in canvas.find_all():
        left, _, right, _ = canvas.bbox(item)
        assert left >= 0
        assert right <= WIDTH
    assert max(canvas.bbox(item)[2] for item in items(sidebar, "text")) <= WIDTH - 16


def test_times_of_today_this_week_this_year_and_before() -> None:
    now = time.mktime((2026, 9, 17, 14, 0, 0, 0, 0, -1))
    day = 86_400
    assert short_when(now - 3600, now) == "13:00"
    assert short_when(now - 2 * day, now) == time.strftime("%a", time.localtime(now - 2 * day))
    assert short_when(now - 30 * day, now) == "18 Aug"
    assert short_when(now + 2 * day, now) == "19 Sep"
    assert short_when(now - 400 * day, now) == "Aug 2025"
    assert short_when(0.0, now) == ""


@given(st.floats(), st.integers(0, 2**33))
@example(6.8e16, 0)
def test_no_time_is_too_odd(seconds: float, now: int) -> None:
    assert len(short_when(seconds, now)) < 30


def test_a_destroyed_sidebar_leaves_nothing_behind(bench: Bench, sidebar: Sidebar) -> None:
    sidebar.show_rooms(many(3), "id 0")
    click(bench, sidebar, "<Motion>", 5)
    sidebar.destroy()
    bench.look()
    assert not [child for child in bench.root.winfo_children() if isinstance(child, tk.Toplevel)]
    assert bench.root.tk.call("after", "info") == ""


def test_a_last_line_that_runs_from_right_to_left_begins_with_its_sender_at_the_right(bench: Bench, sidebar: Sidebar, fonts: Fonts) -> None:
    if "א" not in fonts.best:
        pytest.skip("no font has Hebrew letters; tests/run installs one")
    sidebar.show_rooms([entry(topic="חדר", last="דן: שלום עולם")], "")
    bench.look()
    boxes = [sidebar.canvas.bbox(item) for item in items(sidebar, "image")]
    lowest = max(top for _, top, _, _ in boxes)
    last_line = sorted((left, right - left) for left, top, right, _ in boxes if top == lowest)
    # What is said is wider than who says it.
    assert max(last_line, key=lambda box: box[1]) == last_line[0]
    assert len(last_line) > 1
    assert not any("ש" in text for text in texts(sidebar))
