"""Records and control packets: what is taken, and that every change of any field is refused with the fault it should be."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chat.protocol import control, records
from chat.protocol.control import Gone, Here, last_counter, make_control, read_control
from chat.protocol.faults import Fault, PacketError
from chat.protocol.identity import DeviceKey
from chat.protocol.limits import BUNDLE_BYTES, NAME_BYTES, RECORD_BYTES, TEXT_BYTES
from chat.protocol.records import NO_RECORD, Hello, Text, make_record, read_record
from chat.protocol.signed import Unknown

ROOM = bytes(range(16))
KEY = DeviceKey(bytes(range(32)))
OTHER = DeviceKey(bytes(32))
RECORD = make_record(KEY, ROOM, 3, bytes(range(32)), 7 << 16, Text("good morning"))
CONTROL = make_control(KEY, ROOM, last_counter(2), Here("Ada", asks=True))

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8) | st.binary(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def fault_of(read: Any, packet: bytes) -> Fault | None:
    try:
        read(packet, ROOM)
    except PacketError as error:
        return error.fault
    return None


def split(packet: bytes) -> tuple[list[Any], bytes]:
    content, signature = msgspec.msgpack.decode(packet)
    return msgspec.msgpack.decode(content), signature


def sign(fields: Any, purpose: bytes, key: DeviceKey = KEY) -> bytes:
    """A packet that its author signed over whatever it likes: what a member of the room can send."""
    content = msgspec.msgpack.encode(fields)
    return msgspec.msgpack.encode([content, key.sign(purpose, ROOM, content)])


def test_a_record_is_read_as_it_was_made() -> None:
    assert read_record(RECORD.packet, ROOM) == RECORD
    assert RECORD.key == RECORD.hash[:16].hex()


def test_a_control_packet_is_read_as_it_was_made() -> None:
    read = read_control(CONTROL, ROOM)
    assert (read.device, read.counter, read.body) == (KEY.public, last_counter(2), Here("Ada", asks=True))
    assert read_control(make_control(KEY, ROOM, 1, Gone()), ROOM).body == Gone()


@given(text=st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable()))
def test_any_text_comes_back(text: str) -> None:
    assert read_record(make_record(KEY, ROOM, 1, NO_RECORD, 0, Text(text)).packet, ROOM).body == Text(text)


@settings(max_examples=4000)
@given(position=st.integers(0, len(RECORD.packet) - 1), change=st.integers(1, 255))
def test_a_record_changed_in_any_byte_is_refused(position: int, change: int) -> None:
    packet = bytearray(RECORD.packet)
    packet[position] ^= change
    assert fault_of(read_record, bytes(packet)) in {Fault.SHAPE, Fault.SIGNATURE, Fault.VERSION, Fault.KEY}


@settings(max_examples=3000)
@given(field=st.integers(0, 5), value=ANYTHING)
def test_a_record_field_changed_after_signing_is_refused(field: int, value: Any) -> None:
    fields, signature = split(RECORD.packet)
    assume(msgspec.msgpack.encode(fields[field]) != msgspec.msgpack.encode(value))
    fields[field] = value
    fault = fault_of(read_record, msgspec.msgpack.encode([msgspec.msgpack.encode(fields), signature]))
    assert fault is expected_record_fault(field, value)


def expected_record_fault(field: int, value: Any) -> Fault:
    """The fault that protocol.md names for a record with `value` in `field` and a signature that does not fit."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    right_shape = {
        0: whole and value >= 1,
        1: isinstance(value, bytes) and len(value) == 32,
        2: whole and 1 <= value < 2**63,
        3: isinstance(value, bytes) and len(value) == 32,
        4: whole and 0 <= value < 2**63,
        5: True,
    }[field]
    if not right_shape:
        return Fault.SHAPE
    if field == 0:
        return Fault.VERSION
    if field == 1:
        y = int.from_bytes(value, "little") % 2**255
        return Fault.KEY if y in (0, 1) or y >= 2**255 - 20 else Fault.SIGNATURE
    return Fault.SIGNATURE


@settings(max_examples=2000)
@given(field=st.integers(0, 3), value=ANYTHING)
def test_a_control_field_changed_after_signing_is_refused(field: int, value: Any) -> None:
    fields, signature = split(CONTROL)
    assume(msgspec.msgpack.encode(fields[field]) != msgspec.msgpack.encode(value))
    fields[field] = value
    fault = fault_of(read_control, msgspec.msgpack.encode([msgspec.msgpack.encode(fields), signature]))
    assert fault is expected_record_fault({0: 0, 1: 1, 2: 2, 3: 5}[field], value)


