"""The list of members: when they were here, what is known of their keys, by mouse and keyboard."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat.events import Member, Trust
from chat.window.members import MemberPanel, state_words
from tests.window.conftest import Bench

NOW = time.mktime((2026, 9, 17, 14, 0, 0, 0, 0, -1))
DAY = 86_400


def member(name: str, *, online: bool = True, seen: float = 0.0, trust: Trust = Trust.PINNED, own: bool = False) -> Member:
    return Member(f"device of {name}", name, own, online, seen, trust, f"FINGER OF {name.upper()}")


@pytest.fixture
def panel(bench: Bench) -> MemberPanel:
    panel = MemberPanel(bench.root, bench.theme, bench.paint)
    panel.pack(side="left", fill="y")
    bench.look()
    return panel


def contents(panel: MemberPanel, kind: str) -> list[str]:
    canvas, call = panel.canvas, panel.tk.call
    return [str(call(canvas, "itemcget", item, f"-{kind}")) for item in canvas.find_all() if str(canvas.type(item)) == kind]


def texts(panel: MemberPanel) -> str:
    return "\n".join(contents(panel, "text"))


def pictures(panel: MemberPanel) -> list[str]:
    return contents(panel, "image")


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (0, "last seen just now"),
        (-30, "last seen just now"),
        (59, "last seen just now"),
        (300, "last seen 5 min ago"),
        (3599, "last seen 59 min ago"),
        (3 * 3600, "last seen 11:00"),
        (15 * 3600, "last seen yesterday"),
        (3 * DAY, "last seen Mon"),
        (30 * DAY, "last seen 18 Aug"),
        (400 * DAY, "last seen Aug 2025"),
    ],
)
def test_when_somebody_was_here(ago: float, words: str) -> None:
    assert state_words(member("bob", online=False, seen=NOW - ago), NOW) == words


def test_here_or_never_seen() -> None:
    assert state_words(member("bob", seen=NOW), NOW) == "online"
    assert state_words(member("bob", online=False), NOW) == "offline"


@given(st.floats(), st.integers(0, 2**33))
@example(6.8e16, 0)
@example(-1.0, 0)
def test_no_time_is_too_odd(seen: float, now: int) -> None:
    assert state_words(member("bob", online=False, seen=seen), now)


def test_the_words_follow_the_clock(bench: Bench, panel: MemberPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.window.members.TICK_MS", 10)
    panel.show_members([member("bob", online=False, seen=time.time() - 70)])
    assert "last seen 1 min ago" in texts(panel)
    real = time.time
    monkeypatch.setattr("chat.window.members.time.time", lambda: real() + 240)
    panel._tick()
    bench.wait(lambda: "last seen 5 min ago" in texts(panel))


def test_trust_is_marked(bench: Bench, panel: MemberPanel) -> None:
    members = [member("me", own=True), member("pinned"), member("changed", trust=Trust.CHANGED), member("new", trust=Trust.UNPINNED)]
    panel.show_members(members)
    palette, size = bench.theme.palette, bench.theme.px(15)
    marks = {
        name: str(bench.paint.icon(name, size, ink, palette.side))
        for name, ink in (("shield-check", palette.ok), ("shield-alert", palette.warning))
    }
    shown = pictures(panel)
    assert [shown.count(marks[name]) for name in ("shield-check", "shield-alert")] == [1, 1]


def test_by_keyboard(bench: Bench, panel: MemberPanel) -> None:
    panel.show_members([member("ada", own=True), member("bob"), member("cleo", trust=Trust.CHANGED)])
    bench.press(panel.canvas, "<Down>", "<Down>", "<Return>")
    assert "FINGER OF BOB" in texts(panel)
    assert "Compare the fingerprint" in texts(panel)
    bench.press(panel.canvas, "<Down>", "<Down>", "<space>")
    assert "FINGER OF BOB" not in texts(panel)
    assert "FINGER OF CLEO" in texts(panel)
    assert "Another key" in texts(panel)
    bench.press(panel.canvas, "<space>")
    assert "FINGER" not in texts(panel)


def test_the_cursor_shows_with_the_focus_and_comes_into_view(bench: Bench, panel: MemberPanel) -> None:
    panel.show_members([member(f"{number:03}") for number in range(100)])
    bench.press(panel.canvas, "<End>")
    canvas = panel.canvas
    left, top, right, bottom = canvas.bbox("cursor")
    assert 0 <= left < right <= 232
    assert canvas.canvasy(0) <= top
    assert bottom <= canvas.canvasy(canvas.winfo_height()) + 1
    bench.press(canvas, "<Home>")
    assert canvas.canvasy(0) == 0
    bench.root.focus_force()
    bench.look()
    assert canvas.bbox("cursor") is None


def test_members_are_drawn_when_one_gets_to_them(bench: Bench, panel: MemberPanel) -> None:
    panel.show_members([member(f"{number:03}", online=number < 100) for number in range(200)])
    assert "000" in texts(panel)
    assert len(pictures(panel)) < 100
    for _ in range(500):
        panel.canvas.event_generate("<Button-5>")
    bench.look()
    assert "199" in texts(panel)
    assert len(contents(panel, "text")) == 2 + 3 * 200
    assert len(pictures(panel)) == 2 * 200
    panel.show_members([member("ada"), member("bob")])
    assert {"ada", "bob"} <= set(contents(panel, "text"))


def test_a_larger_panel_shows_more(bench: Bench, panel: MemberPanel) -> None:
    bench.root.geometry("700x200")
    bench.look()
    panel.show_members([member(f"{number:03}") for number in range(100)])
    few = len(pictures(panel))
    bench.root.geometry("700x600")
    bench.look()
    assert len(pictures(panel)) > few


def test_a_destroyed_panel_leaves_no_timer(bench: Bench, panel: MemberPanel) -> None:
    panel.destroy()
    bench.look()
    assert bench.root.tk.call("after", "info") == ""
