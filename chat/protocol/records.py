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
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from chat.protocol.clock import LARGEST
from chat.protocol.faults import Fault, PacketError
from chat.protocol.identity import DeviceKey
from chat.protocol.limits import (
    CHUNK_BYTES,
    CHUNK_STEP,
    EMOJI_BYTES,
    FILE_NAME_BYTES,
    FILE_TYPE_LETTERS,
    LARGEST_FILE,
    MOST_CHUNKS,
    NAME_BYTES,
    RECORD_BYTES,
    TEXT_BYTES,
)
from chat.protocol.names import is_normal_name
from chat.protocol.signed import VERSION, Number, PublicKey, Unknown, Version, open_signed, read_body, reopen_signed, sign_content

PURPOSE: Final = b"record"
HASH_BYTES: Final = 32
ID_BYTES: Final = 16
NO_RECORD: Final = bytes(HASH_BYTES)
"""Stands for the previous record in a device's first one."""
MEDIA_TYPE: Final = r"\A[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z"
"""Two tokens (RFC 9110, section 5.6.2), for example image/png."""


class Text(msgspec.Struct, frozen=True, array_like=True, tag_field="kind", tag=1):
    """Something said."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_BYTES)]


class Hello(msgspec.Struct, frozen=True, array_like=True, tag_field="kind", tag=2):
    """The name this device goes by from now on."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_BYTES)]


class Reference(msgspec.Struct, frozen=True, array_like=True):
    """Names one record, so that it can be asked for and nothing else taken for it."""

    device: PublicKey
    sequence: Number
    id: Annotated[bytes, msgspec.Meta(min_length=ID_BYTES, max_length=ID_BYTES)]

    @property
    def key(self) -> str:
        """The id in hex, as `Record.key`."""
        return self.id.hex()


class Reply(msgspec.Struct, frozen=True, array_like=True, tag_field="kind", tag=3):
    """Something said in answer to a message."""

    target: Reference
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_BYTES)]


class Edit(msgspec.Struct, frozen=True, array_like=True, tag_field="kind", tag=4):
    """Another text for a message of the same device."""

    target: Reference
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_BYTES)]


class Retract(msgspec.Struct, frozen=True, array_like=True, tag_field="kind", tag=5):
    """Takes back a message of the same device."""

    target: Reference


class Reaction(msgspec.Struct, frozen=True, array_like=True, tag_field="kind", tag=6):
    """Puts an emoji under a message, or takes this device's own away."""

    target: Reference
    emoji: Annotated[str, msgspec.Meta(min_length=1, max_length=EMOJI_BYTES)]
    on: bool


class FileOffer(msgspec.Struct, frozen=True, array_like=True, tag_field="kind", tag=7):
    """Offers a file, whose chunks travel on a topic of their own.

    `name` is as its sender has it: any signs at all. `size` is in bytes, `type` the media type (RFC 9110, section 8.3.1), `chunk` how
    many bytes each chunk but the last has, `root` that of the tree over them (`chat.protocol.merkle`), `key` is new for each offer.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=FILE_NAME_BYTES)]
    size: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_FILE)]
    type: Annotated[str, msgspec.Meta(max_length=FILE_TYPE_LETTERS, pattern=MEDIA_TYPE)]
    chunk: Annotated[int, msgspec.Meta(ge=CHUNK_STEP, le=CHUNK_BYTES, multiple_of=CHUNK_STEP)]
    root: Annotated[bytes, msgspec.Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]
    key: Annotated[bytes, msgspec.Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]

    def __repr__(self) -> str:
        # Without the key, and without the name, which is nobody's but the room's.
        return f"FileOffer(size={self.size}, type={self.type!r}, chunk={self.chunk})"


Body = Text | Hello | Reply | Edit | Retract | Reaction | FileOffer
Said = Text | Reply | FileOffer | Unknown
"""The bodies of records that are messages: they have a place in the conversation."""


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
    body: Body | Unknown
    hash: bytes
    packet: bytes = field(repr=False)

    @property
    def id(self) -> bytes:
        """The record's name everywhere: the first 16 bytes of its hash."""
        return self.hash[:ID_BYTES]

    @property
    def key(self) -> str:
        """The id in hex."""
        return self.id.hex()

    @property
    def reference(self) -> Reference:
        """What other records call it."""
        return Reference(self.device, self.sequence, self.id)

    @property
    def target(self) -> Reference | None:
        """The record that this one is about."""
        return self.body.target if isinstance(self.body, Reply | Edit | Retract | Reaction) else None

    @property
    def text(self) -> str | None:
        """The words in it that people read and search for, of a file its name; None if it can't have any."""
        match self.body:
            case Text(text=text) | Reply(text=text) | Edit(text=text) | FileOffer(name=text):
                return text
            case _:
                return None


