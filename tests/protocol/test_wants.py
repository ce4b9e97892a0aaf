"""What is asked for, of whom, and when: with explicit times and a chance that always takes the middle."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.protocol import limits
from chat.protocol.control import Entry, Want
from chat.protocol.memory import Peer, Peers
from chat.protocol.spans import Span, add_span, are_spans, intersect, size, subtract
from chat.protocol.wants import Wants
from tests.protocol.middle import Middle

AUTHOR, OTHER, LIAR, HONEST, NEWCOMER = (bytes([number]) * 32 for number in range(1, 6))
WAITS = [2.5, 4.0, 6.4, 10.24, 16.384, 26.2144, 41.94304, 60.0]


def wants_beside(**seen: list[Span]) -> tuple[Wants, Peers]:
    """Wants where this was seen of `AUTHOR` and `OTHER`."""
    keys = {"author": AUTHOR, "other": OTHER}
    peers = Peers({keys[name]: Peer(seen=spans) for name, spans in seen.items()})
    return Wants(peers, Middle()), peers


def entry(device: bytes, *seen: Span, kept_from: int = 1, top: bytes = b"") -> Entry:
    return Entry(device, list(seen), kept_from, top, [])


def asked_until(wants: Wants, end: float) -> list[tuple[float, Want]]:
    """Every Want up to a time, with its time."""
    asked = []
    while (due := wants.due()) is not None and due <= end:
        if want := wants.tick(due):
            asked.append((due, want))
        assert wants.due() is None or wants.due() != due
    return asked


def between(asked: list[tuple[float, Want]]) -> list[float]:
    return [after - before for (before, _), (after, _) in itertools.pairwise(asked)]


def deliver(wants: Wants, peers: Peers, device: bytes, number: int, now: float) -> None:
    add_span(peers.devices.setdefault(device, Peer()).seen, number, number)
    wants.received(device, number, now)


def test_nothing_is_asked_while_nothing_is_missing() -> None:
    wants, _ = wants_beside(author=[(1, 5)])
    wants.connected(0.0)
    wants.claim(HONEST, entry(AUTHOR, (1, 5)), 0.0)
    assert wants.due() is None
    assert wants.tick(1000.0) is None


def test_what_a_member_has_beyond_what_is_here_is_asked_for_soon() -> None:
    wants, _ = wants_beside(author=[(1, 5)])
    wants.claim(HONEST, entry(AUTHOR, (1, 9)), 100.0)
    due = wants.due()
    assert due is not None
    assert 100.05 <= due <= 100.4
    assert wants.tick(due - 0.001) is None
    assert wants.tick(due) == Want([(AUTHOR, [(6, 9)])])


def test_what_a_member_does_not_keep_is_not_asked_for() -> None:
    wants, _ = wants_beside(author=[(1, 5)])
    wants.claim(HONEST, entry(AUTHOR, (1, 9), kept_from=8), 0.0)
    assert wants.tick(1.0) == Want([(AUTHOR, [(8, 9)])])


def test_each_wait_is_longer_up_to_a_minute_then_the_claimant_is_not_believed_for_one() -> None:
    wants, _ = wants_beside()
    wants.claim(LIAR, entry(AUTHOR, (1, 3)), 0.0)
    waits = between(asked_until(wants, 700.0))
    assert waits[:16] == pytest.approx([*WAITS[:7], 60.0 + 60.0, *WAITS[:7], 60.0 + 120.0])


def test_rests_double_up_to_an_hour() -> None:
    wants, _ = wants_beside()
    wants.claim(LIAR, entry(AUTHOR, (1, 3)), 0.0)
    rests = [wait - 60.0 for wait in between(asked_until(wants, 30_000.0)) if wait > 60.0]
    assert rests[:8] == pytest.approx([60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0])


def test_one_who_rests_is_not_believed_however_often_he_repeats_it() -> None:
    wants, _ = wants_beside()
    wants.claim(LIAR, entry(AUTHOR, (1, 3)), 0.0)
    while (due := wants.due()) is not None and not (resting := wants.tick(due) is None):
        pass
    assert resting
    back = wants.due()
    for second in range(1, 60):
        wants.claim(LIAR, entry(AUTHOR, (1, 3 + second)), (due or 0.0) + second)
        assert wants.tick((due or 0.0) + second) is None
    assert wants.due() == back


def test_repeating_a_claim_does_not_make_it_young_again() -> None:
    wants, _ = wants_beside()
    asked, now = 0, 0.0
    wants.claim(LIAR, entry(AUTHOR, (1, 3)), now)
    while now < 55.0:
        now += 0.5
        wants.claim(LIAR, entry(AUTHOR, (1, 3)), now)
        asked += wants.tick(now) is not None
    assert asked == limits.WANT_TRIES


def test_a_new_list_cuts_a_long_wait_short() -> None:
    wants, _ = wants_beside()
    wants.claim(LIAR, entry(AUTHOR, (1, 3)), 0.0)
    asked = asked_until(wants, 100.0)
    assert wants.due() == pytest.approx(asked[-1][0] + 41.94304)
    now = asked[-1][0] + 1.0
    wants.claim(HONEST, entry(OTHER, (1, 2)), now)
    assert asked_until(wants, now + 2.5) == [(now + 2.5, Want([(OTHER, [(1, 2)])]))]
    assert wants.due() == pytest.approx(now + 2.5 + 2.5)


def test_a_liar_does_not_keep_one_from_asking_the_honest() -> None:
    wants, peers = wants_beside()
    wants.claim(LIAR, entry(OTHER, (1, 10**6)), 0.0)
    wants.claim(HONEST, entry(AUTHOR, (1, 640)), 0.0)
    now = 0.0
    while (due := wants.due()) is not None and subtract([(1, 640)], wants_seen(peers)):
        now = due
        want = wants.tick(now)
        for device, spans in want.wanted if want else []:
            for first, last in spans if device == AUTHOR else []:
                for number in range(first, last + 1):
                    deliver(wants, peers, AUTHOR, number, now)
    assert now < 60.0
    assert wants_seen(peers) == [(1, 640)]


def wants_seen(peers: Peers) -> list[Span]:
    return peers.devices.get(AUTHOR, Peer()).seen


def test_what_arrives_makes_the_claimant_believed_again() -> None:
    wants, peers = wants_beside()
    wants.claim(HONEST, entry(AUTHOR, (1, 3)), 0.0)
    now = asked_until(wants, 20.0)[-1][0] + 0.5
    deliver(wants, peers, AUTHOR, 3, now)
    assert wants.due() == now + 1.0
    assert wants.tick(now + 1.0) == Want([(AUTHOR, [(1, 2)])])
    assert wants.due() == pytest.approx(now + 1.0 + 2.5)


def test_the_next_batch_is_asked_for_as_soon_as_one_is_complete() -> None:
    wants, peers = wants_beside()
    wants.claim(HONEST, entry(AUTHOR, (1, 100)), 0.0)
    assert wants.tick(1.0) == Want([(AUTHOR, [(37, 100)])])
    for number in range(37, 101):
        deliver(wants, peers, AUTHOR, number, 1.5)
    assert wants.due() == 1.5
    assert wants.tick(1.5) == Want([(AUTHOR, [(1, 36)])])


def test_what_is_here_by_another_way_is_not_asked_for_again() -> None:
    wants, peers = wants_beside()
    wants.claim(HONEST, entry(AUTHOR, (1, 4)), 0.0)
    for number in (1, 2, 4):
        deliver(wants, peers, AUTHOR, number, 0.01)
    assert wants.tick(1.0) == Want([(AUTHOR, [(3, 3)])])
    deliver(wants, peers, AUTHOR, 3, 1.1)
    assert wants.tick(1.1) is None
    assert wants.due() is None


def test_a_gap_is_asked_for_eight_times_and_then_left_alone() -> None:
    wants, peers = wants_beside(author=[(1, 2), (5, 6)])
    wants.connected(0.0)
    asked = asked_until(wants, 10_000.0)
    assert [want for _, want in asked] == [Want([(AUTHOR, [(3, 4)])])] * limits.WANT_TRIES
    assert between(asked) == pytest.approx(WAITS[:7])
    assert wants.due() is None
    assert wants.in_vain() == {AUTHOR: [(3, 4)]}
    wants.claim(HONEST, entry(AUTHOR, (1, 6)), 20_000.0)
    assert wants.tick(20_001.0) == Want([(AUTHOR, [(3, 4)])])
    for number in (3, 4):
        deliver(wants, peers, AUTHOR, number, 20_002.0)
    wants.tick(20_002.0)
    assert wants.in_vain() == {}


def test_a_gap_is_shown_only_after_it_was_asked_for_several_times() -> None:
    wants, _ = wants_beside(author=[(1, 2), (5, 6)])
    assert wants.in_vain() == {AUTHOR: [(3, 4)]}
    wants.connected(0.0)
    shown = []
    while (due := wants.due()) is not None:
        wants.tick(due)
        shown.append(bool(wants.in_vain()))
    assert shown[: limits.GAP_TRIES + 1] == [False] * limits.GAP_TRIES + [True]
    assert all(shown[limits.GAP_TRIES :])


def test_a_record_out_of_turn_gives_those_before_it_a_moment() -> None:
    wants, peers = wants_beside(author=[(1, 1)])
    deliver(wants, peers, AUTHOR, 3, 10.0)
    wants.note_gap(AUTHOR, 10.0)
    assert wants.due() == pytest.approx(10.0 + 1.2)
    deliver(wants, peers, AUTHOR, 2, 10.5)
    assert asked_until(wants, 100.0) == []


def test_another_version_of_a_record_is_asked_for_until_it_is_here() -> None:
    wants, _ = wants_beside(author=[(1, 5)])
    wants.doubt(AUTHOR, 4, 0.0)
    assert wants.is_doubted(AUTHOR, 4)
    assert wants.tick(1.0) == Want([(AUTHOR, [(4, 4)])])
    wants.received(AUTHOR, 4, 1.2)
    assert not wants.is_doubted(AUTHOR, 4)
    assert asked_until(wants, 1000.0) == []


def test_a_list_with_another_end_of_a_chain_raises_a_doubt() -> None:
    wants, peers = wants_beside(author=[(1, 5)])
    peers.devices[AUTHOR].ends[5] = b"a" * 16
    wants.claim(HONEST, entry(AUTHOR, (1, 5), top=b"a" * 16), 0.0)
    assert wants.due() is None
    wants.claim(HONEST, entry(AUTHOR, (1, 5), top=b"b" * 16), 0.0)
    assert wants.tick(1.0) == Want([(AUTHOR, [(5, 5)])])


@pytest.mark.parametrize(
    "kept",
    [
        {5: [bytes([number]) * 16 for number in range(limits.FORKS)]},
        {number: [b"c" * 16, b"d" * 16] for number in range(10, 10 + limits.FORKED_NUMBERS)},
    ],
)
def test_no_version_is_asked_for_that_would_not_be_kept(kept: dict[int, list[bytes]]) -> None:
    wants, peers = wants_beside(author=[(1, 50)])
    peers.devices[AUTHOR].forks = kept
    wants.claim(HONEST, Entry(AUTHOR, [(1, 50)], 1, b"", [(5, [b"a" * 16, b"b" * 16])]), 0.0)
    assert wants.tick(1.0) is None
    peers.devices[AUTHOR].forks = {}
    wants.claim(HONEST, Entry(AUTHOR, [(1, 50)], 1, b"", [(5, [b"a" * 16, b"b" * 16])]), 2.0)
    assert wants.tick(3.0) == Want([(AUTHOR, [(5, 5)])])


def test_when_another_asks_for_the_same_one_waits_for_the_answer() -> None:
    wants, _ = wants_beside()
    wants.claim(HONEST, entry(AUTHOR, (1, 3)), 0.0)
    wants.overheard(Want([(OTHER, [(1, 3)])]), 0.1)
    assert wants.due() == pytest.approx(0.225)
    wants.overheard(Want([(AUTHOR, [(1, 3)])]), 0.1)
    assert wants.due() == pytest.approx(0.1 + 1.75)
    assert wants.tick(0.1 + 1.75) is not None
    again = wants.due()
    assert again is not None
    wants.overheard(Want([(AUTHOR, [(1, 3)])]), again - 0.1)
    assert wants.due() == again


@pytest.mark.parametrize("spans", [[(1, 3)], []])
def test_who_asks_all_the_time_does_not_keep_the_others_from_asking(spans: list[Span]) -> None:
    wants, _ = wants_beside()
    wants.claim(HONEST, entry(AUTHOR, (1, 3)), 0.0)
    asked = 0
    for tenth in range(200):
        now = tenth / 10
        asked += wants.tick(now) is not None
        wants.overheard(Want([(AUTHOR, spans)]), now)
    assert asked >= 2


def test_a_broken_connection_forgets_the_claims_but_not_the_gaps() -> None:
    wants, _ = wants_beside(other=[(2, 3)])
    wants.claim(HONEST, entry(AUTHOR, (1, 3)), 0.0)
    wants.disconnected()
    assert wants.due() is None
    wants.connected(5.0)
    assert asked_until(wants, 100.0)[0][1] == Want([(OTHER, [(1, 1)])])
    assert {device for _, want in asked_until(wants, 1000.0) for device, _ in want.wanted} <= {OTHER}
    assert HONEST not in wants._claims


def test_a_flood_of_lists_fills_no_memory() -> None:
    wants, _ = wants_beside()
    sparse = [(2**40 + 2 * number, 2**40 + 2 * number) for number in range(limits.HAVE_SPANS - 1)]
    for liar in range(limits.CLAIMANTS + 10):
        for device in range(40):
            wants.claim(liar.to_bytes(32, "big"), entry(device.to_bytes(32, "big"), *sparse), 0.0)
    assert len(wants._claims) <= limits.CLAIMANTS
    assert max(kept(wants)) <= limits.CLAIMED_SPANS
    want = wants.tick(1.0)
    assert want is not None
    assert sum(size(spans) for _, spans in want.wanted) <= limits.WANT_RECORDS


def test_claims_about_many_devices_fill_no_memory() -> None:
    wants, _ = wants_beside()
    for device in range(limits.CLAIMED_DEVICES + 100):
        wants.claim(LIAR, entry(device.to_bytes(32, "big"), (1, 1)), 0.0)
        wants.doubt(device.to_bytes(32, "big"), 7, 0.0)
    assert len(wants._claims[LIAR].devices) == limits.CLAIMED_DEVICES
    assert len(wants._doubted) <= limits.WANT_RECORDS


def test_a_claim_that_takes_the_place_of_another_counts_once() -> None:
    wants, _ = wants_beside()
    sparse = [(number, number) for number in range(1, 2 * limits.CLAIMED_SPANS, 2)]
    wants.claim(HONEST, entry(AUTHOR, *sparse), 0.0)
    wants.claim(HONEST, entry(AUTHOR, *sparse[:-1]), 0.1)
    wants.claim(HONEST, entry(OTHER, (1, 1), (3, 3)), 0.2)
    assert wants._claims[HONEST].devices == {AUTHOR: sparse[:-1], OTHER: [(3, 3)]}


def kept(wants: Wants) -> list[int]:
    return [sum(map(len, claim.devices.values())) for claim in wants._claims.values()]


def spans_of(numbers: set[int]) -> list[Span]:
    spans: list[Span] = []
    for number in numbers:
        add_span(spans, number, number)
    return spans


SPANS = st.sets(st.integers(1, 300), max_size=120).map(spans_of)


@settings(max_examples=150, deadline=None)
@given(
    seen=st.dictionaries(st.sampled_from([AUTHOR, OTHER]), SPANS, max_size=2),
    claims=st.lists(st.tuples(st.sampled_from([LIAR, HONEST]), st.sampled_from([AUTHOR, OTHER, NEWCOMER]), SPANS), max_size=6),
    seed=st.integers(0, 9),
)
def test_whatever_is_claimed_a_batch_is_small_and_asks_only_for_what_is_missing(
    seen: dict[bytes, list[Span]], claims: list[tuple[bytes, bytes, list[Span]]], seed: int
) -> None:
    peers = Peers({device: Peer(seen=spans) for device, spans in seen.items()})
    wants = Wants(peers, random.Random(seed))
    wants.connected(0.0)
    for claimant, device, spans in claims:
        wants.claim(claimant, entry(device, *spans), 0.0)
    want = wants.tick(10.0)
    if want is None:
        return
    assert 1 <= sum(size(spans) for _, spans in want.wanted) <= limits.WANT_RECORDS
    for device, spans in want.wanted:
        assert are_spans(spans)
        assert not intersect(spans, seen.get(device, []))
