"""Who answers, when, and what is left once another was quicker: with explicit times."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.protocol import limits
from chat.protocol.answers import Answers
from chat.protocol.control import Want
from chat.protocol.ledger import Ledger
from chat.protocol.memory import Chain, Peer, Peers
from chat.protocol.spans import Span, are_spans, has_number, intersect, size
from tests.protocol.middle import Middle

AUTHOR, OTHER, REQUESTER = (bytes([number]) * 32 for number in (1, 2, 3))
MEMBERS = [bytes([number]) * 32 for number in range(10, 15)]


def answers_of(own: bytes, seen: dict[bytes, list[Span]] | None = None, sent: int = 0, kept_from: int = 1) -> Answers:
    """What a device answers that has seen this of the others."""
    peers = Peers({device: Peer(seen=spans, kept_from=kept_from) for device, spans in (seen or {AUTHOR: [(1, 9)]}).items()})
    return Answers(own, Ledger(own, Chain(bytes(32), "client", sequence=sent, kept_from=kept_from), peers), Middle(), 0.0)


def turn(own: bytes, counter: int, online: list[bytes]) -> float:
    """After how many seconds a member answers a request about `AUTHOR`."""
    answers = answers_of(own)
    answers.asked(REQUESTER, counter, Want([(AUTHOR, [(1, 2)])]), [device for device in online if device != own], 0.0)
    due = answers.due(0.0)
    assert due is not None
    return due


def test_the_author_answers_at_once() -> None:
    answers = answers_of(AUTHOR, sent=9)
    answers.asked(REQUESTER, 1, Want([(AUTHOR, [(2, 3)])]), [REQUESTER, *MEMBERS], 50.0)
    assert answers.due(50.0) == 50.0
    assert answers.tick(50.0) == [(AUTHOR, (2, 3))]
    assert answers.due(50.0) is None


@pytest.mark.parametrize("counter", range(5))
def test_the_others_take_turns(counter: int) -> None:
    turns = sorted(turn(own, counter, MEMBERS) for own in MEMBERS)
    assert turns == pytest.approx([0.0, 0.8, 1.6, 2.4, 3.2])


def test_all_wait_for_an_author_who_is_here() -> None:
    turns = sorted(turn(own, 1, [*MEMBERS, AUTHOR, REQUESTER]) for own in MEMBERS)
    assert turns == pytest.approx([0.8, 1.6, 2.4, 3.2, 4.0])


def test_who_is_first_differs_from_request_to_request() -> None:
    first = {min(MEMBERS, key=lambda own: turn(own, counter, MEMBERS)) for counter in range(40)}
    assert first == set(MEMBERS)


def test_in_a_large_company_the_last_do_not_wait_for_ever() -> None:
    crowd = [bytes([number]) * 32 for number in range(10, 110)]
    turns = [turn(own, 1, crowd) for own in crowd[:40]]
    assert max(turns) <= limits.RANKS * 1.5 * limits.RANK_SECONDS
    assert min(turns) < limits.RANKS * limits.RANK_SECONDS


def test_one_s_turn_is_not_before_its_time() -> None:
    answers = answers_of(MEMBERS[0])
    answers.asked(REQUESTER, 1, Want([(AUTHOR, [(1, 2)])]), [AUTHOR], 0.0)
    assert answers.due(0.0) == limits.RANK_SECONDS
    assert answers.tick(0.79) == []
    assert answers.tick(0.8) == [(AUTHOR, (1, 2))]


def test_what_another_sends_first_is_not_sent_again() -> None:
    answers = answers_of(MEMBERS[0])
    answers.asked(REQUESTER, 1, Want([(AUTHOR, [(1, 3)])]), [AUTHOR], 0.0)
    answers.heard(AUTHOR, 2)
    answers.heard(OTHER, 1)
    answers.heard(AUTHOR, 7)
    assert [number for number in range(1, 9) if answers.waits_for(AUTHOR, number)] == [1, 3]
    assert answers.tick(5.0) == [(AUTHOR, (1, 1)), (AUTHOR, (3, 3))]


def test_once_another_has_sent_everything_nothing_is_due() -> None:
    answers = answers_of(MEMBERS[0])
    answers.asked(REQUESTER, 1, Want([(AUTHOR, [(1, 2)])]), [AUTHOR], 0.0)
    for number in (1, 2):
        answers.heard(AUTHOR, number)
    assert answers.due(0.1) is None
    assert answers.tick(5.0) == []


def test_what_is_not_here_is_not_promised() -> None:
    answers = answers_of(MEMBERS[0], {AUTHOR: [(1, 2), (5, 9)]}, kept_from=2)
    answers.asked(REQUESTER, 1, Want([(AUTHOR, [(1, 6)]), (OTHER, [(1, 3)])]), [], 0.0)
    assert answers.tick(1.0) == [(AUTHOR, (2, 2)), (AUTHOR, (5, 6))]
    answers.asked(REQUESTER, 2, Want([(AUTHOR, [(3, 4)]), (OTHER, [])]), [], 2.0)
    assert answers.due(2.0) is None


def test_own_records_that_were_dropped_or_not_sent_yet_are_not_promised() -> None:
    answers = answers_of(AUTHOR, sent=9, kept_from=4)
    answers.asked(REQUESTER, 1, Want([(AUTHOR, [(1, 20)])]), [], 0.0)
    assert answers.tick(1.0) == [(AUTHOR, (4, 9))]


def test_requests_for_the_same_are_answered_once_and_at_the_earlier_turn() -> None:
    answers = answers_of(MEMBERS[0])
    answers.asked(REQUESTER, 1, Want([(AUTHOR, [(1, 3)])]), [AUTHOR], 0.0)
    answers.asked(OTHER, 1, Want([(AUTHOR, [(2, 5)])]), [], 0.1)
    assert answers.due(0.1) == 0.1
    assert answers.tick(0.1) == [(AUTHOR, (1, 5))]
    assert answers.tick(9.0) == []


def test_one_answer_holds_no_more_than_a_bundle_and_the_newest_first() -> None:
    answers = answers_of(MEMBERS[0], {AUTHOR: [(1, 1000)]})
    for first in (1, 65, 129):
        answers.asked(REQUESTER, first, Want([(AUTHOR, [(first, first + 63)])]), [], 0.0)
    assert [answers.tick(1.0) for _ in range(4)] == [[(AUTHOR, (129, 192))], [(AUTHOR, (65, 128))], [(AUTHOR, (1, 64))], []]


def test_one_answers_no_faster_than_the_limit() -> None:
    answers = answers_of(MEMBERS[0], {AUTHOR: [(1, 100_000)]})
    sent, now = 0, 0.0
    for number in range(1000):
        answers.asked(REQUESTER, number, Want([(AUTHOR, [(64 * number + 1, 64 * number + 64)])]), [], 0.0)
    while (due := answers.due(now)) is not None and due <= 10.0:
        now = due
        sent += bool(answers.tick(now))
    assert limits.BUNDLE_BURST + 159 <= sent <= limits.BUNDLE_BURST + 10 * limits.BUNDLES_PER_SECOND


def test_a_broken_connection_ends_what_was_to_be_sent() -> None:
    answers = answers_of(MEMBERS[0])
    answers.asked(REQUESTER, 1, Want([(AUTHOR, [(1, 2)])]), [], 0.0)
    answers.disconnected()
    assert answers.due(1.0) is None
    assert answers.tick(1.0) == []


def test_a_flood_of_requests_fills_no_memory() -> None:
    devices = [number.to_bytes(32, "big") for number in range(limits.CLAIMED_DEVICES + 200)]
    answers = answers_of(MEMBERS[0], {device: [(1, 70)] for device in devices})
    for round_number in range(3):
        for counter, device in enumerate(devices):
            answers.asked(REQUESTER, counter, Want([(device, [(1 + round_number, 60)]), (OTHER, [(1, 2)])]), [AUTHOR], 0.0)
    assert len(answers._pending) == limits.CLAIMED_DEVICES
    assert all(pending.spans == [(1, 60)] for pending in answers._pending.values())


SPANS = st.lists(st.tuples(st.integers(1, 200), st.integers(0, 9)), max_size=6)


@settings(max_examples=150, deadline=None)
@given(wanted=st.lists(st.tuples(st.sampled_from([AUTHOR, OTHER]), SPANS), max_size=8), heard=st.sets(st.integers(1, 200), max_size=20))
def test_everything_asked_for_and_here_is_sent_once_and_nothing_else(
    wanted: list[tuple[bytes, list[tuple[int, int]]]], heard: set[int]
) -> None:
    seen: dict[bytes, list[Span]] = {AUTHOR: [(1, 50), (80, 150)], OTHER: [(40, 300)]}
    answers = answers_of(MEMBERS[0], seen)
    due: set[tuple[bytes, int]] = set()
    for device, chosen in wanted:
        for first, more in chosen:
            answers.asked(REQUESTER, 1, Want([(device, [(first, first + more)])]), [AUTHOR], 0.0)
            due |= {(device, number) for number in range(first, first + more + 1) if has_number(seen[device], number)}
    for number in heard:
        answers.heard(AUTHOR, number)
    sent: list[tuple[bytes, int]] = []
    while part := answers.tick(5.0):
        for device in {device for device, _ in part}:
            spans = [span for other, span in part if other == device]
            assert are_spans(spans)
            assert intersect(spans, seen[device]) == spans
        assert size([span for _, span in part]) <= limits.WANT_RECORDS
        sent += [(device, number) for device, (first, last) in part for number in range(first, last + 1)]
    assert sorted(sent) == sorted(due - {(AUTHOR, number) for number in heard})
