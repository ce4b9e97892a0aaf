"""Seen sequence numbers: each record is new once, whatever the order, breaks in the chain are found, and memory stays bounded."""

from hypothesis import given
from hypothesis import strategies as st

from chat.protocol.identity import DeviceKey
from chat.protocol.limits import FORKED_NUMBERS, FORKS, SPANS
from chat.protocol.memory import Peer
from chat.protocol.records import NO_RECORD, Record, Text, make_record
from chat.protocol.replay import Novelty, find_breaks, give_up_before, note_break, note_fork, note_record

KEY = DeviceKey(bytes(range(32)))
ROOM = bytes(16)


def chain(count: int, words: str = "line") -> list[Record]:
    records: list[Record] = []
    for number in range(1, count + 1):
        previous = records[-1].hash if records else NO_RECORD
        records.append(make_record(KEY, ROOM, number, previous, number, Text(f"{words} {number}")))
    return records


CHAIN = chain(30)


def numbered(number: int) -> Record:
    return Record(KEY.public, number, NO_RECORD, number, Text("x"), number.to_bytes(32, "big"), b"")


@given(order=st.permutations(range(30)), again=st.lists(st.integers(0, 29), max_size=40))
def test_each_record_is_new_once_and_an_honest_chain_has_no_breaks(order: list[int], again: list[int]) -> None:
    peer = Peer()
    news = []
    for place in [*order, *again]:
        if note_record(peer, CHAIN[place]) is Novelty.NEW:
            news.append(place)
            assert find_breaks(peer, CHAIN[place]) == []
    assert news == list(order)
    assert peer.seen == [(1, 30)]
    assert peer.top == CHAIN[-1].id
    assert set(peer.starts) == {1}
    assert set(peer.ends) == {30}


@given(order=st.permutations(range(6)), where=st.integers(1, 4))
def test_a_record_that_does_not_fit_its_neighbours_is_found_whatever_the_order(order: list[int], where: int) -> None:
    records = chain(6)
    records[where] = chain(6, "another")[where]
    peer = Peer()
    found: set[int] = set()
    for place in order:
        note_record(peer, records[place])
        found.update(number for number, _ in find_breaks(peer, records[place]))
    assert found == {where, where + 1}


def test_where_a_gap_stands_is_known() -> None:
    peer = Peer()
    for place in (0, 1, 5, 6, 9):
        note_record(peer, CHAIN[place])
    assert peer.seen == [(1, 2), (6, 7), (10, 10)]
    assert {first: start[0] for first, start in peer.starts.items()} == {1: 1, 6: 6, 10: 10}


def test_what_is_too_old_counts_as_seen_and_is_no_gap() -> None:
    peer = Peer()
    for place in (4, 9):
        note_record(peer, CHAIN[place])
    give_up_before(peer, 7)
    assert peer.seen == [(1, 7), (10, 10)]
    assert peer.kept_from == 8
    assert set(peer.starts) == {10}
    assert note_record(peer, CHAIN[2]) is Novelty.KNOWN


def test_forks_are_kept_up_to_four_and_for_some_numbers() -> None:
    peer = Peer()
    ids = [bytes([number]) * 16 for number in range(FORKS)]
    assert note_fork(peer, CHAIN[0], ids[: FORKS - 1])
    assert not note_fork(peer, CHAIN[0], ids)
    for number in range(2, FORKED_NUMBERS + 1):
        assert note_break(peer, number, b"i" * 16)
        assert not note_break(peer, number, b"i" * 16)
    assert not note_break(peer, 99, b"i" * 16)
    assert not note_fork(peer, CHAIN[29], [b"i" * 16])
    assert len(peer.forks) == FORKED_NUMBERS


def test_a_device_that_skips_numbers_can_t_fill_the_memory() -> None:
    peer = Peer()
    for number in range(1, 2 * SPANS, 2):
        assert note_record(peer, numbered(number)) is Novelty.NEW
        find_breaks(peer, numbered(number))
    assert note_record(peer, numbered(10**6)) is Novelty.REFUSED
    assert note_record(peer, numbered(2)) is Novelty.NEW
    assert len(peer.seen) < SPANS
    assert len(peer.starts) <= SPANS
    assert len(peer.ends) <= SPANS