@settings(max_examples=3000)
@given(body=ANYTHING)
def test_a_body_that_its_author_made_up_is_refused_or_unknown(body: Any) -> None:
    fields, _ = split(RECORD.packet)
    fields[5] = body
    packet = sign(fields, records.PURPOSE)
    fault = fault_of(read_record, packet)
    assert fault in {None, Fault.SHAPE, Fault.LIMIT}
    if fault is None:
        read = read_record(packet, ROOM).body
        assert isinstance(body, list)
        assert isinstance(read, Unknown if body[0] not in (1, 2) else Text | Hello)


@settings(max_examples=2000)
@given(garbage=st.binary(max_size=300))
def test_garbage_is_refused(garbage: bytes) -> None:
    assert fault_of(read_record, garbage) is Fault.SHAPE
    assert fault_of(read_control, garbage) is Fault.SHAPE


def test_nothing_can_be_moved_between_rooms_or_channels() -> None:
    with pytest.raises(PacketError) as moved:
        read_record(RECORD.packet, bytes(16))
    assert moved.value.fault is Fault.SIGNATURE
    fields, _ = split(CONTROL)
    assert fault_of(read_control, sign(fields, records.PURPOSE)) is Fault.SIGNATURE
    fields, _ = split(RECORD.packet)
    assert fault_of(read_record, sign(fields, control.PURPOSE)) is Fault.SIGNATURE


def test_nobody_can_speak_for_another_device() -> None:
    fields, _ = split(RECORD.packet)
    assert fault_of(read_record, sign(fields, records.PURPOSE, OTHER)) is Fault.SIGNATURE


def test_another_encoding_of_the_same_fields_is_refused() -> None:
    content, signature = msgspec.msgpack.decode(RECORD.packet)
    assert fault_of(read_record, b"\xdc\x00\x02" + RECORD.packet[1:]) is Fault.SHAPE
    wider = b"\xdc\x00\x06" + content[1:]
    assert fault_of(read_record, msgspec.msgpack.encode([wider, KEY.sign(records.PURPOSE, ROOM, wider)])) is Fault.SHAPE
    assert fault_of(read_record, msgspec.msgpack.encode([content, signature, 0])) is Fault.SHAPE


def test_deep_nesting_is_refused() -> None:
    content, _ = msgspec.msgpack.decode(RECORD.packet)
    deep = content[: content.index(b"\x92\x01")] + b"\x91" * 20_000 + b"\x01"
    packet = msgspec.msgpack.encode([deep, KEY.sign(records.PURPOSE, ROOM, deep)])
    assert len(packet) <= RECORD_BYTES
    assert fault_of(read_record, packet) is Fault.SHAPE


def test_bodies_of_a_newer_version_are_kept() -> None:
    fields, _ = split(RECORD.packet)
    fields[5] = [77, {"any": ["thing"]}]
    assert read_record(sign(fields, records.PURPOSE), ROOM).body == Unknown(77)
    fields[5] = [1, "text", "a field of a newer version"]
    assert read_record(sign(fields, records.PURPOSE), ROOM).body == Text("text")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x" * TEXT_BYTES, None),
        ("å" * (TEXT_BYTES // 2), None),
        ("å" * (TEXT_BYTES // 2) + "x", Fault.LIMIT),
        ("x" * (TEXT_BYTES + 1), Fault.SHAPE),
    ],
)
def test_the_longest_text(text: str, fault: Fault | None) -> None:
    assert fault_of(read_record, make_record(KEY, ROOM, 1, NO_RECORD, 0, Text(text)).packet) is fault


def test_a_packet_over_the_limit_is_refused_before_it_is_read() -> None:
    assert fault_of(read_record, bytes(RECORD_BYTES + 1)) is Fault.LIMIT
    assert fault_of(read_control, bytes(RECORD_BYTES + BUNDLE_BYTES + 1)) is Fault.LIMIT


@pytest.mark.parametrize("name", ["", " Ada", "A\u202eda", "A\nda", "x" * (NAME_BYTES + 1), "e\u0301" + "\u0301" * 5, "Cafe\u0301"])
def test_names_that_are_not_in_their_one_form_are_refused(name: str) -> None:
    fields, _ = split(RECORD.packet)
    fields[5] = [2, name]
    assert fault_of(read_record, sign(fields, records.PURPOSE)) is Fault.SHAPE
    fields, _ = split(CONTROL)
    fields[3] = [1, name, False]
    assert fault_of(read_control, sign(fields, control.PURPOSE)) is Fault.SHAPE


def test_two_packets_spliced_are_refused() -> None:
    chance = random.Random(1)
    other = make_record(KEY, ROOM, 4, RECORD.hash, 8 << 16, Text("good night at all")).packet
    for _ in range(500):
        cut, paste = chance.randrange(1, len(RECORD.packet)), chance.randrange(1, len(other))
        spliced = RECORD.packet[:cut] + other[paste:]
        assert spliced in (RECORD.packet, other) or fault_of(read_record, spliced) is not None
