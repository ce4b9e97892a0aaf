"""Rooms on the real code, wired to each other without a network: every packet of one reaches all others at once."""

import random
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.encryption import Cipher, room_keys
from chat.events import (
    Delivery,
    DeliveryChanged,
    Event,
    File,
    ForeignCounted,
    Member,
    MembersChanged,
    MessagesFolded,
    MessageShown,
    ReceiptsChanged,
    SayRefused,
    Trust,
)
from chat.protocol import limits
from chat.protocol.clock import Moment
from chat.protocol.control import Holding
from chat.protocol.faults import PacketError
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Chain, Peers
from chat.protocol.records import NO_RECORD, Edit, FileOffer, Hello, Reaction, Record, Retract, Text, make_record
from chat.protocol.room import Room
from chat.protocol.step import Channel, Packet, Step

KEYS = room_keys(b"root" * 8)
START = 1_700_000_000.0
Kind = TypeVar("Kind")


@dataclass
class Person:
    room: Room
    chain: Chain
    peers: Peers
    clock_error: float = 0.0
    events: list[Event] = field(default_factory=list)
    connected: bool = True
    kept: dict[tuple[bytes, int], dict[bytes, bytes]] = field(default_factory=dict)

    def told(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    def texts(self) -> list[str]:
        return [event.message.text for event in self.told(MessageShown)]

    def members(self) -> dict[str, Member]:
        return {member.name: member for member in self.told(MembersChanged)[-1].members}


class Wire:
    """The broker of these tests: it delivers at once, in order, and remembers everything."""

    def __init__(self) -> None:
        self.time = 0.0
        self.people: list[Person] = []
        self.packets: list[Packet] = []

    def moment(self, person: Person) -> Moment:
        return Moment(self.time, START + self.time + person.clock_error)

    def enter(self, name: str, chain: Chain | None = None, peers: Peers | None = None, clock_error: float = 0.0) -> Person:
        chance = random.Random(len(self.people))
        chain = chain or Chain(chance.randbytes(32), "client")
        peers = peers or Peers()
        person = Person(Room(KEYS, name, chain, peers, Moment(self.time, START + clock_error), chance), chain, peers, clock_error)
        self.people.append(person)
        self.carry(person, person.room.connected(self.moment(person)))
        return person

    def say(self, person: Person, text: str) -> None:
        self.carry(person, person.room.say(text, self.moment(person)))

    def carry(self, sender: Person, step: Step) -> None:
        sender.events += step.events
        for record in (*step.heard, *step.said):
            sender.kept.setdefault((record.device, record.sequence), {})[record.id] = record.packet
        for packet in step.packets:
            self.publish(packet, sender)
        for record in step.doubted:
            ids = list(sender.kept.get((record.device, record.sequence), {}))
            self.carry(sender, sender.room.compare(record, ids, self.moment(sender)))
        for device, (first, last) in step.wanted:
            for number in range(first, last + 1):
                self.carry(sender, sender.room.supply(sender.kept.get((device, number), {}).values()))

    def publish(self, packet: Packet, sender: Person | None = None) -> None:
        self.packets.append(packet)
        for person in self.people:
            if person is not sender and person.connected:
                self.carry(person, person.room.receive(packet.channel, packet.token, self.moment(person)))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, waking each room when it wants to be."""
        end = self.time + seconds
        while True:
            due = [(person.room.due(self.moment(person)), person) for person in self.people if person.connected]
            wake = min((at for at, _ in due if at is not None), default=end)
            if wake > end:
                break
            self.time = max(self.time, wake)
            for at, person in due:
                if at is not None and at <= self.time:
                    self.carry(person, person.room.tick(self.moment(person)))
        self.time = end


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_everyone_reads_what_one_says(wire: Wire) -> None:
    ada, bob, cleo = wire.enter("Ada"), wire.enter("Bob"), wire.enter("Cleo")
    wire.say(ada, "good morning")
    for person in (bob, cleo):
        (shown,) = person.told(MessageShown)
        assert (shown.message.text, shown.message.name, shown.message.own) == ("good morning", "Ada", False)
        assert shown.message.trust is Trust.PINNED
        assert shown.delivery is None
    (own,) = ada.told(MessageShown)
    assert own.message.own
    assert own.delivery is Delivery.QUEUED
    assert own.message.order == bob.told(MessageShown)[0].message.order


def test_the_order_is_the_same_for_everyone(wire: Wire) -> None:
    people = [wire.enter(name) for name in ("Ada", "Bob", "Cleo")]
    people[1].clock_error = -300.0
    for turn in range(12):
        wire.say(people[turn % 3], f"line {turn}")
        wire.pass_time(1.5)
    conversations = [sorted(person.told(MessageShown), key=lambda shown: shown.message.order) for person in people]
    texts = [[shown.message.text for shown in conversation] for conversation in conversations]
    assert texts[0] == texts[1] == texts[2] == [f"line {turn}" for turn in range(12)]


def test_messages_that_came_before_their_name_are_told_of(wire: Wire) -> None:
    ada = wire.enter("Ada")
    hello = next(packet for packet in wire.packets if packet.record is not None)
    wire.say(ada, "who am I?")
    said = wire.packets[-1]
    stranger = Wire().enter("Bob", Chain(b"\7" * 32, "client"))
    early = stranger.room.receive(said.channel, said.token, wire.moment(stranger))
    assert [event.message.name for event in early.events if isinstance(event, MessageShown)] != ["Ada"]
    assert early.renamed == []
    late = stranger.room.receive(hello.channel, hello.token, wire.moment(stranger))
    assert late.renamed == [ada.room.device]
    assert stranger.room.receive(hello.channel, hello.token, wire.moment(stranger)).renamed == []


def test_members_come_and_go(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    wire.pass_time(3)
    assert {name: member.online for name, member in ada.members().items()} == {"Ada": True, "Bob": True}
    assert bob.members()["Ada"].online
    wire.publish(bob.room.farewell(), bob)
    bob.connected = False
    wire.pass_time(1)
    assert not ada.members()["Bob"].online
    assert ada.members()["Bob"].fingerprint == bob.members()["Bob"].fingerprint


def test_a_will_that_comes_late_does_not_hide_who_is_back(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    will = bob.room.will()
    wire.carry(bob, bob.room.disconnected(wire.moment(bob)))
    wire.carry(bob, bob.room.connected(wire.moment(bob)))
    wire.publish(will, bob)
    wire.pass_time(1)
    assert ada.members()["Bob"].online
    wire.publish(bob.room.will(), bob)
    wire.pass_time(1)
    assert not ada.members()["Bob"].online


def test_nothing_of_a_connection_counts_after_its_will(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    said = [packet for packet in wire.packets if packet.channel is Channel.CONTROL]
    wire.publish(bob.room.will(), bob)
    for packet in said:
        wire.publish(packet, bob)
    wire.pass_time(1)
    assert not ada.members()["Bob"].online


def test_who_falls_silent_is_gone_even_without_a_will(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    wire.pass_time(limits.SILENCE_SECONDS + 2 * limits.HEARTBEAT_SECONDS)
    assert ada.members()["Bob"].online
    bob.connected = False
    wire.pass_time(limits.SILENCE_SECONDS + 2 * limits.HEARTBEAT_SECONDS)
    assert not ada.members()["Bob"].online


def test_everything_ever_sent_replayed_shows_nothing(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    for number in range(20):
        wire.say(ada, f"line {number}")
        wire.pass_time(1)
    shown = bob.texts()
    for packet in list(wire.packets) * 2:
        for person in (ada, bob):
            person.events += person.room.receive(packet.channel, packet.token, wire.moment(person)).events
    wire.pass_time(1)
    assert bob.texts() == shown == [f"line {number}" for number in range(20)]
    assert not ada.told(ForeignCounted)


def test_a_replay_after_a_restart_shows_nothing(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    wire.say(ada, "once")
    back = wire.enter("Bob", bob.chain, bob.peers)
    for packet in list(wire.packets):
        wire.carry(back, back.room.receive(packet.channel, packet.token, wire.moment(back)))
    assert back.texts() == []


def test_a_restarted_device_goes_on_in_its_chain(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    wire.say(ada, "before")
    head, sequence = ada.chain.head, ada.chain.sequence
    wire.people.remove(ada)
    back = wire.enter("Ada", ada.chain, ada.peers)
    wire.say(back, "after")
    assert bob.texts() == ["before", "after"]
    assert (back.chain.sequence, back.chain.head != head) == (sequence + 1, True)
    assert bob.told(MessageShown)[1].message.trust is Trust.PINNED


def test_another_passphrase_reads_nothing_and_disturbs_nothing(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    stranger = Room(room_keys(bytes(32)), "Eve", Chain(bytes(32), "eve"), Peers(), wire.moment(ada), random.Random(9))
    for packet in list(wire.packets):
        events = stranger.receive(packet.channel, packet.token, wire.moment(ada)).events
        assert not any(isinstance(event, MessageShown) for event in events)
    for packet in stranger.say("hello?", wire.moment(ada)).packets:
        wire.publish(packet)
    wire.pass_time(1)
    assert bob.texts() == []
    assert bob.told(ForeignCounted)[-1].total == 2
    assert set(bob.members()) == {"Ada", "Bob"}


def test_a_second_key_with_the_same_name_is_shown_and_marked(wire: Wire) -> None:
    ada = wire.enter("Ada")
    bob, false_bob = wire.enter("Bob"), wire.enter("ВОВ")
    wire.say(bob, "it is me")
    wire.say(false_bob, "no, me")
    assert [(shown.message.text, shown.message.trust) for shown in ada.told(MessageShown)] == [
        ("it is me", Trust.PINNED),
        ("no, me", Trust.CHANGED),
    ]


def test_somebody_with_one_s_own_name_is_marked(wire: Wire) -> None:
    ada, other = wire.enter("Ada"), wire.enter("ada")
    wire.say(other, "I am Ada")
    assert ada.told(MessageShown)[0].message.trust is Trust.CHANGED


def test_a_new_name_is_told_to_everyone(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    wire.people.remove(ada)
    back = wire.enter("Ada Lovelace", ada.chain, ada.peers)
    wire.say(back, "renamed")
    assert bob.told(MessageShown)[-1].message.name == "Ada Lovelace"


def test_what_is_said_before_the_first_connection_comes_under_a_name(wire: Wire) -> None:
    bob = wire.enter("Bob")
    ada = Room(KEYS, "Ada", Chain(bytes(32), "ada"), Peers(), Moment(0.0, START), random.Random(5))
    early = ada.say("before the connection", Moment(0.0, START))
    later = ada.connected(Moment(1.0, START + 1))
    for packet in (*later.packets, *early.packets):
        wire.publish(packet)
    (shown,) = bob.told(MessageShown)
    assert (shown.message.name, shown.message.trust) == ("Ada", Trust.PINNED)


def test_whoever_has_told_no_name_goes_by_the_fingerprint(wire: Wire) -> None:
    bob = wire.enter("Bob")
    key = DeviceKey(bytes(32))
    token = Cipher(KEYS.messages).seal(make_record(key, KEYS.room, 1, NO_RECORD, 0, Text("who am I")).packet)
    wire.publish(Packet(Channel.RECORDS, token))
    message = bob.told(MessageShown)[0].message
    assert message.trust is Trust.UNPINNED
    assert [member.fingerprint[:9] for member in bob.room._presence.members(0.0)][1] == message.name


def test_a_record_on_the_control_channel_is_foreign(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    wire.say(ada, "x")
    record = next(packet for packet in wire.packets if packet.record and packet.record.sequence > 1)
    wire.publish(Packet(Channel.CONTROL, record.token))
    wire.pass_time(1)
    assert bob.told(ForeignCounted)[-1].total == 1


def test_a_fork_is_shown_and_marked(wire: Wire) -> None:
    bob = wire.enter("Bob")
    key, seal = DeviceKey(bytes(32)), Cipher(KEYS.messages).seal
    for text in ("one truth", "another truth"):
        wire.publish(Packet(Channel.RECORDS, seal(make_record(key, KEYS.room, 1, NO_RECORD, 0, Text(text)).packet)))
    assert [(shown.message.text, shown.message.forked) for shown in bob.told(MessageShown)] == [
        ("one truth", False),
        ("another truth", True),
    ]


@pytest.mark.parametrize(("error", "trusted"), [(3600.0, True), (-3e8, True), (90_000.0, False), (1e8, False)])
def test_a_wrong_clock_spoils_no_time_on_screen(wire: Wire, error: float, trusted: bool) -> None:
    ada, bob = wire.enter("Ada", clock_error=error), wire.enter("Bob")
    wire.say(ada, "what time is it")
    message = bob.told(MessageShown)[0].message
    assert message.clock_trusted is trusted
    if not trusted:
        assert abs(message.time - START) < 10
    if error > 600:
        wire.say(bob, "my own time")
        assert abs(bob.told(MessageShown)[1].message.order[0] / 65_536_000 - START) < 10


def test_sending_too_fast_waits_and_drips_out(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    for number in range(30):
        wire.say(ada, f"line {number}")
    states = [shown.delivery for shown in ada.told(MessageShown)]
    assert states == [Delivery.QUEUED] * 8 + [Delivery.WAITING] * 20
    assert [refused.text for refused in ada.told(SayRefused)] == ["line 28", "line 29"]
    assert len(bob.texts()) == 8
    wire.pass_time(5.5)
    assert len(bob.texts()) == 13
    wire.pass_time(30)
    assert bob.texts() == [f"line {number}" for number in range(28)]
    waited = [changed for changed in ada.told(DeliveryChanged) if changed.delivery is Delivery.QUEUED]
    assert [changed.key for changed in waited] == [shown.message.key for shown in ada.told(MessageShown)[8:]]
    assert [shown.message.order for shown in ada.told(MessageShown)] == [shown.message.order for shown in bob.told(MessageShown)]


def test_a_device_that_floods_is_folded_and_nothing_is_lost(wire: Wire) -> None:
    bob = wire.enter("Bob")
    key, seal, head = DeviceKey(bytes(32)), Cipher(KEYS.messages).seal, NO_RECORD
    for number in range(1, 101):
        record = make_record(key, KEYS.room, number, head, number, Text(f"line {number}") if number > 1 else Hello("Mallory"))
        head = record.hash
        wire.publish(Packet(Channel.RECORDS, seal(record.packet)))
    folded = bob.told(MessagesFolded)
    assert len(bob.texts()) == limits.RECEIVE_BURST
    assert folded[-1].count == 99 - limits.RECEIVE_BURST
    assert folded[-1].name == "Mallory"
    kept = [message.text for event in folded for message in event.messages]
    assert bob.texts() + kept == [f"line {number}" for number in range(2, 101)]
    wire.pass_time(1)
    wire.publish(Packet(Channel.RECORDS, seal(make_record(key, KEYS.room, 101, head, 101, Text("slower now")).packet)))
    assert bob.texts()[-1] == "slower now"


def test_a_flood_of_control_packets_is_told_at_most_every_fifth_of_a_second(wire: Wire) -> None:
    ada = wire.enter("Ada")
    for number in range(300):
        stranger = wire.enter(f"Bot {number}")
        stranger.connected = False
    assert len(ada.told(MembersChanged)) <= 2
    wire.pass_time(1)
    assert len(ada.members()) == 301


def test_devices_and_pins_are_bounded(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DEVICES", 20)
    monkeypatch.setattr(limits, "PINS", 20)
    ada = wire.enter("Ada")
    bob = wire.enter("Bob")
    for number in range(50):
        wire.time += 1
        wire.enter(f"Bot {number}").connected = False
    assert len(ada.peers.devices) == 20
    assert len(ada.peers.pins) == 20
    assert ada.peers.pins["bob"] == bob.room.device


def test_too_long_and_empty_texts(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    wire.say(ada, "  \n ")
    wire.say(ada, "å" * limits.TEXT_BYTES)
    assert ada.texts() == []
    assert "16 KiB" in ada.told(SayRefused)[0].sentence
    wire.say(ada, "å" * (limits.TEXT_BYTES // 2))
    assert len(bob.texts()[0].encode()) == limits.TEXT_BYTES


def test_half_a_surrogate_pair_is_sent_as_a_replacement_sign(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    wire.say(ada, "broken \ud83d emoji")
    assert bob.texts() == ["broken \ufffd emoji"]


@settings(max_examples=300, deadline=None)
@given(channel=st.sampled_from(Channel), garbage=st.binary(max_size=700))
def test_garbage_is_counted_and_nothing_else(channel: Channel, garbage: bytes) -> None:
    wire = Wire()
    ada = wire.enter("Ada")
    before = len(ada.told(MembersChanged))
    step = ada.room.receive(channel, garbage, Moment(10.0, START))
    assert step.packets == []
    assert ForeignCounted(1) in step.events
    assert all(isinstance(event, MembersChanged | ForeignCounted | ReceiptsChanged) for event in step.events)
    assert before <= 1


OFFER = FileOffer("sea.jpg", 70_000, "image/jpeg", limits.CHUNK_BYTES, bytes(32), b"k" * 32)


def offer(wire: Wire, person: Person, body: FileOffer = OFFER) -> Record:
    step = person.room.offer(body, wire.moment(person))
    wire.carry(person, step)
    return step.said[-1]


def test_a_file_is_offered_to_everyone(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    record = offer(wire, ada)
    (shown,) = bob.told(MessageShown)
    assert (shown.message.text, shown.message.file, shown.message.key) == ("sea.jpg", File("sea.jpg", 70_000, "image/jpeg"), record.key)
    assert bob.room.read(bob.kept[(ada.room.device, record.sequence)][record.id]).body == OFFER
    (own,) = ada.told(MessageShown)
    assert own.message.file == shown.message.file
    assert own.delivery is Delivery.QUEUED


def test_offers_keep_to_the_sending_limit(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    for _ in range(limits.SEND_BURST + limits.SEND_WAITING + 1):
        wire.carry(ada, ada.room.offer(OFFER, wire.moment(ada)))
    assert len(bob.told(MessageShown)) == limits.SEND_BURST
    assert len(ada.room.waiting) == limits.SEND_WAITING
    assert [refused.text for refused in ada.told(SayRefused)] == [""]
    wire.pass_time(limits.SEND_WAITING + 1.0)
    assert len(bob.told(MessageShown)) == limits.SEND_BURST + limits.SEND_WAITING


def test_a_file_is_taken_back_reacted_to_and_answered_but_not_edited(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    record = offer(wire, ada)
    steps = [
        ada.room.change(Edit(record.reference, "lake.jpg"), wire.moment(ada)),
        bob.room.change(Reaction(record.reference, "👍", on=True), wire.moment(bob)),
        bob.room.say("nice", wire.moment(bob), record.reference),
    ]
    about = [step.said[-1] for step in steps]
    message = bob.room.message(record, about, None, wire.moment(bob))
    assert (message.text, message.edited, message.file) == ("sea.jpg", False, File("sea.jpg", 70_000, "image/jpeg"))
    assert [reaction.emoji for reaction in message.reactions] == ["👍"]
    reply = bob.room.message(about[2], [], (record, about), wire.moment(bob))
    assert reply.reply is not None
    assert reply.reply.text == "sea.jpg"
    taken = ada.room.change(Retract(record.reference), wire.moment(ada)).said[-1]
    message = bob.room.message(record, [*about, taken], None, wire.moment(bob))
    assert (message.text, message.retracted, message.file) == ("", True, None)


def test_an_offer_s_key_is_in_no_repr_of_it(wire: Wire) -> None:
    record = offer(wire, wire.enter("Ada"))
    assert "kkk" not in repr(record)
    assert "kkk" not in f"{OFFER} {OFFER!r}"


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"name": "é" * 128}, {"size": -1}, {"size": limits.LARGEST_FILE + 1}, {"type": "jpeg"}, {"chunk": 1000}, {"key": b"k"}],
)
def test_an_offer_that_nobody_would_take_is_not_made(wire: Wire, change: dict[str, object]) -> None:
    ada = wire.enter("Ada")
    before = msgspec.msgpack.encode(ada.chain)
    with pytest.raises(PacketError):
        ada.room.offer(msgspec.structs.replace(OFFER, **change), wire.moment(ada))
    assert msgspec.msgpack.encode(ada.chain) == before


def test_half_a_surrogate_pair_in_a_file_s_name_is_sent_as_a_replacement_sign(wire: Wire) -> None:
    record = offer(wire, wire.enter("Ada"), msgspec.structs.replace(OFFER, name="a\udce9.txt"))
    assert record.text == "a\ufffd.txt"


def test_others_learn_which_chunks_a_member_holds(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")
    many = [(number, number) for number in range(0, 4 * limits.FILE_SPANS, 4)]
    for held in ([], [(0, 3), (7, 7)], many, [*many, (65_535, 65_535)]):
        packet = ada.room.holding(bytes(16), held, True, False)
        assert packet.channel is Channel.CONTROL
        step = bob.room.receive(packet.channel, packet.token, wire.moment(bob))
        assert step.holdings == [(ada.room.device, Holding(bytes(16), held[: limits.FILE_SPANS], wants=True, asks=False))]
        assert bob.room.receive(packet.channel, packet.token, wire.moment(bob)).holdings == []


def test_holdings_have_a_limit_of_their_own(wire: Wire) -> None:
    ada, bob = wire.enter("Ada"), wire.enter("Bob")

    def tell(times: int) -> int:
        packets = [ada.room.holding(bytes(16), [], False, True) for _ in range(times)]
        return sum(len(bob.room.receive(packet.channel, packet.token, wire.moment(bob)).holdings) for packet in packets)

    assert tell(limits.HOLDING_BURST + 10) == limits.HOLDING_BURST
    wire.carry(ada, Step([ada.room.farewell()]))
    assert bob.room.online == 0
    assert tell(1) == 0
    wire.pass_time(2.0)
    assert tell(100) == 2 * limits.HOLDINGS_PER_SECOND
    assert not bob.told(ForeignCounted)
