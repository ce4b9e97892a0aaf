"""Chunks on the wire: what was sealed comes back, and nothing that is no chunk of this file does."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.encryption import BulkCipher, TokenError, expand
from chat.protocol.chunks import Chunk, ChunkCipher, chunk_bytes_for, chunk_count, chunk_range
from chat.protocol.faults import Fault, PacketError
from chat.protocol.limits import CHUNK_BYTES, CHUNK_STEP, LARGEST_FILE, MOST_CHUNKS, PACKET_BYTES
from chat.protocol.merkle import Tree, leaf_hash
from chat.protocol.records import FileOffer

ID = bytes(range(16))
KEY = b"k" * 32
FILE = bytes(range(256)) * 10


def offer_of(size: int, chunk: int = CHUNK_STEP, key: bytes = KEY) -> FileOffer:
    return FileOffer("file", size, "application/octet-stream", chunk, bytes(32), key)


OFFER = offer_of(len(FILE))
CHUNKS = ChunkCipher(OFFER, ID)
TOKEN = CHUNKS.seal(1, bytes(64), FILE[1024:2048])


def sealed(content: Any) -> bytes:
    """What somebody who has the offer may seal: anything."""
    return BulkCipher(expand(KEY, b"file chunk" + ID, 32)).seal(msgspec.msgpack.encode(content))


def fault_of(token: bytes) -> Fault | None:
    try:
        CHUNKS.open(token)
    except PacketError as error:
        return error.fault
    return None


@given(size=st.integers(0, 100_000), chunk=st.integers(1, 48).map(lambda steps: steps * CHUNK_STEP))
def test_the_chunks_are_the_whole_file(size: int, chunk: int) -> None:
    end = 0
    for index in range(chunk_count(size, chunk)):
        start, after = chunk_range(size, chunk, index)
        assert start == end
        assert after - start == chunk or index == chunk_count(size, chunk) - 1
        end = after
    assert end == size


def test_the_largest_file_fits_into_the_most_chunks() -> None:
    assert chunk_count(0, CHUNK_BYTES) == 1
    assert chunk_count(LARGEST_FILE, CHUNK_BYTES) == 43_691
    assert chunk_count(LARGEST_FILE, CHUNK_BYTES) <= MOST_CHUNKS


@settings(deadline=None)
@given(content=st.binary(max_size=9000), key=st.binary(min_size=32, max_size=32), id=st.binary(min_size=16, max_size=16))
def test_every_file_comes_back_in_chunks_that_lead_to_its_root(content: bytes, key: bytes, id: bytes) -> None:  # noqa: A002 (as in the code)
    count = chunk_count(len(content), CHUNK_STEP)
    parts = [content[slice(*chunk_range(len(content), CHUNK_STEP, index))] for index in range(count)]
    tree = Tree.of([leaf_hash(part) for part in parts])
    cipher, received, found = ChunkCipher(offer_of(len(content), key=key), id), Tree(count, tree.root), b""
    for index, part in enumerate(parts):
        chunk = cipher.open(cipher.seal(index, tree.proof(index), part))
        assert chunk == Chunk(index, tree.proof(index), part)
        assert received.add(chunk.index, leaf_hash(chunk.data), chunk.proof) is not None
        found += chunk.data
    assert found == content


@settings(max_examples=500)
@given(position=st.integers(0, len(TOKEN) - 1), change=st.integers(1, 255), garbage=st.binary(max_size=2000))
def test_what_is_no_token_of_this_transfer_is_refused(position: int, change: int, garbage: bytes) -> None:
    changed = bytearray(TOKEN)
    changed[position] ^= change
    for token in (bytes(changed), garbage, TOKEN[:position]):
        with pytest.raises(TokenError):
            CHUNKS.open(token)


@pytest.mark.parametrize("other", [ChunkCipher(OFFER, bytes(16)), ChunkCipher(offer_of(len(FILE), key=bytes(32)), ID)])
def test_chunks_can_t_be_moved_between_transfers(other: ChunkCipher) -> None:
    with pytest.raises(TokenError):
        other.open(TOKEN)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ([1, ID, 1, b"", bytes(1024)], None),
        ([1, ID, 2, b"", bytes(512)], None),
        ([2, ID, 1, b"", bytes(1024)], Fault.VERSION),
        ([1, bytes(16), 1, b"", bytes(1024)], Fault.SHAPE),
        ([1, ID[:15], 1, b"", bytes(1024)], Fault.SHAPE),
        ([1, ID, 3, b"", bytes(512)], Fault.SHAPE),
        ([1, ID, -1, b"", bytes(1024)], Fault.SHAPE),
        ([1, ID, 1, b"", bytes(1023)], Fault.SHAPE),
        ([1, ID, 2, b"", bytes(513)], Fault.SHAPE),
        ([1, ID, 0, b"", b""], Fault.SHAPE),
        ([1, ID, 1, b"", bytes(1024), 0], Fault.SHAPE),
        ([1, ID, 1, b""], Fault.SHAPE),
        ([1, ID, 1, "", bytes(1024)], Fault.SHAPE),
        ({}, Fault.SHAPE),
    ],
)
def test_what_can_t_be_a_chunk_of_this_file_is_refused(content: Any, fault: Fault | None) -> None:
    assert fault_of(sealed(content)) is fault


@pytest.mark.parametrize("size", [0, 1024, 2048])
def test_an_empty_chunk_after_the_last_is_refused(size: int) -> None:
    cipher = ChunkCipher(offer_of(size), ID)
    with pytest.raises(PacketError):
        cipher.open(cipher.seal(chunk_count(size, CHUNK_STEP), b"", b""))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=500)
@given(content=ANYTHING | st.tuples(st.just(1), st.just(ID), st.integers(-1, 4), ANYTHING, ANYTHING))
def test_anything_that_is_sealed_is_refused_as_one_fault(content: Any) -> None:
    assert fault_of(sealed(content)) in (Fault.SHAPE, Fault.VERSION)


def test_deep_nesting_is_refused() -> None:
    token = BulkCipher(expand(KEY, b"file chunk" + ID, 32)).seal(b"\x95\x01" + b"\x91" * 900 + b"\x01")
    assert fault_of(token) is Fault.SHAPE


@pytest.mark.parametrize(
    ("size", "chunk", "index"),
    [
        (0, CHUNK_STEP, 0),
        (1, CHUNK_BYTES, 0),
        (LARGEST_FILE, CHUNK_BYTES, 43_000),
        (MOST_CHUNKS * CHUNK_STEP, CHUNK_STEP, MOST_CHUNKS - 1),
    ],
)
def test_the_largest_token_of_an_offer_opens_and_a_larger_one_is_not_looked_at(size: int, chunk: int, index: int) -> None:
    cipher = ChunkCipher(offer_of(size, chunk), ID)
    start, end = chunk_range(size, chunk, index)
    proof = bytes(32 * (chunk_count(size, chunk) - 1).bit_length())
    token = cipher.seal(index, proof, bytes(end - start))
    assert cipher.open(token).index == index
    assert len(token) <= PACKET_BYTES
    with pytest.raises(TokenError, match="shape"):
        cipher.open(cipher.seal(index, proof, bytes(end - start + 32)))


def test_nothing_of_a_chunk_is_in_its_repr() -> None:
    assert repr(Chunk(3, b"proof", b"data")) == "Chunk(index=3)"


def packet_of(chunk: int, index: int) -> int:
    """The largest PUBLISH packet of a file in such chunks: a fixed header of 5 bytes, the topic and its length, a packet identifier,
    8 bytes of properties, and the token."""
    cipher = ChunkCipher(offer_of(MOST_CHUNKS * chunk, chunk), ID)
    topic = f"{'t' * 200}/{'a' * 26}/f/{ID.hex()}"
    return 5 + 2 + len(topic) + 2 + 8 + len(cipher.seal(index, bytes(16 * 32), bytes(chunk)))


@settings(deadline=None)
@given(limit=st.integers(3000, 60_000))
def test_a_chunk_is_as_long_as_the_broker_takes(limit: int) -> None:
    chunk = chunk_bytes_for(limit)
    assert CHUNK_STEP <= chunk <= CHUNK_BYTES
    assert chunk % CHUNK_STEP == 0
    assert packet_of(chunk, MOST_CHUNKS - 1) <= limit
    assert chunk == CHUNK_BYTES or packet_of(chunk + CHUNK_STEP, MOST_CHUNKS - 1) + 40 > limit


def test_chunks_for_brokers_without_and_with_hardly_a_limit() -> None:
    assert chunk_bytes_for(None) == chunk_bytes_for(268_435_455) == chunk_bytes_for(PACKET_BYTES) == CHUNK_BYTES
    assert chunk_bytes_for(0) == chunk_bytes_for(1000) == CHUNK_STEP
