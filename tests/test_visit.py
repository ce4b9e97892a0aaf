"""What a room shows is a function of what was said: the order in which it came, and by which way, makes no difference."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chat.address import parse_broker
from chat.encryption import Cipher, room_keys
from chat.events import Event, Message, MessageChanged, MessagesFolded, MessageShown, Page, PageKind
from chat.history import History, open_history
from chat.moment import now
from chat.protocol.control import Bundle, make_control
from chat.protocol.identity import DeviceKey
from chat.protocol.records import NO_RECORD, Body, Edit, Hello, Reaction, Record, Reference, Reply, Retract, Text, make_record
from chat.protocol.room import Room
from chat.protocol.step import Channel
from chat.visit import Visit

KEYS = room_keys(b"visited " * 4)
CLOCK = 1_700_000_000_000 << 16
DEVICES = [DeviceKey(bytes([number]) * 32) for number in range(1, 5)]
RELAYER = DeviceKey(b"relayer." * 4)
EMOJI = ["👍", "🎉", "👀"]


class Saying(NamedTuple):
    """What one device says, in plain numbers that shrink well."""

    device: int
    kind: int
    target: int
    """Which of the records so far it is about; those beyond are about one that nobody has."""
    clock: int
    fork: bool


SAYINGS = st.lists(
    st.builds(Saying, st.integers(0, 3), st.integers(0, 7), st.integers(0, 14), st.integers(0, 20), st.booleans()), min_size=1, max_size=14
)


def records_of(sayings: Sequence[Saying]) -> list[Record]:
    """The chains of several devices, with what they say about each other's records."""
    said: list[Record] = []
    heads = {device.public: (0, NO_RECORD) for device in DEVICES}
    for place, saying in enumerate(sayings):
        key = DEVICES[saying.device]
        number, head = heads[key.public]
        target = said[saying.target].reference if saying.target < len(said) else Reference(DEVICES[saying.target % 4].public, 30, bytes(16))
        record = make_record(key, KEYS.room, number + 1, head, CLOCK + saying.clock, body_of(saying, target, place))
        said.append(record)
        if saying.fork:
            said.append(make_record(key, KEYS.room, number + 1, head, CLOCK + saying.clock + 1, Text(f"instead of {place}")))
        heads[key.public] = (number + 1, record.hash)
    return said


def body_of(saying: Saying, target: Reference, place: int) -> Body:
    bodies: list[Body] = [
        Text(f"text {place}"),
        Hello(f"{['Ada', 'Bob', 'Cleo', 'Dora'][saying.device]} {place}"),
        Reply(target, f"reply {place}"),
        Edit(target, f"edit {place}"),
        Retract(target),
        Reaction(target, EMOJI[place % 3], on=True),
        Reaction(target, EMOJI[place % 3], on=False),
        Edit(Reference(target.device, target.sequence, bytes(16)), "an edit of something else"),
    ]
    return bodies[saying.kind]


class Reader:
    """One visit to the room, without a broker."""

    def __init__(self, folder: Path) -> None:
        self.history: History = open_history(folder, KEYS)
        self.events: list[Event] = []
        room = Room(KEYS, "Reader", self.history.chain, self.history.peers, now(), random.Random(1))
        self.visit = Visit(
            parse_broker("mqtt://nowhere"), "topic", KEYS, self.history, room, self.events.append, ignore, ignore, lambda: 1, ignore
        )

    def hear(self, records: Sequence[Record], ways: Sequence[int]) -> None:
        """Take records in this order. Each comes 0: directly, 1: passed on, 2: twice; now and then all is made to last.

        Of two records with one number the second is not taken from others unasked, so these come directly.
        """
        numbers = Counter((record.device, record.sequence) for record in records)
        for place, record in enumerate(records):
            way = ways[place % len(ways)] if numbers[record.device, record.sequence] == 1 else 0
            if way == 1:
                bundle = make_control(RELAYER, KEYS.room, 1, Bundle([record.packet]))
                self.visit.arrived(Channel.CONTROL, Cipher(KEYS.control).seal(bundle), None)
            for _ in range({0: 1, 1: 0}.get(way, 2)):
                self.visit.arrived(Channel.RECORDS, Cipher(KEYS.messages).seal(record.packet), None)
            if (place + way) % 3 == 0:
                self.visit.commit()
        self.visit.commit()

    def page(self, kind: PageKind, message: Message | None) -> Page:
        self.visit.show_page(kind, message.order if message else None)
        page = self.events[-1]
        assert isinstance(page, Page)
        return page

    def conversation(self) -> list[Message]:
        """Everything, page by page from the end."""
        found: list[Message] = []
        while True:
            page = self.page(PageKind.OLDER, found[0] if found else None)
            found = [message for message, _ in page.messages] + found
            if not page.more_before:
                return found

    def conversation_forwards(self, first: Message) -> list[Message]:
        """Everything, page by page from its beginning."""
        found = [first]
        while True:
            page = self.page(PageKind.NEWER, found[-1])
            found += [message for message, _ in page.messages]
            if not page.more_after:
                return found

    def on_screen(self) -> dict[str, Message]:
        """What a window shows that was open all the time, by key."""
        latest: dict[str, Message] = {}
        for event in self.events:
            match event:
                case MessageShown(message) | MessageChanged(message):
                    latest[message.key] = message
                case MessagesFolded(messages=messages):
                    latest |= {message.key: message for message in messages}
        return latest


