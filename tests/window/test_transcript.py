"""The conversation on a real canvas."""

import functools
import itertools
import tkinter as tk
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chat.events import Delivery, Trust
from chat.window.loaded import LOADED_ROWS
from chat.window.operations import Words
from chat.window.paging import Paging
from chat.window.reading import Reading
from chat.window.rows import Row
from chat.window.transcript import Transcript
from tests.window.conftest import Bench
from tests.window.samples import NOON, message

LARGEST = 2**63 - 1
HAZARDS = [
    "\ud83d lone", "before\0after", "a\x1b[31mb\x9b", "user\u202etxt.exe", "z" + "\u0310" * 20_000, "👨‍👩‍👧‍👦" * 2000, "مرحبا شלום नमस्ते",
    "x" * 256_000, "word " * 50_000, "\n" * 10_000, "a\n" * 8_000, '[exit] $env(HOME) {unbalanced \\ " } ; puts hi',
    "\ufffe\uffff\U0010ffff", " ", "",
    "\u2028\u2029\r\n\r", "{*}[destroy .]", "-text", "%s%d",
]  # fmt: skip


@pytest.fixture
def transcript(bench: Bench) -> Transcript:
    made = Transcript(bench.root, bench.theme, bench.paint, Paging(lambda _: None, lambda _: None, lambda _: None))
    made.pack(fill="both", expand=True)
    bench.look()
    return made


@pytest.fixture(autouse=True)
def reading(bench: Bench, transcript: Transcript) -> Reading:
    return Reading(transcript, bench.theme, bench.paint, lambda *_: None, lambda *_: None, lambda *_: None)


def fill(bench: Bench, transcript: Transcript, count: int, start: int = 0) -> None:
    transcript.add([(message(start + number), None) for number in range(count)])
    bench.look()


def drawn_texts(transcript: Transcript) -> list[str]:
    """The words on the canvas, from above and from the left."""
    call = transcript.tk.call
    items = [item for item in transcript.find_all() if call(str(transcript), "type", item) == "text"]
    items.sort(key=lambda item: tuple(reversed(transcript.coords(item))))
    return [str(call(str(transcript), "itemcget", item, "-text")) for item in items]


def tops(transcript: Transcript) -> dict[str, int]:
    return {row.message.key: transcript._drawn[row][1] - transcript.offset for row in transcript.visible() if row.message}


def is_above(transcript: Transcript, offset: int) -> bool:
    return transcript.offset < offset


def check_drawing(transcript: Transcript) -> None:
    """What is drawn is one stretch of rows without a gap, and nothing else is on the canvas."""
    drawn = sorted(transcript._drawn, key=lambda row: row.place)
    places = [transcript.loaded.place_of(row) for row in drawn]
    assert places == list(range(places[0], places[0] + len(places))) if places else not transcript.rows
    for upper, lower in itertools.pairwise(drawn):
        assert transcript._drawn[upper][1] + transcript._drawn[upper][0].height == transcript._drawn[lower][1]
    for row, (layout, top, _) in transcript._drawn.items():
        assert transcript.coords(f"row{row.number}")[1] == top + (*layout.under, *layout.over)[0].y
    tags = {tag for item in transcript.find_all() for tag in transcript.gettags(item)} - {"current"}
    assert tags == {f"row{row.number}" for row in drawn}


def test_messages_are_sorted_by_their_order(bench: Bench, transcript: Transcript) -> None:
    transcript.add([(message(number), None) for number in (5, 1, 9)])
    transcript.add([(message(3), None), (message(3), None)])
    bench.look()
    assert transcript.texts() == ["message 1", "message 3", "message 5", "message 9"]
    assert [text for text in drawn_texts(transcript) if text.startswith("message")] == transcript.texts()


