"""Control packets: what is true only now. They are signed and counted, and nobody keeps them.

    token     = Fernet(control key, padded(sealed content))
    content   = MessagePack [control bytes, signature]
    control   = MessagePack [version, device key, counter, body]
    signature = Ed25519 over "mqtt-chat/1/control" + room (16 bytes) + control bytes

A device's counter only rises, and a packet whose counter does not is dropped. Its upper half numbers the device's connections, its
lower half the packets of one connection. The will of a connection is a sealed `Gone` with the last counter of that connection: it
beats everything the connection said, and nothing the next one says, however late the broker publishes it.
"""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from chat.protocol.faults import Fault, PacketError
from chat.protocol.identity import DeviceKey
from chat.protocol.limits import NAME_BYTES
from chat.protocol.names import is_normal_name
from chat.protocol.signed import VERSION, Number, PublicKey, Unknown, Version, open_signed, read_body, sign_content

PURPOSE: Final = b"control"
PACKETS_PER_CONNECTION: Final = 1 << 32


class Here(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """This device is connected and goes by this name; with `asks`, the others are to say who they are too."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_BYTES)]
    asks: bool


class Gone(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """This device has left, or its connection broke (the broker then publishes it as the will)."""


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
    body: Here | Gone | Unknown


_ENVELOPE: Final = msgspec.msgpack.Decoder(Envelope)
_BODY: Final = msgspec.msgpack.Decoder(Here | Gone)
_KINDS: Final = frozenset({1, 2})


def last_counter(connection: int) -> int:
    """The counter of the will of the connection with this number."""
    return connection * PACKETS_PER_CONNECTION + PACKETS_PER_CONNECTION - 1


def make_control(key: DeviceKey, room: bytes, counter: int, body: Here | Gone) -> bytes:
    """Sign a control packet; the result goes into a token."""
    raw = msgspec.Raw(msgspec.msgpack.encode(body))
    return sign_content(key, PURPOSE, room, Envelope(VERSION, key.public, counter, raw))[1]


def read_control(packet: bytes, room: bytes) -> Control:
    """Verify what a token of the control channel held. Raises `PacketError` with the fault that was found first."""
    envelope, _ = open_signed(packet, PURPOSE, room, _ENVELOPE)
    body: Here | Gone | Unknown = read_body(envelope.body, _BODY, _KINDS)
    if isinstance(body, Here) and not is_normal_name(body.name):
        raise PacketError(Fault.SHAPE)
    return Control(envelope.device, envelope.counter, body)
