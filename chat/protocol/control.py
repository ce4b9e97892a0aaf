"""Control packets: what is true only now. They are signed and counted, and nobody keeps them.

    token     = Fernet(control key, padded(sealed content))
    content   = MessagePack [control bytes, signature]
    control   = MessagePack [version, device key, counter, body]
    signature = Ed25519 over "mqtt-chat/1/control" + room (16 bytes) + control bytes

A device's counter only rises, and a packet whose counter does not is dropped. Its upper part numbers the device's connections, its
lower 24 bits the packets of one connection. The will of a connection is a sealed `Gone` with the last counter of that connection: it
beats everything the connection said, and nothing the next one says, however late the broker publishes it.
"""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from chat.protocol.faults import Fault, PacketError
from chat.protocol.identity import KEY_BYTES, DeviceKey
from chat.protocol.limits import (
    BUNDLE_BYTES,
    FILE_SPANS,
    FORKED_NUMBERS,
    FORKS,
    HAVE_SPANS,
    MOST_CHUNKS,
    NAME_BYTES,
    RECEIPT_DEVICES,
    RECORD_BYTES,
    WANT_RECORDS,
)
from chat.protocol.names import is_normal_name
from chat.protocol.records import HASH_BYTES, ID_BYTES
from chat.protocol.signed import VERSION, Number, PublicKey, Unknown, Version, open_signed, read_body, sign_content
from chat.protocol.spans import are_spans, size

PURPOSE: Final = b"control"
PACKETS_PER_CONNECTION: Final = 1 << 24
LAST_CONNECTION: Final = 1 << 36
"""A wrong clock, in seconds, can't lead to a higher connection number, so that counters do not run out."""

HashBytes = Annotated[bytes, msgspec.Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]
ChunkNumber = Annotated[int, msgspec.Meta(ge=0, lt=MOST_CHUNKS)]
Ids = Annotated[list[Annotated[bytes, msgspec.Meta(min_length=ID_BYTES, max_length=ID_BYTES)]], msgspec.Meta(max_length=FORKS)]


class Here(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """This device is connected and goes by this name; with `asks`, the others are to say who they are too."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_BYTES)]
    asks: bool


class Gone(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """This device has left, or its connection broke (the broker then publishes it as the will)."""


class Receipt(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """Of each of these devices, the last run of sequence numbers without a gap that arrived here: (device, first, last)."""

    received: Annotated[list[tuple[PublicKey, Number, Number]], msgspec.Meta(max_length=RECEIPT_DEVICES)]


class Digest(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """What this device has seen, in one number (`ledger.Ledger.digest`)."""

    digest: HashBytes


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What a member has seen of one device, and from which number on it can pass that on. `top` is the id of the highest one."""

    device: PublicKey
    seen: Annotated[list[tuple[Number, Number]], msgspec.Meta(max_length=HAVE_SPANS)]
    kept_from: Number
    top: Annotated[bytes, msgspec.Meta(max_length=ID_BYTES)]
    forks: Annotated[list[tuple[Number, Ids]], msgspec.Meta(max_length=FORKED_NUMBERS)]


class Have(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """What this device has seen of all devices whose keys are from `low` to `high`; of the listed ones only if those are empty."""

    digest: HashBytes
    low: Annotated[bytes, msgspec.Meta(max_length=KEY_BYTES)]
    high: Annotated[bytes, msgspec.Meta(max_length=KEY_BYTES)]
    entries: list[Entry]


class Want(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """Asks for records by device and number, at most `WANT_RECORDS` in all."""

    wanted: Annotated[list[tuple[PublicKey, list[tuple[Number, Number]]]], msgspec.Meta(max_length=WANT_RECORDS)]


class Bundle(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """Records passed on, as the packets that tokens hold."""

    packets: Annotated[list[bytes], msgspec.Meta(max_length=WANT_RECORDS)]


class Typing(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """Somebody is writing a message at this device."""


class Holding(msgspec.Struct, frozen=True, array_like=True, tag=9):
    """Which chunks of a file this device holds, as spans of chunk numbers from 0 up, in order and with gaps between.

    `transfer` is the id of the record that offers the file. With `wants`, the person here accepted it and the rest is wanted; with
    `asks`, the others who have to do with this file are to say what they hold.
    """

    transfer: Annotated[bytes, msgspec.Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    held: Annotated[list[tuple[ChunkNumber, ChunkNumber]], msgspec.Meta(max_length=FILE_SPANS)]
    wants: bool
    asks: bool


Body = Here | Gone | Receipt | Digest | Have | Want | Bundle | Typing | Holding


class Envelope(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The fields of a control packet that are signed together with its body."""

    version: Version
    device: PublicKey
    counter: Number
    body: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Control:
    """A verified control packet."""

    device: bytes
    counter: int
    body: Body | Unknown


_ENVELOPE: Final = msgspec.msgpack.Decoder(Envelope)
_BODY: Final = msgspec.msgpack.Decoder(Body)
_KINDS: Final = frozenset(range(1, 10))
_LARGEST: Final = BUNDLE_BYTES + RECORD_BYTES


def last_counter(connection: int) -> int:
    """The counter of the will of the connection with this number."""
    return connection * PACKETS_PER_CONNECTION + PACKETS_PER_CONNECTION - 1


def make_control(key: DeviceKey, room: bytes, counter: int, body: Body) -> bytes:
    """Sign a control packet; the result goes into a token."""
    raw = msgspec.Raw(msgspec.msgpack.encode(body))
    return sign_content(key, PURPOSE, room, Envelope(VERSION, key.public, counter, raw))[1]


def read_control(packet: bytes, room: bytes) -> Control:
    """Verify what a token of the control channel held. Raises `PacketError` with the fault that was found first."""
    envelope, _ = open_signed(packet, PURPOSE, room, _ENVELOPE, _LARGEST)
    body: Body | Unknown = read_body(envelope.body, _BODY, _KINDS)
    if not _is_valid(body):
        raise PacketError(Fault.SHAPE)
    return Control(envelope.device, envelope.counter, body)


def _is_valid(body: Body | Unknown) -> bool:
    match body:
        case Here(name):
            return is_normal_name(name)
        case Have(entries=entries):
            return all(are_spans(entry.seen) for entry in entries)
        case Want(wanted):
            return all(are_spans(spans) for _, spans in wanted) and sum(size(spans) for _, spans in wanted) <= WANT_RECORDS
        case Receipt(received):
            return all(first <= last for _, first, last in received)
        case Holding(held=held):
            # Chunks are counted from 0, and what `are_spans` judges from 1.
            return are_spans([(first + 1, last + 1) for first, last in held])
        case _:
            return True