_ENVELOPE: Final = msgspec.msgpack.Decoder(Envelope)
_BODY: Final = msgspec.msgpack.Decoder(Body)
_KINDS: Final = frozenset(range(1, 8))


def make_record(key: DeviceKey, room: bytes, sequence: int, previous: bytes, clock: int, body: Body) -> Record:
    """Sign the next record of a device."""
    raw = msgspec.Raw(msgspec.msgpack.encode(body))
    content, packet = sign_content(key, PURPOSE, room, Envelope(VERSION, key.public, sequence, previous, clock, raw))
    return Record(key.public, sequence, previous, clock, body, hashlib.sha256(content).digest(), packet)


def read_record(packet: bytes, room: bytes) -> Record:
    """Verify what a token of the channel for records held. Raises `PacketError` with the fault that was found first."""
    return _record(packet, *open_signed(packet, PURPOSE, room, _ENVELOPE, RECORD_BYTES))


def reread_record(packet: bytes) -> Record:
    """A record that was verified before it was kept. Raises `PacketError` if a newer version of this program kept it."""
    return _record(packet, *reopen_signed(packet, _ENVELOPE))


def _record(packet: bytes, envelope: Envelope, content: bytes) -> Record:
    return Record(
        device=envelope.device,
        sequence=envelope.sequence,
        previous=envelope.previous,
        clock=envelope.clock,
        body=_checked(read_body(envelope.body, _BODY, _KINDS)),
        hash=hashlib.sha256(content).digest(),
        packet=packet,
    )


def _checked(body: Body | Unknown) -> Body | Unknown:
    """A body, if it keeps to the limits that its shape can't tell."""
    if isinstance(body, Text | Reply | Edit) and len(body.text.encode()) > TEXT_BYTES:
        raise PacketError(Fault.LIMIT)
    if isinstance(body, Reaction) and len(body.emoji.encode()) > EMOJI_BYTES:
        raise PacketError(Fault.LIMIT)
    if isinstance(body, Hello) and not is_normal_name(body.name):
        raise PacketError(Fault.SHAPE)
    if isinstance(body, FileOffer) and (len(body.name.encode()) > FILE_NAME_BYTES or body.size > MOST_CHUNKS * body.chunk):
        raise PacketError(Fault.LIMIT)
    return body


def check_offer(offer: FileOffer) -> FileOffer:
    """The offer, if others would take it. Raises `PacketError` otherwise."""
    body = _checked(read_body(msgspec.Raw(msgspec.msgpack.encode(offer)), _BODY, _KINDS))
    if not isinstance(body, FileOffer):
        raise PacketError(Fault.SHAPE)
    return body


def peek_record(packet: bytes) -> tuple[bytes, int]:
    """The device and the number that a packet claims, without verifying anything. Raises `PacketError`."""
    if len(packet) > RECORD_BYTES:
        raise PacketError(Fault.LIMIT)
    envelope, _ = reopen_signed(packet, _ENVELOPE)
    return envelope.device, envelope.sequence
