"""The chunks of a file, each in a token of its own on the file's topic.

    key     = HKDF-SHA256(the offer's key, info "mqtt-chat/1/file" + transfer)
    token   = Fernet(key, sealed content)
    content = MessagePack [version, transfer, index, proof, data]

So a token belongs to one place in one file. Whoever knows the offer could make one, which is why `proof` leads from the chunk to the root
in the signed offer (`merkle.py`).
"""

from typing import Annotated, Final

import msgspec

from chat.encryption import expand
from chat.protocol.faults import Fault, PacketError
from chat.protocol.limits import CHUNK_BYTES, CHUNK_STEP, PACKET_BYTES
from chat.protocol.merkle import HASH_BYTES
from chat.protocol.records import ID_BYTES, FileOffer
from chat.protocol.signed import VERSION
from chat.raw_fernet import RawFernet

PURPOSE: Final = b"file"
_OVERHEAD: Final = 2048
"""More than a token, a proof, the longest topic and MQTT's own properties add to a chunk."""


class _Content(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: Annotated[int, msgspec.Meta(ge=1)]
    transfer: Annotated[bytes, msgspec.Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    index: Annotated[int, msgspec.Meta(ge=0)]
    proof: bytes
    data: bytes


class Chunk(msgspec.Struct, frozen=True):
    """A part of a file, the `index`-th from 0, and what proves it."""

    index: int
    proof: bytes
    data: bytes


_CONTENT: Final = msgspec.msgpack.Decoder(_Content)


def chunk_count(size: int, chunk: int) -> int:
    """How many chunks of `chunk` bytes a file of `size` bytes has; an empty one has an empty chunk."""
    return max(1, -(-size // chunk))


def chunk_bytes_for(packet_bytes: int | None) -> int:
    """How large chunks may be for a broker that takes packets up to this size."""
    room = CHUNK_BYTES if packet_bytes is None else min(CHUNK_BYTES, packet_bytes - _OVERHEAD)
    return max(CHUNK_STEP, room - room % CHUNK_STEP)


class ChunkCipher:
    """Seals and opens the chunks of one file; `transfer` is the id of its offer."""

    def __init__(self, offer: FileOffer, transfer: bytes) -> None:
        self._offer, self._transfer = offer, transfer
        self._count = chunk_count(offer.size, offer.chunk)
        self._cipher = RawFernet(expand(offer.key, PURPOSE + transfer, 32))

    def seal(self, index: int, proof: bytes, data: bytes) -> bytes:
        """The token of a chunk."""
        return self._cipher.seal(msgspec.msgpack.encode(_Content(VERSION, self._transfer, index, proof, data)))

    def open(self, token: bytes) -> Chunk:
        """A chunk of the right length for its place, which is not proved yet. Raises `TokenError` or `PacketError`."""
        content = self._cipher.open(token, PACKET_BYTES)
        try:
            chunk = _CONTENT.decode(content)
        except msgspec.MsgspecError:
            raise PacketError(Fault.SHAPE) from None
        if chunk.version != VERSION:
            raise PacketError(Fault.VERSION)
        if chunk.transfer != self._transfer or chunk.index >= self._count or len(chunk.data) != self._length(chunk.index):
            raise PacketError(Fault.SHAPE)
        if len(chunk.proof) > HASH_BYTES * self._count.bit_length():
            raise PacketError(Fault.LIMIT)
        return Chunk(chunk.index, chunk.proof, chunk.data)

    def _length(self, index: int) -> int:
        return min(self._offer.chunk, self._offer.size - index * self._offer.chunk)