def test_a_day_has_one_heading_in_whatever_order_its_messages_come(bench: Bench, transcript: Transcript) -> None:
    day = 86_400
    for number in (3, 1, 2, 0, 5, 4):
        transcript.add([(message(number, time=NOON + number // 2 * day), None)])
        bench.look()
    headings = [text for text in drawn_texts(transcript) if "20" in text or text in ("Today", "Yesterday")]
    assert len(headings) == 3
    assert len(set(headings)) == 3


def test_only_what_shows_is_drawn(bench: Bench, transcript: Transcript) -> None:
    fill(bench, transcript, 1000)
    assert len(transcript.rows) == 1000
    assert len(transcript.find_all()) < 400
    for _ in range(20):
        transcript.scroll(-600)
    assert len(transcript.find_all()) < 400
    assert sum(row.layout is not None for row in transcript.rows) < 60
    check_drawing(transcript)


def test_the_oldest_rows_give_way(bench: Bench, transcript: Transcript) -> None:
    for start in range(0, 4000, 100):
        fill(bench, transcript, 100, start)
    assert len(transcript.rows) <= LOADED_ROWS
    assert transcript.texts()[-1] == "message 3999"
    check_drawing(transcript)


def test_the_oldest_rows_give_way_while_scrolled_up_too(bench: Bench, transcript: Transcript) -> None:
    fill(bench, transcript, 100)
    transcript.scroll(-1000)
    for start in range(100, 4000, 100):
        fill(bench, transcript, 100, start)
    assert len(transcript.rows) <= LOADED_ROWS
    assert not transcript.pinned
    check_drawing(transcript)
    assert transcript.visible()


def test_at_the_end_it_stays_at_the_end(bench: Bench, transcript: Transcript) -> None:
    fill(bench, transcript, 100)
    fill(bench, transcript, 5, 100)
    assert transcript.pinned
    assert transcript.visible()[-1].message == message(104)


def test_scrolled_up_nothing_moves_and_the_new_ones_are_counted(bench: Bench, transcript: Transcript) -> None:
    fill(bench, transcript, 100)
    transcript.scroll(-900)
    before = tops(transcript)
    fill(bench, transcript, 7, 100)
    transcript.add([(message(3, "late", device="eve"), None)])
    bench.look()
    assert tops(transcript) == before
    assert transcript.unseen == 8
    transcript.to_end()
    assert (transcript.pinned, transcript.unseen) == (True, 0)
    assert transcript.visible()[-1].message == message(106)


def test_scrolling_down_to_the_end_pins_again(bench: Bench, transcript: Transcript) -> None:
    fill(bench, transcript, 100)
    transcript.scroll(-500)
    assert not transcript.pinned
    transcript.scroll(2000)
    assert transcript.pinned


def test_a_short_conversation_can_not_be_scrolled_away(bench: Bench, transcript: Transcript) -> None:
    fill(bench, transcript, 3)
    for move in (transcript.to_start, lambda: transcript.scroll(-5000), lambda: transcript.scroll(5000)):
        move()
        bench.look()
        assert transcript.pinned
        assert len(transcript.visible()) == 3


def test_home_and_end_and_pages(bench: Bench, transcript: Transcript) -> None:
    fill(bench, transcript, 300)
    bench.press(transcript, "<Home>")
    assert transcript.visible()[0].message == message(0)
    bench.press(transcript, "<Next>", "<Prior>")
    assert transcript.visible()[0].message == message(0)
    bench.press(transcript, "<End>")
    assert transcript.visible()[-1].message == message(299)
    bench.press(transcript, "<Up>")
    bench.wait(lambda: not transcript.pinned)


def test_the_wheel_scrolls_also_over_what_lies_on_top(bench: Bench, transcript: Transcript, reading: Reading) -> None:
    fill(bench, transcript, 300)
    transcript.event_generate("<Button-4>", x=50, y=50)
    bench.wait(lambda: not transcript.pinned)
    for child in transcript.winfo_children():
        bench.wait(lambda: not reading._timer)
        offset = transcript.offset
        child.event_generate("<Button-4>", x=2, y=2)
        bench.wait(functools.partial(is_above, transcript, offset))


def test_the_button_leads_to_the_newest(bench: Bench, transcript: Transcript) -> None:
    fill(bench, transcript, 300)
    transcript.scroll(-3000)
    fill(bench, transcript, 2, 300)
    (jump,) = [child for child in transcript.winfo_children() if isinstance(child, tk.Label)]
    assert jump.winfo_ismapped()
    assert jump["text"] == "2 new ↓"
    jump.event_generate("<Button-1>")
    bench.look()
    assert transcript.pinned
    assert not jump.winfo_ismapped()


def test_delivery_changes_in_place(bench: Bench, transcript: Transcript) -> None:
    fill(bench, transcript, 50)
    own = message(60, "mine", own=True, device="me", time=NOON + 51)
    transcript.add([(own, Delivery.WAITING)])
    transcript.change_delivery(own.key, Delivery.QUEUED, "")
    bench.look()
    transcript.change_delivery(own.key, Delivery.FAILED, "The broker refused it.")
    transcript.change_delivery("unknown", Delivery.QUEUED, "")
    bench.look()
    assert "The broker refused it." in drawn_texts(transcript)
    check_drawing(transcript)


def test_a_notice_does_not_stay_below_what_comes_later(bench: Bench, transcript: Transcript) -> None:
    transcript.add([(message(LARGEST, "mine", own=True, device="me"), Delivery.WAITING)])
    transcript.add_notice("You are in the room.")
    fill(bench, transcript, 2)
    assert transcript.texts() == ["You are in the room.", "message 0", "message 1", "mine"]


def test_a_changed_key_is_said_in_words(bench: Bench, transcript: Transcript) -> None:
    transcript.add([(message(1, trust=Trust.CHANGED), None)])
    bench.look()
    assert "not the key first seen" in drawn_texts(transcript)


def test_a_flood_is_one_line_until_it_is_opened(bench: Bench, transcript: Transcript) -> None:
    fill(bench, transcript, 5)
    transcript.fold("b0b", "Bob", 1, [message(5)])
    transcript.fold("b0b", "Bob", 3, [message(6), message(7)])
    bench.look()
    assert "3 more from Bob · click to show" in drawn_texts(transcript)
    (row,) = [row for row in transcript.rows if row.kind == "fold"]
    y = transcript._drawn[row][1] - transcript.offset + 20
    transcript.event_generate("<Button-1>", x=380, y=y)
    transcript.event_generate("<ButtonRelease-1>", x=380, y=y)
    bench.look()
    assert transcript.texts() == [f"message {number}" for number in range(8)]
    check_drawing(transcript)


def test_folded_messages_do_not_grow_without_bound(bench: Bench, transcript: Transcript) -> None:
    for start in range(0, 5000, 100):
        transcript.fold("b0b", "Bob", start + 100, [message(start + number) for number in range(100)])
        transcript.fold("eve", "Eve", start + 100, [message(start + number, device="eve") for number in range(100)])
    bench.look()
    assert sum(len(row.folded) for row in transcript.rows) <= LOADED_ROWS
    assert [row.count for row in transcript.rows] == [5000, 5000]


@pytest.mark.parametrize("text", HAZARDS)
def test_hazards_are_drawn(bench: Bench, transcript: Transcript, text: str) -> None:
    transcript.add([(message(1, text, device="ab"), None), (message(2, "after"), None)])
    transcript.add_notice(text)
    bench.look()
    assert "after" in drawn_texts(transcript)
    assert all("\0" not in shown and "\u202e" not in shown and "👨" not in shown for shown in drawn_texts(transcript))
    transcript.scroll(-100_000)
    bench.look()
    check_drawing(transcript)


def test_a_hostile_name_is_one_short_line(bench: Bench, transcript: Transcript) -> None:
    hostile = replace(message(1), name="N\n\u202e😀" + "x" * 10_000)
    transcript.add([(hostile, None)])
    bench.look()
    layout = transcript.rows[-1].layout
    assert layout is not None
    (name,) = {piece.y for piece in layout.over if isinstance(piece, Words) and piece.font == "name"}
    words = [piece.text for piece in layout.over if isinstance(piece, Words) and piece.y == name]
    assert words[0] == "N "
    assert words[-1] == "…"
    assert len("".join(words)) < 100


def test_a_long_message_is_cut_until_it_is_opened(bench: Bench, transcript: Transcript) -> None:
    transcript.add([(message(1, "line\n" * 200 + "the end"), None)])
    bench.look()
    assert "Show all" in drawn_texts(transcript)
    assert "the end" not in drawn_texts(transcript)
    transcript.open(transcript.rows[0])
    bench.look()
    assert "the end" in drawn_texts(transcript)
    assert "Show all" not in drawn_texts(transcript)


def drag(bench: Bench, transcript: Transcript, start: tuple[int, int], end: tuple[int, int]) -> None:
    transcript.event_generate("<Button-1>", x=start[0], y=start[1])
    transcript.event_generate("<B1-Motion>", x=end[0], y=end[1])
    transcript.event_generate("<ButtonRelease-1>", x=end[0], y=end[1])
    bench.press(transcript, "<<Copy>>")


def text_place(transcript: Transcript, row: Row) -> tuple[int, int, int]:
    layout, top, _ = transcript._drawn[row]
    return layout.spans[0].x, layout.spans[-1].x + layout.spans[-1].width, top - transcript.offset + layout.spans[0].y + 8


def test_a_part_of_a_message_is_selected_and_copied(bench: Bench, transcript: Transcript) -> None:
    transcript.add([(message(1, "hello 😀 world"), None)])
    bench.look()
    left, right, y = text_place(transcript, transcript.rows[0])
    drag(bench, transcript, (left + bench.theme.width("hello ", "body"), y), (right + 30, y))
    assert bench.root.clipboard_get() == "😀 world"
    drag(bench, transcript, (right + 30, y), (left, y))
    assert bench.root.clipboard_get() == "hello 😀 world"


def test_a_selection_reaches_across_messages(bench: Bench, transcript: Transcript) -> None:
    transcript.add([(message(1, "first"), None), (message(2, "second", own=True, device="me"), None), (message(3, "third"), None)])
    bench.look()
    left, _, top = text_place(transcript, transcript.rows[0])
    _, right, bottom = text_place(transcript, transcript.rows[2])
    drag(bench, transcript, (left, top), (right + 5, bottom))
    lines = str(bench.root.clipboard_get()).split("\n")
    assert [line.split("] ")[1] for line in lines] == ["Name of b0b: first", "Name of me: second", "Name of b0b: third"]
    transcript.event_generate("<Button-1>", x=5, y=5)
    assert transcript.selection is None


def test_another_width_keeps_what_one_reads(bench: Bench, transcript: Transcript) -> None:
    transcript.add([(message(number, f"message {number} " + "with words " * 20), None) for number in range(100)])
    bench.look()
    transcript.scroll(-4000)
    first = transcript.visible()[0]
    bench.root.geometry("480x500")
    bench.wait(lambda: transcript.view[0] < 500)
    bench.look()
    assert transcript.visible()[0] is first
    check_drawing(transcript)


STEPS = ["add", "late", "own", "fold", "notice", "scroll", "end", "start", "resize", "open", "deliver", "look"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 60)),
        max_size=40,
    )
)
def test_whatever_happens_the_drawing_is_whole(bench: Bench, transcript: Transcript, steps: list[tuple[str, int]]) -> None:
    transcript.clear()
    orders: list[int] = []
    for count, (step, number) in enumerate(steps):
        _do(bench, transcript, step, number, count * 100)
        orders = [row.place[0][0] for row in transcript.rows]
        assert orders == sorted(orders)
    bench.look()
    check_drawing(transcript)
    assert bench.failures == []
    if transcript.rows:
        assert transcript.visible()
        transcript.to_end()
        assert transcript.visible()[-1] is transcript.rows[-1]


def _do(bench: Bench, transcript: Transcript, step: str, number: int, start: int) -> None:
    actions: dict[str, Callable[[], object]] = {
        "add": lambda: transcript.add([(message(start + each), None) for each in range(number)]),
        "late": lambda: transcript.add([(message(number, f"late {start}", device=f"e{start}"), None)]),
        "own": lambda: transcript.add([(message(LARGEST - start, "own", own=True, device="me"), Delivery.WAITING)]),
        "fold": lambda: transcript.fold("b0b", "Bob", number, [message(start + 70, device="fo1d")]),
        "notice": lambda: transcript.add_notice("notice " * number),
        "scroll": lambda: transcript.scroll(number * 40 - 1800),
        "end": transcript.to_end,
        "start": transcript.to_start,
        "resize": lambda: bench.root.geometry(f"{500 + number * 5}x{300 + number * 5}"),
        "look": bench.look,
    }
    if step in actions:
        actions[step]()
        return
    for row in list(transcript.rows):
        if step == "open" and row.kind == "fold":
            transcript.open(row)
        elif step == "deliver" and row.message and row.delivery is Delivery.WAITING:
            transcript.change_delivery(row.message.key, Delivery.QUEUED, "")
