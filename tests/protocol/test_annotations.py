"""Edits, retractions and reactions: the same whatever the order of arrival, and only from those who may."""

from hypothesis import given
from hypothesis import strategies as st

from chat.protocol.annotations import annotate
from chat.protocol.identity import DeviceKey
from chat.protocol.limits import REACTIONS
from chat.protocol.records import NO_RECORD, Body, Edit, Reaction, Record, Reference, Retract, Text, make_record

ADA, BOB = DeviceKey(bytes(32)), DeviceKey(b"b" * 32)
ROOM = bytes(16)


def record(key: DeviceKey, number: int, body: Body) -> Record:
    return make_record(key, ROOM, number, NO_RECORD, 100 + number, body)


MESSAGE = record(ADA, 1, Text("first"))
TARGET = MESSAGE.reference
ABOUT = [
    record(ADA, 2, Edit(TARGET, "second")),
    record(ADA, 3, Edit(TARGET, "third")),
    record(BOB, 2, Edit(TARGET, "not mine to edit")),
    record(BOB, 3, Retract(TARGET)),
    record(BOB, 4, Reaction(TARGET, "👍", on=True)),
    record(ADA, 4, Reaction(TARGET, "👍", on=True)),
    record(ADA, 5, Reaction(TARGET, "🎉", on=True)),
    record(ADA, 6, Reaction(TARGET, "🎉", on=False)),
    record(ADA, 7, Edit(Reference(ADA.public, 99, bytes(16)), "of another message")),
]


@given(order=st.permutations(ABOUT), again=st.lists(st.sampled_from(ABOUT)))
def test_the_order_of_arrival_and_repetition_change_nothing(order: list[Record], again: list[Record]) -> None:
    seen = annotate(MESSAGE, {kept.id: kept for kept in (*order, *again)}.values())
    assert (seen.text, seen.edited, seen.retracted) == ("third", True, False)
    assert seen.reactions == {"👍": [ADA.public, BOB.public]} or seen.reactions == {"👍": [BOB.public, ADA.public]}
    assert seen == annotate(MESSAGE, ABOUT)


def test_what_is_taken_back_shows_nothing() -> None:
    seen = annotate(MESSAGE, [*ABOUT, record(ADA, 8, Retract(TARGET))])
    assert (seen.text, seen.edited, seen.retracted, seen.reactions) == ("", False, True, {})


def test_one_device_fills_a_message_with_a_few_reactions_only() -> None:
    many = [record(BOB, number, Reaction(TARGET, chr(0x1F600 + number), on=True)) for number in range(2, 40)]
    assert len(annotate(MESSAGE, many).reactions) == REACTIONS
