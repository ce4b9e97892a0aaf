"""What a member of the room can send that no honest one would: it is refused or does nothing, and costs little."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.encryption import Cipher, room_keys
from chat.events import ForeignCounted, MembersChanged, ReceiptsChanged
from chat.protocol import control, limits, records
from chat.protocol.clock import Moment
from chat.protocol.control import Bundle, Digest, Entry, Gone, Have, Here, Holding, Receipt, Want, make_control, read_control
from chat.protocol.faults import PacketError
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Chain, Peer, Peers
from chat.protocol.records import NO_RECORD, Edit, FileOffer, Hello, Reaction, Reply, Retract, Text, make_record, read_record
from chat.protocol.room import Room
from chat.protocol.step import Channel, Packet, Step
from tests.protocol.test_room import Wire

KEYS = room_keys(b"root" * 8)
OTHER_ROOM = room_keys(b"tree" * 8)
START = 1_700_000_000.0
CLOCK = int(START * 1000) << 16
ADA, MALLORY = DeviceKey(bytes(range(32))), DeviceKey(b"m" * 32)
OWN_SEED = b"o" * 32
OWN = DeviceKey(OWN_SEED).public
LARGEST = 2**63 - 1

FIRST = make_record(ADA, KEYS.room, 1, NO_RECORD, CLOCK, Hello("Ada"))
TARGET = FIRST.reference
BODIES: list[records.Body] = [
    Text("good morning"), Hello("Ada"), Reply(TARGET, "yes"), Edit(TARGET, "no"), Retract(TARGET), Reaction(TARGET, "👍", on=True),
    FileOffer("sea.jpg", 70_000, "image/jpeg", 48 * 1024, bytes(32), b"k" * 32),
]  # fmt: skip
RECORDS = [make_record(ADA, KEYS.room, 2 + place, FIRST.hash, CLOCK + place, body) for place, body in enumerate(BODIES)]
FOREIGN_RECORD = make_record(ADA, OTHER_ROOM.room, 9, FIRST.hash, CLOCK, Text("elsewhere"))
CONTROL_BODIES: list[control.Body] = [
    Here("Ada", asks=True),
    Gone(),
    Receipt([(OWN, 1, 2)]),
    Digest(bytes(32)),
    Have(bytes(32), bytes(32), b"\xff" * 32, [Entry(ADA.public, [(1, 3), (5, 9)], 2, bytes(16), [(3, [bytes(16)])])]),
    Want([(OWN, [(1, 2)])]),
    Bundle([FIRST.packet]),
    Holding(bytes(16), [(0, 3), (5, 65_535)], wants=True, asks=False),
]
CONTROLS = [make_control(ADA, KEYS.room, 2**40 + place, body) for place, body in enumerate(CONTROL_BODIES)]
VALID = [(Channel.RECORDS, record.packet) for record in RECORDS] + [(Channel.CONTROL, packet) for packet in CONTROLS]
READERS: dict[Channel, Callable[[bytes, bytes], object]] = {Channel.RECORDS: read_record, Channel.CONTROL: read_control}
CIPHERS = {Channel.RECORDS: Cipher(KEYS.messages), Channel.CONTROL: Cipher(KEYS.control)}


class Target:
    """A connected room to send things to; it reads back everything that it says itself."""

    def __init__(self) -> None:
        self.chain, self.peers = Chain(OWN_SEED, "client"), Peers()
        self.time = 0.0
        self.room = Room(KEYS, "Bob", self.chain, self.peers, self.now(), random.Random(1))
        self.said: list[object] = []
        self.wanted: list[tuple[bytes, tuple[int, int]]] = []
        self.foreign = 0
        self.take(self.room.connected(self.now()))
        self.receive(Channel.RECORDS, FIRST.packet)

    def now(self) -> Moment:
        return Moment(self.time, START + self.time)

    def take(self, step: Step) -> Step:
        for packet in step.packets:
            self.said.append(READERS[packet.channel](opened(packet), KEYS.room))
        self.wanted += step.wanted
        self.foreign = max([self.foreign, *(event.total for event in step.events if isinstance(event, ForeignCounted))])
        for record in step.doubted:
            self.take(self.room.compare(record, [], self.now()))
        return step

    def receive(self, channel: Channel, packet: bytes) -> Step:
        return self.take(self.room.receive(channel, CIPHERS[channel].seal(packet), self.now()))

    def pass_time(self, seconds: float) -> None:
        end, ticks = self.time + seconds, 0
        while (due := self.room.due(self.now())) is not None and due <= end:
            self.time = max(self.time, due)
            self.take(self.room.tick(self.now()))
            ticks += 1
            assert ticks < 20 * seconds + 100
        self.time = end

    def state(self) -> bytes:
        return msgspec.msgpack.encode((self.chain, self.peers))


def opened(packet: Packet) -> bytes:
    return CIPHERS[packet.channel].open(packet.token, limits.PACKET_BYTES)


def refused(read: Callable[[bytes, bytes], object], packet: bytes) -> bool:
    try:
        read(packet, KEYS.room)
    except PacketError:
        return True
    return False


def sign(channel: Channel, fields: Any, key: DeviceKey = MALLORY) -> bytes:
    """A packet that its author signed over whatever it likes."""
    content = msgspec.msgpack.encode(fields)
    purpose = records.PURPOSE if channel is Channel.RECORDS else control.PURPOSE
    return msgspec.msgpack.encode([content, key.sign(purpose, KEYS.room, content)])


def signed_record(body: Any, sequence: int = 2, clock: int = CLOCK, key: DeviceKey = MALLORY) -> bytes:
    return sign(Channel.RECORDS, [1, key.public, sequence, bytes(32), clock, body], key)


def signed_control(body: Any, counter: int = 1, key: DeviceKey = MALLORY) -> bytes:
    return sign(Channel.CONTROL, [1, key.public, counter, body], key)


NUMBERS = st.sampled_from([0, 1, 2, 3, 64, 2**31, 2**32, 2**62, LARGEST - 1, LARGEST, 2**63, 2**64 - 1, -1])
DEVICES = st.sampled_from([OWN, ADA.public, MALLORY.public, bytes(32), b"\xff" * 32, b"short"])
SPAN = st.tuples(NUMBERS, NUMBERS) | st.integers(1, 100).map(lambda first: (first, first + 3))
SPANS = st.lists(SPAN, max_size=5) | st.sampled_from([[], [[1, LARGEST]], [[1, 2], [2, 5]], [[5, 9], [1, 2]], [[3, 1]], [[1, 2], [3, 4]]])
IDS = st.lists(st.sampled_from([bytes(16), FIRST.id, b"x" * 16, b"short"]), max_size=5)
ENTRIES = st.tuples(
    DEVICES, SPANS, NUMBERS, st.sampled_from([b"", FIRST.id, bytes(16), bytes(17)]), st.lists(st.tuples(NUMBERS, IDS), max_size=3)
)
REFERENCES = st.tuples(DEVICES, NUMBERS, st.sampled_from([FIRST.id, bytes(16), b"short"]))
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats() | st.text(max_size=8) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
PACKETS = st.sampled_from(
    [FIRST.packet, FOREIGN_RECORD.packet, CONTROLS[0], CONTROLS[6], b"", b"garbage", *(record.packet for record in RECORDS)]
)
MEDIA_TYPES = st.sampled_from(["image/png", "", "/", "a/b/c", "a/b\n", "é/b"])
KEYS_32 = st.sampled_from([bytes(32), b"short"])
RECORD_BODIES = (
    st.tuples(st.integers(0, 9), ANYTHING, ANYTHING, ANYTHING)
    | st.tuples(st.integers(3, 6), REFERENCES, st.text(max_size=4), st.booleans())
    | st.tuples(st.just(7), st.text(max_size=4), NUMBERS, MEDIA_TYPES, NUMBERS | st.just(1024), KEYS_32, KEYS_32)
    | ANYTHING
)
HOSTILE_RECORDS = st.builds(signed_record, RECORD_BODIES, NUMBERS, NUMBERS | st.just(CLOCK), st.sampled_from([MALLORY, ADA]))
LOWS, HIGHS = st.sampled_from([b"", bytes(32)]), st.sampled_from([b"", b"\xff" * 32])
CONTROL_SHAPES = (
    st.tuples(st.just(3), st.lists(st.tuples(DEVICES, NUMBERS, NUMBERS), max_size=4))
    | st.tuples(st.just(4), st.binary(min_size=32, max_size=32))
    | st.tuples(st.just(5), st.just(bytes(32)), LOWS, HIGHS, st.lists(ENTRIES, max_size=4))
    | st.tuples(st.just(6), st.lists(st.tuples(DEVICES, SPANS), max_size=4))
    | st.tuples(st.just(7), st.lists(PACKETS | HOSTILE_RECORDS, max_size=4))
    | st.tuples(st.just(9), st.sampled_from([bytes(16), b"short"]), SPANS, st.booleans(), st.booleans() | ANYTHING)
    | st.tuples(st.integers(0, 10), ANYTHING, ANYTHING)
    | ANYTHING
)  # fmt: skip
HOSTILE_CONTROLS = st.builds(signed_control, CONTROL_SHAPES, NUMBERS, st.sampled_from([MALLORY, ADA]))
HOSTILE = st.tuples(st.just(Channel.RECORDS), HOSTILE_RECORDS) | st.tuples(st.just(Channel.CONTROL), HOSTILE_CONTROLS)


@pytest.mark.parametrize("place", range(len(VALID)))
def test_one_of_every_kind_is_valid(place: int) -> None:
    channel, packet = VALID[place]
    target = Target()
    target.receive(channel, packet)
    target.pass_time(1.0)
    assert target.foreign == 0
    read = read_record(packet, KEYS.room) if channel is Channel.RECORDS else read_control(packet, KEYS.room)
    assert read.body == [*BODIES, *CONTROL_BODIES][place]


@settings(max_examples=600, deadline=None)
@given(
    valid=st.sampled_from(VALID),
    change=st.sampled_from(["cut", "longer", "byte", "twice"]),
    place=st.integers(0, 2000),
    garbage=st.binary(min_size=1, max_size=9),
)
def test_a_valid_packet_that_was_damaged_is_counted_and_does_nothing(
    valid: tuple[Channel, bytes], change: str, place: int, garbage: bytes
) -> None:
    channel, packet = valid
    place %= len(packet)
    flipped = packet[:place] + bytes([packet[place] ^ (garbage[0] or 1)]) + packet[place + 1 :]
    damaged = {"cut": packet[:place], "longer": packet + garbage, "byte": flipped, "twice": packet + packet}[change]
    assert refused(READERS[channel], damaged)
    target = shared_target()
    before, counted = target.state(), target.room._foreign
    assert quiet(target.receive(channel, damaged))
    assert (target.state(), target.room._foreign) == (before, counted + 1)


_SHARED: list[Target] = []


def shared_target() -> Target:
    """One room for all examples that must not change it."""
    if not _SHARED:
        _SHARED.append(Target())
    return _SHARED[0]


def quiet(step: Step) -> bool:
    events = all(isinstance(event, ForeignCounted | MembersChanged | ReceiptsChanged) for event in step.events)
    return events and not any((step.packets, step.heard, step.said, step.doubted, step.wanted))


@settings(max_examples=500, deadline=None)
@given(channel=st.sampled_from(Channel), content=st.binary(max_size=200) | ANYTHING.map(msgspec.msgpack.encode))
def test_any_bytes_and_any_value_are_counted_and_do_nothing(channel: Channel, content: bytes) -> None:
    assert refused(READERS[channel], content)
    target = shared_target()
    before, counted = target.state(), target.room._foreign
    assert quiet(target.receive(channel, content))
    assert (target.state(), target.room._foreign) == (before, counted + 1)


@settings(max_examples=600, deadline=None)
@given(hostile=HOSTILE)
def test_what_its_author_signed_is_taken_or_counted_as_a_whole(hostile: tuple[Channel, bytes]) -> None:
    channel, packet = hostile
    target = Target()
    before = target.state()
    if refused(READERS[channel], packet):
        assert quiet(target.receive(channel, packet))
        assert (target.state(), target.room._foreign) == (before, 1)
        return
    target.receive(channel, packet)
    taken = read_control(packet, KEYS.room) if channel is Channel.CONTROL else None
    assert target.room._foreign <= (len(taken.body.packets) if taken and isinstance(taken.body, Bundle) else 0)
    assert len(target.peers.devices) <= 3


@settings(max_examples=150, deadline=None)
@given(hostile=st.lists(HOSTILE, min_size=1, max_size=12), wanted_from=st.sampled_from([0, CLOCK, LARGEST]))
def test_after_anything_at_all_the_room_goes_on_and_says_only_what_others_can_read(
    hostile: list[tuple[Channel, bytes]], wanted_from: int
) -> None:
    target = Target()
    target.room.want_from(wanted_from)
    for channel, packet in hostile:
        target.receive(channel, packet)
        target.pass_time(0.3)
    target.pass_time(100.0)
    assert not target.room.cloned
    held = {device for device, _ in target.wanted}
    assert held <= {OWN, ADA.public, MALLORY.public}
    counted = target.foreign
    step = target.receive(Channel.RECORDS, make_record(DeviceKey(b"h" * 32), KEYS.room, 1, NO_RECORD, CLOCK, Text("still here")).packet)
    assert len(step.heard) == 1
    assert target.foreign == counted


def test_a_record_with_the_last_number_that_is_too_old_leaves_the_lists_readable() -> None:
    target = Target()
    target.room.want_from(LARGEST)
    target.receive(Channel.CONTROL, signed_control([7, [signed_record([1, "last"], LARGEST)]]))
    target.receive(Channel.CONTROL, signed_control([4, bytes(32)], 2))
    target.said.clear()
    target.pass_time(100.0)
    lists = [said.body for said in target.said if isinstance(said, control.Control) and isinstance(said.body, Have)]
    assert MALLORY.public in {entry.device for have in lists for entry in have.entries}


def test_a_list_about_oneself_is_asked_after_and_makes_no_clone_of_one() -> None:
    target = Target()
    sent = target.chain.sequence
    target.receive(Channel.CONTROL, signed_control([5, b"d" * 32, b"", b"", [[OWN, [[1, sent + 3]], 1, b"", []]]]))
    target.pass_time(1.0)
    asked = [said.body for said in target.said if isinstance(said, control.Control) and isinstance(said.body, Want)]
    assert asked == [Want([(OWN, [(sent + 1, sent + 3)])])]
    assert not target.room.cloned
    assert OWN not in target.peers.devices


def test_what_one_said_oneself_comes_back_without_effect() -> None:
    target = Target()
    own = DeviceKey(OWN_SEED)
    step = target.room.say("mine", target.now())
    state = target.state()
    for packet in step.packets:
        target.receive(packet.channel, opened(packet))
    target.receive(Channel.CONTROL, make_control(own, KEYS.room, 2**60, Here("Bob", asks=True)))
    target.receive(Channel.CONTROL, make_control(own, KEYS.room, 2**60 + 1, Want([(OWN, [(1, 2)])])))
    target.pass_time(5.0)
    assert target.state() == state
    assert not target.room.cloned
    assert target.wanted == []


@pytest.mark.parametrize(
    "body",
    [
        [3, [[ADA.public, 5, 4]]],
        [3, [[ADA.public, 0, 4]]],
        [5, bytes(32), b"", b"", [[ADA.public, [[1, 5], [3, 9]], 1, b"", []]]],
        [5, bytes(32), b"", b"", [[ADA.public, [[1, 2], [3, 4]], 1, b"", []]]],
        [5, bytes(32), b"", b"", [[ADA.public, [[5, 9], [1, 2]], 1, b"", []]]],
        [5, bytes(32), b"", b"", [[ADA.public, [[1, 2**63]], 1, b"", []]]],
        [5, bytes(32), b"", b"", [[ADA.public, [[1, 2]], 0, b"", []]]],
        [6, [[ADA.public, [[2, 1]]]]],
        [6, [[ADA.public, [[0, 1]]]]],
        [9, bytes(16), [[2, 1]], True, True],
        [9, bytes(16), [[0, 1], [2, 3]], True, True],
        [9, bytes(16), [[5, 9], [0, 1]], True, True],
        [9, bytes(16), [[0, limits.MOST_CHUNKS]], True, True],
        [9, bytes(16), [[-1, 1]], True, True],
    ],
)
def test_spans_that_are_none_are_refused(body: Any) -> None:
    assert refused(read_control, signed_control(body))


def test_what_is_not_here_is_not_given() -> None:
    target = Target()
    wanted = [[OWN, [[60, 90]]], [ADA.public, [[2, 9]]], [b"n" * 32, [[1, 1]]], [MALLORY.public, []]]
    target.receive(Channel.CONTROL, signed_control([6, wanted]))
    target.pass_time(30.0)
    assert target.wanted == []


def test_one_who_asks_for_too_much_at_once_is_not_heard() -> None:
    target = Target()
    target.receive(Channel.CONTROL, signed_control([6, [[ADA.public, [[1, limits.WANT_RECORDS + 1]]]]]))
    target.pass_time(30.0)
    assert target.wanted == []
    assert target.foreign == 1


def test_a_bundle_is_taken_record_by_record() -> None:
    target = Target()
    garbage = [FOREIGN_RECORD.packet, CONTROLS[0], b"", b"x" * 100, RECORDS[2].packet[:-1], bytes(limits.RECORD_BYTES + 1)]
    step = target.receive(Channel.CONTROL, signed_control([7, [*garbage, RECORDS[0].packet, RECORDS[0].packet, FIRST.packet]]))
    assert [record.id for record in step.heard] == [RECORDS[0].id]
    assert target.room._foreign == len(garbage)


def test_a_bundle_in_a_bundle_is_foreign() -> None:
    target = Target()
    inner = make_control(ADA, KEYS.room, 2**50, Bundle([RECORDS[0].packet]))
    step = target.receive(Channel.CONTROL, make_control(MALLORY, KEYS.room, 1, Bundle([inner])))
    assert step.heard == []
    assert target.room._foreign == 1


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_bundle_with_the_longest_records_is_taken_if_it_fits(count: int) -> None:
    longest = [make_record(ADA, KEYS.room, 2 + place, NO_RECORD, CLOCK, Text("x" * limits.TEXT_BYTES)).packet for place in range(count)]
    target = Target()
    step = target.receive(Channel.CONTROL, make_control(MALLORY, KEYS.room, 1, Bundle(longest)))
    assert len(step.heard) == count
    packets = target.room.supply(longest).packets
    assert [len(said.body.packets) for said in map(read_bundle, packets)] == [1] * count


def read_bundle(packet: Packet) -> Any:
    return read_control(opened(packet), KEYS.room)


def test_a_bundle_that_is_too_large_is_refused() -> None:
    longest = [make_record(ADA, KEYS.room, 2 + place, NO_RECORD, CLOCK, Text("x" * limits.TEXT_BYTES)).packet for place in range(4)]
    assert refused(read_control, make_control(MALLORY, KEYS.room, 1, Bundle(longest)))
    assert refused(read_control, make_control(MALLORY, KEYS.room, 1, Bundle([b""] * (limits.WANT_RECORDS + 1))))


def test_one_device_that_skips_numbers_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.protocol.replay.SPANS", 50)
    target = Target()
    for number in range(200):
        target.receive(Channel.RECORDS, signed_record([1, "x"], 2 + 2 * number, CLOCK + number))
    peer = target.peers.devices[MALLORY.public]
    assert max(len(peer.seen), len(peer.starts), len(peer.ends)) <= 50
    assert target.room._foreign == 150


def test_many_devices_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DEVICES", 20)
    target = Target()
    for number in range(80):
        key = DeviceKey(number.to_bytes(32, "big"))
        target.time += 0.5
        target.receive(Channel.RECORDS, make_record(key, KEYS.room, 1, NO_RECORD, CLOCK, Hello(f"Bot {number}")).packet)
        target.receive(Channel.CONTROL, make_control(key, KEYS.room, 1, Here(f"Bot {number}", asks=True)))
        target.receive(Channel.CONTROL, make_control(key, KEYS.room, 2, Receipt([(OWN, 1, 1)])))
        have = Have(bytes(32), b"", b"", [Entry(key.public, [(1, 9)], 1, b"", [])])
        target.receive(Channel.CONTROL, make_control(key, KEYS.room, 3, have))
    room = target.room
    assert len(target.peers.devices) == 20
    assert set(room._ledger.devices()) <= {OWN, *target.peers.devices}
    assert set(room._presence._attendance) <= set(target.peers.devices)
    assert len(room._receipts.known()) <= 20
    assert len(room._receipts._owed) <= 80
    assert len(room._wants._claims) <= limits.CLAIMANTS + 1
    gone = DeviceKey((0).to_bytes(32, "big")).public
    assert gone in room.take_changed()


def test_a_device_that_says_one_number_in_many_ways_fills_no_memory() -> None:
    target = Target()
    peer = target.peers.devices.setdefault(MALLORY.public, Peer())
    for number in range(1, 40):
        said = [make_record(MALLORY, KEYS.room, number, NO_RECORD, CLOCK + number, Text(f"{version}")) for version in range(8)]
        for record in said:
            step = target.room.receive(Channel.RECORDS, CIPHERS[Channel.RECORDS].seal(record.packet), target.now())
            kept = [*peer.forks.get(number, [said[0].id])]
            for doubted in step.doubted:
                target.room.compare(doubted, kept, target.now())
    assert len(peer.forks) == limits.FORKED_NUMBERS
    assert max(map(len, peer.forks.values())) <= limits.FORKS
    assert len(target.room._wants._doubted) <= limits.WANT_RECORDS


def record_of(number: int, text: str) -> bytes:
    """One of a chain whose links fit, so that only a second text under a number is a fork."""
    head = NO_RECORD
    for before in range(1, number):
        head = _HEADS.setdefault(before, make_record(MALLORY, KEYS.room, before, head, CLOCK, Text("x")).hash)
    return make_record(MALLORY, KEYS.room, number, head, CLOCK, Text(text)).packet


_HEADS: dict[int, bytes] = {}
SPARSE = [signed_record([1, "x"], number) for number in range(1, 2 * limits.HAVE_SPANS + 200, 2)]
PLAIN = [record_of(number, "x") for number in range(1, 41)]
STORMS = {
    "more spans than a list holds": (SPARSE, SPARSE),
    "many records with one number": ([record_of(1, f"a{n}") for n in range(5)], [record_of(1, f"b{n}") for n in range(5)]),
    "many numbers with two records": (
        [*PLAIN, *(record_of(number, "a") for number in range(1, 21))],
        [*PLAIN, *(record_of(number, "a") for number in range(21, 41))],
    ),
}


@pytest.mark.parametrize("storm", STORMS)
def test_members_who_can_t_come_to_know_the_same_do_not_talk_about_it_for_ever(storm: str) -> None:
    wire = Wire()
    people = [wire.enter("Ada"), wire.enter("Bob")]
    for person, packets in zip(people, STORMS[storm], strict=True):
        for packet in packets:
            wire.carry(person, person.room.receive(Channel.RECORDS, CIPHERS[Channel.RECORDS].seal(packet), wire.moment(person)))
    wire.pass_time(200.0)
    settled = len(wire.packets)
    wire.pass_time(300.0)
    assert len(wire.packets) - settled < 60


def test_a_replayed_control_packet_changes_nothing() -> None:
    target = Target()
    for packet in CONTROLS[:6]:
        target.receive(Channel.CONTROL, packet)
    target.pass_time(5.0)
    before = replace(target.now())
    state, said = target.state(), len(target.said)
    for packet in CONTROLS[:6]:
        assert quiet(target.receive(Channel.CONTROL, packet))
    assert (target.state(), len(target.said), target.now()) == (state, said, before)
    assert target.foreign == 0
