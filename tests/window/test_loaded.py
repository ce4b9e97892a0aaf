"""Which part of the conversation is loaded, whatever arrives and however one walks through it."""

import bisect

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.events import Delivery, Gap, Message, Page, PageKind, Supplied
from chat.window.loaded import MOST_GAPS, MOST_NOTICES, Loaded
from chat.window.rows import Order
from tests.window.samples import message, page

PAGE = 20
LIMIT = 60


class Store:
    """The kept conversation, which answers as the session does."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def keep(self, kept: Message) -> None:
        if kept not in self.messages:
            bisect.insort(self.messages, kept, key=lambda each: each.order)

    def answer(self, kind: PageKind, order: Order | None) -> Page:
        place = bisect.bisect_left(self.messages, order, key=lambda each: each.order) if order is not None else len(self.messages)
        match kind:
            case PageKind.LAST | PageKind.OLDER:
                start, end = max(0, place - PAGE), place
            case PageKind.NEWER:
                start, end = place + 1, place + 1 + PAGE
            case PageKind.AROUND:
                start, end = max(0, place - PAGE // 2), place + PAGE // 2
        part = self.messages[start:end]
        return Page(kind, tuple((each, None) for each in part), start > 0, end < len(self.messages))


def numbers(loaded: Loaded) -> list[int]:
    return [row.message.order[0] for row in loaded.rows if row.message is not None]


def texts(loaded: Loaded) -> list[str]:
    return [row.message.text if row.message is not None else row.text for row in loaded.rows]


STEPS = st.one_of(
    st.tuples(st.just("live"), st.integers(1, 90)),
    st.tuples(st.just("late"), st.integers(0, 100)),
    st.tuples(st.just("older"), st.just(0)),
    st.tuples(st.just("newer"), st.just(0)),
    st.tuples(st.just("around"), st.integers(0, 100)),
    st.tuples(st.just("last"), st.just(0)),
    st.tuples(st.just("read"), st.integers(0, 100)),
    st.tuples(st.just("notice"), st.just(0)),
    st.tuples(st.just("gaps"), st.integers(0, 100)),
    st.tuples(st.just("supplied"), st.integers(0, 100)),
)


@pytest.fixture(scope="module", autouse=True)
def _small() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chat.window.loaded.LOADED_ROWS", LIMIT)
        patch.setattr("chat.window.loaded.KEPT_ROWS", LIMIT * 9 // 10)
        yield


@settings(deadline=None, max_examples=150)
@given(steps=st.lists(STEPS, max_size=40))
def test_what_is_loaded_is_one_piece_of_the_conversation(steps: list[tuple[str, int]]) -> None:
    store, loaded = Store(), Loaded()
    reading = 1.0
    for count, (step, share) in enumerate(steps):
        ends = loaded.ends()
        aimed = store.messages[share * (len(store.messages) - 1) // 100].order if store.messages and share <= 100 else None
        match step:
            case "live" | "late":
                start = 1000 * count + 10_000 if step == "live" else 10 * share + 1
                for number in range(start, start + (share if step == "live" else 3)):
                    arrived = message(number)
                    known = arrived in store.messages
                    store.keep(arrived)
                    if not known:
                        loaded.add([(arrived, None)])
            case "older" if ends and loaded.more_before:
                loaded.show_page(store.answer(PageKind.OLDER, ends[0]))
            case "newer" if ends and loaded.more_after:
                loaded.show_page(store.answer(PageKind.NEWER, ends[1]))
            case "around" if aimed is not None:
                loaded.show_page(store.answer(PageKind.AROUND, aimed))
            case "last":
                loaded.show_page(store.answer(PageKind.LAST, None))
            case "read":
                reading = share / 100
            case "notice":
                loaded.add_notice(f"notice {count}")
            case "gaps" if aimed is not None:
                loaded.set_gaps([Gap("b0b", "Bob", 3, aimed)])
            case "supplied" if aimed is not None:
                loaded.set_supplied(Supplied(("Ada",), aimed))
        loaded.trim(round(reading * len(loaded.rows)))
        _check(store, loaded)


def _check(store: Store, loaded: Loaded) -> None:
    assert len(loaded.rows) <= LIMIT + 2
    assert [row.place for row in loaded.rows] == sorted(row.place for row in loaded.rows)
    shown = [row.message for row in loaded.rows if row.message is not None]
    if not shown:
        return
    start = store.messages.index(shown[0])
    assert shown == store.messages[start : start + len(shown)]
    assert loaded.more_before or start == 0
    assert loaded.more_after or start + len(shown) == len(store.messages)
    assert all(loaded.find(each.key) is not None for each in shown)


def test_one_can_walk_from_the_end_to_the_start_and_back() -> None:
    store, loaded = Store(), Loaded()
    for number in range(1000):
        store.keep(message(number))
    loaded.show_page(store.answer(PageKind.LAST, None))
    seen = set(numbers(loaded))
    while loaded.more_before:
        loaded.show_page(store.answer(PageKind.OLDER, numbers_order(loaded, 0)))
        loaded.trim(0)
        assert len(loaded.rows) <= LIMIT
        seen |= set(numbers(loaded))
    assert seen == set(range(1000))
    assert loaded.more_after
    while loaded.more_after:
        loaded.show_page(store.answer(PageKind.NEWER, numbers_order(loaded, -1)))
        loaded.trim(len(loaded.rows))
        assert len(loaded.rows) <= LIMIT
    assert numbers(loaded)[-1] == 999


def numbers_order(loaded: Loaded, place: int) -> Order:
    return (numbers(loaded)[place], "b0b", numbers(loaded)[place])


def test_what_arrives_beyond_what_is_loaded_is_left_to_a_page() -> None:
    loaded = Loaded()
    loaded.show_page(page(PageKind.AROUND, range(100, 120), before=True, after=True))
    assert loaded.add([(message(50), None)]) == 0
    assert loaded.add([(message(200), None), (message(201, own=True), Delivery.QUEUED)]) == 1
    assert loaded.add([(message(110, device="eve"), None)]) == 1
    assert numbers(loaded) == sorted([*range(100, 120), 110])


def test_a_bulk_of_old_messages_does_not_push_out_what_one_reads() -> None:
    loaded = Loaded()
    loaded.show_page(page(PageKind.LAST, range(5000, 5020), before=True))
    for number in range(4000, 5000):
        loaded.add([(message(number), None)])
    assert numbers(loaded) == list(range(5000, 5020))


def test_an_empty_page_is_not_asked_for_again() -> None:
    loaded = Loaded()
    loaded.show_page(page(PageKind.LAST, range(5), before=True))
    loaded.show_page(page(PageKind.OLDER, range(0), before=True))
    assert not loaded.more_before


def test_gaps_stand_before_their_order_and_vanish_when_they_are_filled() -> None:
    loaded = Loaded()
    loaded.add([(message(number), None) for number in (1, 2, 5)])
    loaded.set_gaps([Gap("b0b", "Bob", 3, message(5).order), Gap("e", "E\nve\u202e", 1, message(2).order)])
    assert texts(loaded) == ["message 1", "1 message from E ve is missing", "message 2", "3 messages from Bob are missing", "message 5"]
    row = loaded.rows[3]
    loaded.set_gaps([Gap("b0b", "Bob", 3, message(5).order)])
    assert loaded.rows[2] is row
    loaded.set_gaps([])
    assert texts(loaded) == ["message 1", "message 2", "message 5"]


def test_a_gap_shows_only_where_its_surroundings_are_loaded() -> None:
    loaded = Loaded()
    loaded.show_page(page(PageKind.LAST, range(100, 120), before=True))
    loaded.set_gaps([Gap("b0b", "Bob", 2, message(90).order), Gap("b0b", "Bob", 3, message(110).order)])
    assert [text for text in texts(loaded) if "missing" in text] == ["3 messages from Bob are missing"]
    loaded.show_page(page(PageKind.OLDER, range(80, 100)))
    assert texts(loaded).index("2 messages from Bob are missing") == 10


def test_gaps_without_end_are_bounded() -> None:
    loaded = Loaded()
    loaded.set_gaps([Gap(f"{number}", "Bob", 3, (number, "", 0)) for number in range(10_000)])
    assert len(loaded.rows) == MOST_GAPS


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("Ada",), "Ada"),
        (("Ada", "Bob"), "Ada and Bob"),
        (("Ada", "Bob", "Cleo"), "Ada, Bob and 1 other"),
        (("Ada", "Bob", "Cleo", "Dan"), "Ada, Bob and 2 others"),
        ((), "the others"),
    ],
)
def test_the_line_below_what_was_supplied(names: tuple[str, ...], words: str) -> None:
    loaded = Loaded()
    loaded.add([(message(number), None) for number in (1, 2, 5)])
    loaded.set_supplied(Supplied(("Somebody",), message(2).order))
    loaded.set_supplied(Supplied(names, message(5).order))
    assert texts(loaded) == ["message 1", "message 2", f"Above: what was said before you came, from {words}", "message 5"]


def test_notices_of_an_empty_room_come_after_its_last_page() -> None:
    loaded = Loaded()
    loaded.add_notice("You are in the room.")
    loaded.show_page(page(PageKind.LAST, range(3)))
    assert texts(loaded) == ["message 0", "message 1", "message 2", "You are in the room."]
    loaded.add([(message(3), None)])
    loaded.show_page(page(PageKind.LAST, range(4)))
    assert texts(loaded)[-2:] == ["You are in the room.", "message 3"]


def test_a_notice_of_an_empty_room_stays_above_what_is_said_later() -> None:
    loaded = Loaded()
    loaded.add_notice("You are in the room.")
    loaded.show_page(page(PageKind.LAST, range(0)))
    loaded.add([(message(0), None)])
    loaded.show_page(page(PageKind.LAST, range(2)))
    assert texts(loaded) == ["You are in the room.", "message 0", "message 1"]


def test_a_notice_given_while_one_reads_far_above_stands_at_the_end() -> None:
    loaded = Loaded()
    loaded.show_page(page(PageKind.AROUND, range(10), after=True))
    loaded.add_notice("The connection was lost.")
    loaded.add([(message(5, device="eve"), None)])
    assert len(loaded.rows) == 11
    loaded.show_page(page(PageKind.NEWER, range(10, 20)))
    assert texts(loaded)[-1] == "The connection was lost."


def test_notices_without_end_are_bounded() -> None:
    loaded = Loaded()
    loaded.add([(message(1), None)])
    for number in range(3 * MOST_NOTICES):
        loaded.add_notice(f"notice {number}")
        loaded.trim(len(loaded.rows))
    loaded.show_page(page(PageKind.LAST, range(2)))
    assert len(loaded.rows) <= MOST_NOTICES + 2


def test_a_message_changes_in_its_row_or_in_its_fold() -> None:
    loaded = Loaded()
    loaded.add([(message(number), None) for number in (1, 2)])
    loaded.fold("b0b", "Bob", 2, [message(3), message(4)])
    row = loaded.rows[0]
    assert loaded.change(message(1, "other words"))
    assert loaded.rows[0] is row
    assert not loaded.change(message(4, "changed too"))
    assert not loaded.change(message(99))
    loaded.open_fold(loaded.rows[-1])
    assert texts(loaded) == ["other words", "message 2", "message 3", "changed too"]


def test_the_line_above_what_is_new_stands_after_what_was_seen() -> None:
    loaded = Loaded()
    loaded.add([(message(number), None) for number in (1, 2, 3)])
    loaded.set_new(message(2).order)
    assert [row.kind for row in loaded.rows] == ["message", "message", "new", "message"]
    loaded.add([(message(4), None)])
    loaded.set_new(message(3).order)
    assert [row.kind for row in loaded.rows] == ["message", "message", "message", "new", "message"]
    loaded.set_new(None)
    assert [row.kind for row in loaded.rows] == ["message"] * 4
