"""The chunks of a file as they travel, each on its own, on the topic of their transfer.

    token   = Fernet(transfer key, sealed content), not padded to a step
    content = MessagePack [version, transfer id, chunk number, proof, data]

A chunk is not signed: the signed offer names the root of the tree over all chunks (`chat.protocol.merkle`), and the proof leads from this
chunk to it. So it counts the same whoever passed it on.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from chat.address import TOPIC_BYTES
from chat.encryption import BulkCipher, expand, token_length
from chat.protocol.faults import Fault, PacketError
from chat.protocol.limits import CHUNK_BYTES, CHUNK_STEP, MOST_CHUNKS
from chat.protocol.merkle import NODE_BYTES
from chat.protocol.records import ID_BYTES, FileOffer
from chat.protocol.signed import VERSION, Version, decode

_PROOF_BYTES: Final = NODE_BYTES * (MOST_CHUNKS - 1).bit_length()
_FRAME_BYTES: Final = 1 + 1 + (2 + ID_BYTES) + 3 + 3 + 3
"""The most that MessagePack needs around proof and data."""
_TOPIC_BYTES: Final = TOPIC_BYTES + 1 + 26 + len("/f/") + 2 * ID_BYTES
_MQTT_BYTES: Final = 32
"""Room for what MQTT puts around topic and payload: a fixed header, a packet identifier, properties."""


class _Content(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: Version
    transfer: Annotated[bytes, msgspec.Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    index: Annotated[int, msgspec.Meta(ge=0, lt=MOST_CHUNKS)]
    proof: Annotated[bytes, msgspec.Meta(max_length=_PROOF_BYTES)]
    data: Annotated[bytes, msgspec.Meta(max_length=CHUNK_BYTES)]


_CONTENT: Final = msgspec.msgpack.Decoder(_Content)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a file, and what leads from it to the root of the file's tree; whether it does is not checked yet."""

    index: int
    proof: bytes = field(repr=False)
    data: bytes = field(repr=False)


def chunk_count(size: int, chunk_bytes: int) -> int:
    """Into how many chunks a file of `size` bytes is cut; an empty file is one empty chunk."""
    return max(1, -(-size // chunk_bytes))


def chunk_range(size: int, chunk_bytes: int, index: int) -> tuple[int, int]:
    """Where a chunk begins in the file, and where it ends: the offset after its last byte."""
    return index * chunk_bytes, min(size, (index + 1) * chunk_bytes)


def chunk_bytes_for(packet_limit: int | None) -> int:
    """How long chunks are to be for a broker that takes packets up to this size (None: any size): at most `CHUNK_BYTES`, and a multiple
    of `CHUNK_STEP`. Never less than that, though such a chunk may not get through."""
    if packet_limit is None:
        return CHUNK_BYTES
    spare = packet_limit - _TOPIC_BYTES - _MQTT_BYTES
    step = CHUNK_BYTES
    while step > CHUNK_STEP and token_length(_FRAME_BYTES + _PROOF_BYTES + step) > spare:
        step -= CHUNK_STEP
    return step


class ChunkCipher:
    """Seals and opens the chunks of one offer, whose record has this id."""

    def __init__(self, offer: FileOffer, id: bytes) -> None:  # noqa: A002 (as everywhere: the id of a record)
        self._offer, self._id = offer, id
        self._count = chunk_count(offer.size, offer.chunk)
        proof = NODE_BYTES * (self._count - 1).bit_length()
        self._largest = token_length(_FRAME_BYTES + proof + min(offer.size, offer.chunk))
        self._cipher = BulkCipher(expand(offer.key, b"file chunk" + id, 32))

    def seal(self, index: int, proof: bytes, data: bytes) -> bytes:
        """A fresh token for a chunk."""
        return self._cipher.seal(msgspec.msgpack.encode(_Content(VERSION, self._id, index, proof, data)))

    def open(self, token: bytes) -> Chunk:
        """The chunk in a token. Raises `TokenError` for what is no token of this transfer, larger ones unseen, and `PacketError` for what
        can't be a chunk of this file."""
        content = decode(_CONTENT, self._cipher.open(token, self._largest))
        if content.version != VERSION:
            raise PacketError(Fault.VERSION)
        if content.transfer != self._id or content.index >= self._count:
            raise PacketError(Fault.SHAPE)
        start, end = chunk_range(self._offer.size, self._offer.chunk, content.index)
        if len(content.data) != end - start:
            raise PacketError(Fault.SHAPE)
        return Chunk(content.index, content.proof, content.data)
