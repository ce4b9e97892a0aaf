"""Records: what members say for good. Each is signed by its device, numbered, and names the record before it.

    token     = Fernet(messages key, padded(sealed content))
    content   = MessagePack [record bytes, signature]
    record    = MessagePack [version, device key, sequence, hash of the previous record, clock, body]
    body      = MessagePack [kind, field, ...]
    signature = Ed25519 over "mqtt-chat/1/record" + room (16 bytes) + record bytes

The signed bytes are kept and passed on as they came. A body of an unknown kind is a valid record; a body may have more fields than
this version knows, which are ignored.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from chat.protocol.clock import LARGEST
from chat.protocol.faults import Fault, PacketError
from chat.protocol.identity import DeviceKey
from chat.protocol.limits import NAME_BYTES, TEXT_BYTES
from chat.protocol.names import is_normal_name
from chat.protocol.signed import VERSION, Number, PublicKey, Unknown, Version, open_signed, read_body, sign_content

PURPOSE: Final = b"record"
HASH_BYTES: Final = 32
NO_RECORD: Final = bytes(HASH_BYTES)
"""Stands for the previous record in a device's first one."""


class Text(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """Something said."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_BYTES)]


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """The name this device goes by from now on."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_BYTES)]


class Envelope(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The fields of a record that are signed together with its body."""

    version: Version
    device: PublicKey
    sequence: Number
    previous: Annotated[bytes, msgspec.Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]
    clock: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
    body: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Record:
    """A verified record. `hash` is SHA-256 of its signed bytes, `packet` those bytes with the signature, as a token holds them."""

    device: bytes
    sequence: int
    previous: bytes
    clock: int
    body: Text | Hello | Unknown
    hash: bytes
    packet: bytes

    @property
    def key(self) -> str:
        """The record's name everywhere: the first 16 bytes of its hash, in hex."""
        return self.hash[:16].hex()


_ENVELOPE: Final = msgspec.msgpack.Decoder(Envelope)
_BODY: Final = msgspec.msgpack.Decoder(Text | Hello)
_KINDS: Final = frozenset({1, 2})


def make_record(key: DeviceKey, room: bytes, sequence: int, previous: bytes, clock: int, body: Text | Hello) -> Record:
    """Sign the next record of a device."""
    raw = msgspec.Raw(msgspec.msgpack.encode(body))
    content, packet = sign_content(key, PURPOSE, room, Envelope(VERSION, key.public, sequence, previous, clock, raw))
    return Record(key.public, sequence, previous, clock, body, hashlib.sha256(content).digest(), packet)


def read_record(packet: bytes, room: bytes) -> Record:
    """Verify what a token of the channel for records held. Raises `PacketError` with the fault that was found first."""
    envelope, content = open_signed(packet, PURPOSE, room, _ENVELOPE)
    body: Text | Hello | Unknown = read_body(envelope.body, _BODY, _KINDS)
    if isinstance(body, Text) and len(body.text.encode()) > TEXT_BYTES:
        raise PacketError(Fault.LIMIT)
    if isinstance(body, Hello) and not is_normal_name(body.name):
        raise PacketError(Fault.SHAPE)
    return Record(
        device=envelope.device,
        sequence=envelope.sequence,
        previous=envelope.previous,
        clock=envelope.clock,
        body=body,
        hash=hashlib.sha256(content).digest(),
        packet=packet,
    )
