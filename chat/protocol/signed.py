"""The shape that records and control packets share: MessagePack that has one encoding, signed by the device it names."""

from dataclasses import dataclass
from typing import Annotated, Final, Protocol, TypeVar

import msgspec

from chat.protocol.clock import LARGEST
from chat.protocol.faults import Fault, PacketError
from chat.protocol.identity import KEY_BYTES, SIGNATURE_BYTES, DeviceKey, check_signature

VERSION: Final = 1

Version = Annotated[int, msgspec.Meta(ge=1)]
PublicKey = Annotated[bytes, msgspec.Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
Number = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]

_Shape = TypeVar("_Shape")


class Envelope(Protocol):
    """What the signed bytes of every packet begin with."""

    @property
    def version(self) -> int: ...
    @property
    def device(self) -> bytes: ...


_Envelope = TypeVar("_Envelope", bound=Envelope)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A kind of body that a newer version brought."""

    kind: int


class _Signed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    content: bytes
    signature: Annotated[bytes, msgspec.Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class _Kind(msgspec.Struct, array_like=True):
    kind: int


_SIGNED: Final = msgspec.msgpack.Decoder(_Signed)
_KIND: Final = msgspec.msgpack.Decoder(_Kind)


def sign_content(key: DeviceKey, purpose: bytes, room: bytes, envelope: msgspec.Struct) -> tuple[bytes, bytes]:
    """Encode and sign an envelope. Gives the signed bytes and the packet: those bytes with their signature."""
    content = msgspec.msgpack.encode(envelope)
    return content, msgspec.msgpack.encode(_Signed(content, key.sign(purpose, room, content)))


def open_signed(
    packet: bytes, purpose: bytes, room: bytes, decoder: msgspec.msgpack.Decoder[_Envelope], largest: int
) -> tuple[_Envelope, bytes]:
    """Verify a packet of up to `largest` bytes. Gives the envelope and the signed bytes, or raises `PacketError` with the first fault."""
    if len(packet) > largest:
        raise PacketError(Fault.LIMIT)
    signed = _decode_only_encoding(_SIGNED, packet)
    envelope = _decode_only_encoding(decoder, signed.content)
    if envelope.version != VERSION:
        raise PacketError(Fault.VERSION)
    check_signature(envelope.device, purpose, room, signed.content, signed.signature)
    return envelope, signed.content


def reopen_signed(packet: bytes, decoder: msgspec.msgpack.Decoder[_Envelope]) -> tuple[_Envelope, bytes]:
    """The envelope of a packet and its signed bytes, without verifying anything. Raises `PacketError`."""
    content = decode(_SIGNED, packet).content
    return decode(decoder, content), content


def read_body(raw: msgspec.Raw, decoder: msgspec.msgpack.Decoder[_Shape], known_kinds: frozenset[int]) -> _Shape | Unknown:
    """The body of an envelope; fields that this version does not know are ignored. Raises `PacketError(SHAPE)`."""
    kind = decode(_KIND, raw).kind
    return decode(decoder, raw) if kind in known_kinds else Unknown(kind)


def _decode_only_encoding(decoder: msgspec.msgpack.Decoder[_Shape], data: bytes) -> _Shape:
    shape = decode(decoder, data)
    if msgspec.msgpack.encode(shape) != data:
        raise PacketError(Fault.SHAPE)
    return shape


def decode(decoder: msgspec.msgpack.Decoder[_Shape], data: bytes | msgspec.Raw) -> _Shape:
    """What MessagePack stands for. Raises `PacketError(SHAPE)` if it is not of this shape."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise PacketError(Fault.SHAPE) from None