def ignore(*_: object) -> None:
    pass


def look(message: Message) -> tuple[object, ...]:
    """How a message looks, but for names: these follow the member list."""
    reactions = [(reaction.emoji, len(reaction.names)) for reaction in message.reactions]
    return message.order, message.text, message.edited, message.retracted, reactions, message.reply and message.reply.text


PLAIN = Saying(0, 0, 0, 0, fork=False)
ANSWER_TO_AN_EDIT = [
    PLAIN,
    Saying(0, 0, 0, 0, True),
    Saying(0, 3, 0, 0, False),
    PLAIN,
    Saying(0, 0, 7, 0, False),
    Saying(0, 2, 3, 0, False),
]


@settings(max_examples=60, deadline=None)
@example(sayings=[*ANSWER_TO_AN_EDIT, *[PLAIN] * 7, Saying(0, 3, 3, 0, False)], seeds=(0, 0), ways=[0], lost=set())
@given(
    sayings=SAYINGS,
    seeds=st.tuples(st.integers(0, 2**16), st.integers(0, 2**16)),
    ways=st.lists(st.integers(0, 2), min_size=1, max_size=5),
    lost=st.sets(st.integers(0, 20), max_size=3),
)
def test_what_came_in_any_order_and_by_any_way_looks_the_same(
    tmp_path_factory: pytest.TempPathFactory, sayings: list[Saying], seeds: tuple[int, int], ways: list[int], lost: set[int]
) -> None:
    said = [record for place, record in enumerate(records_of(sayings)) if place not in lost]
    conversations = []
    for seed in seeds:
        reader = Reader(tmp_path_factory.mktemp("reader"))
        reader.hear(random.Random(seed).sample(said, len(said)), ways if seed == seeds[0] else ways[::-1])
        patch = pytest.MonkeyPatch()
        patch.setattr("chat.conversation.PAGE", 3)
        conversation = reader.conversation()
        shown = reader.on_screen()
        assert {message.key for message in conversation} == {record.key for record in said if isinstance(record.body, Text | Reply)}
        assert [message.order for message in conversation] == sorted(message.order for message in conversation)
        assert {key: look(message) for key, message in shown.items()} == {message.key: look(message) for message in conversation}
        if conversation:
            assert reader.conversation_forwards(conversation[0]) == conversation
        patch.undo()
        reader.history.close()
        conversations.append(conversation)
    assert conversations[0] == conversations[1]


def test_a_conversation_looks_the_same_after_a_restart(tmp_path: Path) -> None:
    chance = random.Random(7)
    sayings = [Saying(chance.randrange(4), chance.randrange(8), chance.randrange(60), chance.randrange(50), fork=False) for _ in range(150)]
    reader = Reader(tmp_path)
    reader.hear(chance.sample(said := records_of(sayings), len(said)), [0, 1, 2])
    before = reader.conversation()
    reader.visit.close(forget_unsent=False)
    assert len(before) > 30
    assert any(message.edited for message in before)
    assert any(message.reactions for message in before)
    assert Reader(tmp_path).conversation() == before
