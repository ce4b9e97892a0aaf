"""Seen sequence numbers: each record is new once, whatever the order, and memory stays bounded."""

from hypothesis import given
from hypothesis import strategies as st

from chat.protocol.limits import FORKS, SPARSE_SEQUENCES
from chat.protocol.memory import Peer
from chat.protocol.replay import Novelty, note_sequence


def name(number: int, fork: int = 0) -> bytes:
    return number.to_bytes(8, "big") + fork.to_bytes(8, "big")


@given(order=st.permutations(range(2, 30)), again=st.lists(st.integers(1, 29), max_size=40))
def test_each_record_is_new_once(order: list[int], again: list[int]) -> None:
    peer = Peer()
    assert note_sequence(peer, 1, name(1)) is Novelty.NEW
    news = [number for number in [*order, *again, *order] if note_sequence(peer, number, name(number)) is Novelty.NEW]
    assert news == list(order)
    assert peer.floor == 29


def test_what_was_said_before_the_first_that_was_heard_counts_as_seen() -> None:
    peer = Peer()
    assert note_sequence(peer, 500, name(500)) is Novelty.NEW
    assert note_sequence(peer, 499, name(499)) is Novelty.SEEN
    assert note_sequence(peer, 501, name(501)) is Novelty.NEW


def test_forks_are_told_up_to_four() -> None:
    peer = Peer()
    found = [note_sequence(peer, 1, name(1, fork)) for fork in range(FORKS + 3)]
    assert found == [Novelty.NEW] + [Novelty.FORK] * (FORKS - 1) + [Novelty.SEEN] * 3
    assert note_sequence(peer, 1, name(1)) is Novelty.SEEN


@given(gaps=st.lists(st.integers(1, 2**40), min_size=1, max_size=50))
def test_any_gaps_are_taken(gaps: list[int]) -> None:
    peer, number = Peer(), 0
    for gap in gaps:
        number += gap
        assert note_sequence(peer, number, name(number)) is Novelty.NEW
        assert note_sequence(peer, number, name(number)) is Novelty.SEEN


def test_a_device_that_skips_numbers_can_t_fill_the_memory() -> None:
    peer = Peer()
    for number in range(1, 20 * SPARSE_SEQUENCES, 2):
        assert note_sequence(peer, number, name(number)) is Novelty.NEW
    assert len(peer.recent) <= SPARSE_SEQUENCES + 40
    assert note_sequence(peer, 2, name(2)) is Novelty.SEEN
