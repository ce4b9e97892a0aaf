"""When digests and lists are said, and what silences them: with explicit times and a chance that always takes the middle."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.protocol import limits
from chat.protocol.control import Digest, Entry, Have
from chat.protocol.gossip import Gossip
from chat.protocol.ledger import Ledger
from chat.protocol.memory import Chain, Peer, Peers
from chat.protocol.spans import Span, add_span
from tests.protocol.middle import Middle

OWN, AUTHOR, OTHER, STRANGER = (bytes([number]) * 32 for number in (9, 1, 2, 3))
LOW, HIGH = bytes(32), b"\xff" * 32
FOREIGN = b"f" * 32


class Talker:
    """A gossip with its ledger, and everything it has said."""

    def __init__(self, *, connected: bool = True, **seen: list[Span]) -> None:
        keys = {"author": AUTHOR, "other": OTHER}
        self.peers = Peers({keys[name]: Peer(seen=spans) for name, spans in seen.items()})
        self.ledger = Ledger(OWN, Chain(bytes(32), "client"), self.peers)
        self.gossip = Gossip(self.ledger, Middle())
        if connected:
            self.gossip.connected(0.0)
            self.until(1.0)

    def until(self, end: float) -> list[tuple[float, Digest | Have]]:
        """What it says up to a time."""
        said: list[tuple[float, Digest | Have]] = []
        while (due := self.gossip.due()) is not None and due <= end:
            said += [(due, body) for body in self.gossip.tick(due)]
        return said

    def see(self, device: bytes, first: int, last: int, now: float) -> None:
        add_span(self.peers.devices.setdefault(device, Peer()).seen, first, last)
        self.ledger.update(device)
        self.gossip.changed(now)

    def entry(self, device: bytes) -> Entry:
        return self.ledger.entry(device)


def entry(device: bytes, *seen: Span, kept_from: int = 1, forks: list[tuple[int, list[bytes]]] | None = None) -> Entry:
    return Entry(device, list(seen), kept_from, b"", forks or [])


def lists(said: list[tuple[float, Digest | Have]]) -> list[tuple[float, Have]]:
    return [(at, body) for at, body in said if isinstance(body, Have)]


def digests(said: list[tuple[float, Digest | Have]]) -> list[float]:
    return [at for at, body in said if isinstance(body, Digest)]


def test_who_comes_lists_everything_and_then_says_a_digest_now_and_then() -> None:
    talker = Talker(connected=False, author=[(1, 5)])
    assert talker.gossip.due() is None
    assert list(talker.gossip.tick(1000.0)) == []
    talker.gossip.connected(0.0)
    said = talker.until(100.0)
    assert lists(said) == [(0.65, Have(talker.ledger.digest, LOW, HIGH, [entry(AUTHOR, (1, 5))]))]
    assert digests(said) == pytest.approx([30.0, 60.0, 90.0])


def test_one_who_has_seen_nothing_says_so() -> None:
    talker = Talker(connected=False)
    talker.gossip.connected(0.0)
    assert lists(talker.until(1.0)) == [(0.65, Have(bytes(32), LOW, HIGH, []))]


def test_who_hears_the_own_digest_from_another_is_silent() -> None:
    talker = Talker(author=[(1, 5)])
    for second in range(1, 200):
        assert talker.until(float(second)) == []
        talker.gossip.heard_digest(talker.ledger.digest, float(second))
    assert digests(talker.until(300.0))[0] == pytest.approx(229.0)


def test_the_same_digest_in_a_list_silences_too_and_also_the_own_list() -> None:
    talker = Talker(author=[(1, 5)])
    talker.gossip.heard_digest(FOREIGN, 20.0)
    talker.gossip.heard_have(Have(talker.ledger.digest, LOW, HIGH, [talker.entry(AUTHOR)]), 20.5)
    assert talker.until(50.0) == []


def test_after_a_change_a_digest_comes_early_and_once() -> None:
    talker = Talker(author=[(1, 5)])
    for number in range(6, 40):
        talker.see(AUTHOR, number, number, 10.0 + number / 100)
    assert digests(talker.until(44.0)) == pytest.approx([10.06 + 4.5])


def test_another_digest_is_answered_with_a_list() -> None:
    talker = Talker(author=[(1, 5)])
    talker.gossip.heard_digest(FOREIGN, 10.0)
    assert lists(talker.until(12.0)) == [(11.75, Have(talker.ledger.digest, LOW, HIGH, [entry(AUTHOR, (1, 5))]))]


def test_a_digest_that_was_the_own_a_moment_ago_is_answered_with_the_own_digest_only() -> None:
    talker = Talker(author=[(1, 5)])
    before = talker.ledger.digest
    talker.see(AUTHOR, 6, 6, 10.0)
    talker.until(15.0)
    talker.gossip.heard_digest(before, 20.0)
    assert talker.until(30.0) == [(21.25, Digest(talker.ledger.digest))]


def test_a_list_is_not_said_when_what_was_under_way_made_the_digests_equal() -> None:
    talker, ahead = Talker(author=[(1, 5)]), Talker(author=[(1, 6)])
    talker.gossip.heard_digest(ahead.ledger.digest, 10.0)
    talker.see(AUTHOR, 6, 6, 10.5)
    assert talker.ledger.digest == ahead.ledger.digest
    assert lists(talker.until(40.0)) == []


def test_while_nothing_changes_lists_become_rare() -> None:
    talker = Talker(author=[(1, 5)])
    said = []
    for second in range(1, 3000):
        talker.gossip.heard_digest(FOREIGN, float(second))
        said += lists(talker.until(float(second)))
    times = [0.65, *(at for at, _ in said)]
    pauses = [after - before for before, after in itertools.pairwise(times)]
    first, longest = limits.HAVE_PAUSE_SECONDS
    assert pauses[0] == pytest.approx(first, abs=2.0)
    assert all(after == pytest.approx(min(longest, 2 * before), abs=4.0) for before, after in itertools.pairwise(pauses))
    assert pauses[-1] == pytest.approx(longest, abs=2.0)
    talker.see(AUTHOR, 6, 6, 3000.0)
    talker.gossip.heard_digest(FOREIGN, 3000.0)
    assert lists(talker.until(3002.0))


def test_one_who_is_behind_is_told_only_what_he_lacks() -> None:
    talker = Talker(author=[(1, 5)], other=[(1, 3)])
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, [entry(AUTHOR, (1, 4)), entry(OTHER, (1, 3))]), 10.0)
    assert lists(talker.until(12.0)) == [(10.8, Have(talker.ledger.digest, b"", b"", [entry(AUTHOR, (1, 5))]))]


def test_one_who_knows_nothing_of_a_device_is_told_of_it() -> None:
    talker = Talker(author=[(1, 5)], other=[(1, 3)])
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, [entry(OTHER, (1, 3))]), 10.0)
    assert lists(talker.until(12.0)) == [(10.8, Have(talker.ledger.digest, b"", b"", [entry(AUTHOR, (1, 5))]))]


def test_a_part_of_a_list_says_nothing_about_the_devices_beyond_it() -> None:
    talker = Talker(author=[(1, 5)], other=[(1, 3)])
    talker.gossip.heard_have(Have(FOREIGN, OTHER, HIGH, [entry(OTHER, (1, 3))]), 10.0)
    talker.gossip.heard_have(Have(FOREIGN, b"", b"", [entry(OTHER, (1, 3))]), 10.0)
    assert lists(talker.until(20.0)) == []


def test_one_who_has_more_is_told_nothing() -> None:
    talker = Talker(author=[(1, 5)])
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, [entry(AUTHOR, (1, 9)), entry(STRANGER, (1, 9))]), 10.0)
    assert lists(talker.until(20.0)) == []


def test_nothing_is_told_that_is_not_kept() -> None:
    talker = Talker(author=[(1, 5)])
    talker.peers.devices[AUTHOR].kept_from = 6
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, []), 10.0)
    assert lists(talker.until(20.0)) == []


def test_who_hears_another_tell_it_is_silent() -> None:
    talker = Talker(author=[(1, 5)], other=[(1, 3)])
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, []), 10.0)
    talker.gossip.heard_have(Have(FOREIGN, b"", b"", [entry(AUTHOR, (1, 5))]), 10.2)
    assert lists(talker.until(12.0)) == [(10.8, Have(talker.ledger.digest, b"", b"", [entry(OTHER, (1, 3))]))]


def test_one_who_tells_it_but_can_t_give_it_silences_nobody() -> None:
    talker = Talker(author=[(1, 5)])
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, []), 10.0)
    talker.gossip.heard_have(Have(FOREIGN, b"", b"", [entry(AUTHOR, (1, 5), kept_from=4)]), 10.2)
    assert len(lists(talker.until(12.0))) == 1


def test_one_who_knows_fewer_versions_of_a_record_is_told() -> None:
    talker = Talker(author=[(1, 5)])
    forks = [(3, [b"a" * 16, b"b" * 16])]
    talker.peers.devices[AUTHOR].forks = dict(forks)
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, [entry(AUTHOR, (1, 5), forks=forks)]), 10.0)
    assert lists(talker.until(12.0)) == []
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, [entry(AUTHOR, (1, 5))]), 20.0)
    assert [have.entries for _, have in lists(talker.until(22.0))] == [[entry(AUTHOR, (1, 5), forks=forks)]]


def test_one_who_can_keep_no_more_versions_is_not_told_of_others() -> None:
    talker = Talker(author=[(1, 50)])
    talker.peers.devices[AUTHOR].forks = {3: [b"a" * 16, b"b" * 16], 4: [b"a" * 16, b"b" * 16]}
    full = [(3, [bytes([number]) * 16 for number in range(limits.FORKS)]), (4, [b"a" * 16, b"b" * 16])]
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, [entry(AUTHOR, (1, 50), forks=full)]), 10.0)
    assert lists(talker.until(12.0)) == []
    many = [(number, [b"c" * 16, b"d" * 16]) for number in range(10, 10 + limits.FORKED_NUMBERS)]
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, [entry(AUTHOR, (1, 50), forks=many)]), 20.0)
    assert lists(talker.until(22.0)) == []


def test_a_list_that_is_full_says_nothing_of_what_stands_before_it() -> None:
    sparse = [(number, number) for number in range(1, 4 * limits.HAVE_SPANS, 2)]
    talker = Talker(author=sparse)
    listed = talker.entry(AUTHOR)
    assert len(listed.seen) == limits.HAVE_SPANS < len(sparse)
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, [listed]), 10.0)
    assert lists(talker.until(12.0)) == []
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, [entry(AUTHOR, *listed.seen[1:])]), 20.0)
    assert len(lists(talker.until(22.0))) == 1


def test_a_broken_connection_ends_everything_that_was_to_be_said() -> None:
    talker = Talker(author=[(1, 5)])
    talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, []), 10.0)
    talker.gossip.heard_digest(FOREIGN, 10.0)
    talker.gossip.disconnected()
    assert talker.gossip.due() is None
    assert list(talker.gossip.tick(100.0)) == []
    talker.gossip.connected(200.0)
    assert len(lists(talker.until(205.0))) == 1


def test_a_long_list_comes_in_parts_that_cover_every_key_once() -> None:
    talker = Talker(connected=False)
    for number in range(400):
        talker.see(random.Random(number).randbytes(32), 1, 1 + number, 0.0)
    talker.gossip.connected(0.0)
    parts = [have for _, have in lists(talker.until(1.0))]
    assert len(parts) > 1
    assert all(64 * len(part.entries) <= limits.HAVE_BYTES for part in parts)
    assert [one.device for part in parts for one in part.entries] == talker.ledger.devices()
    assert (parts[0].low, parts[-1].high) == (LOW, HIGH)
    for part, after in itertools.pairwise(parts):
        assert int.from_bytes(after.low, "big") == int.from_bytes(part.high, "big") + 1
        assert part.high == part.entries[-1].device


def test_a_flood_of_lists_fills_no_memory_and_is_answered_with_one() -> None:
    talker = Talker(author=[(1, 5)])
    for number in range(1, 3000):
        talker.gossip.heard_have(Have(FOREIGN, LOW, HIGH, [entry(number.to_bytes(32, "big"), (1, 5))]), 10.0)
        talker.gossip.heard_digest(number.to_bytes(32, "big"), 10.0)
    assert talker.gossip._tell == {AUTHOR}
    assert talker.ledger.devices() == [AUTHOR]
    assert len(talker.until(12.0)) == 2


DEVICES = st.sampled_from([AUTHOR, OTHER, STRANGER])
SPANS = st.sampled_from([[], [(1, 5)], [(1, 3), (5, 9)], [(2**62, 2**63 - 1)], [(1, 2**63 - 1)]])
ENTRIES = st.lists(st.builds(Entry, DEVICES, SPANS, st.sampled_from([1, 4, 2**63 - 1]), st.just(b""), st.just([])), max_size=4)
HAVES = st.builds(Have, st.sampled_from([FOREIGN, bytes(32)]), st.sampled_from([b"", LOW, OTHER]), st.sampled_from([b"", HIGH]), ENTRIES)


@settings(max_examples=150, deadline=None)
@given(heard=st.lists(st.tuples(st.integers(0, 50), st.one_of(HAVES, st.binary(min_size=32, max_size=32))), max_size=25))
def test_whatever_is_heard_one_says_little_and_only_the_truth(heard: list[tuple[int, Have | bytes]]) -> None:
    talker = Talker(author=[(1, 5)], other=[(1, 3), (7, 8)])
    said: list[tuple[float, Digest | Have]] = []
    for tenths, body in sorted(heard, key=lambda pair: pair[0]):
        now = 10.0 + tenths / 10
        said += talker.until(now)
        if isinstance(body, Have):
            talker.gossip.heard_have(body, now)
        else:
            talker.gossip.heard_digest(body, now)
    said += talker.until(20.0)
    assert len(said) <= 1 + 2 * 10
    truth = [talker.entry(device) for device in (AUTHOR, OTHER)]
    assert all(one in truth for _, have in lists(said) for one in have.entries)
