"""The Merkle tree over a file's chunks, so that each chunk can be verified by itself, whoever it comes from (RFC 9162, section 2.1)."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, Self

HASH_BYTES: Final = 32
_UNKNOWN: Final = bytes(HASH_BYTES)


def leaf_hash(data: bytes) -> bytes:
    """The hash of one chunk."""
    return hashlib.sha256(b"\0" + data).digest()


def tree_bytes(count: int) -> int:
    """How long the nodes of a tree over `count` chunks are together."""
    return HASH_BYTES * sum(_widths(count))


class Tree:
    """A tree of which at least the root is known. `nodes` has the hashes of all nodes, the leaves first, then level after level; those
    that are not known are zeros."""

    def __init__(self, count: int, root: bytes, nodes: bytearray | None = None) -> None:
        self.count, self.root = count, root
        self._starts: list[tuple[int, int]] = []
        """Where each level begins, and how many nodes it has."""
        start = 0
        for width in _widths(count):
            self._starts.append((start, width))
            start += width
        self.nodes = bytearray(HASH_BYTES * start) if nodes is None else nodes
        self._set(start - 1, root)

    @classmethod
    def of(cls, leaves: Sequence[bytes]) -> Self:
        """The whole tree over these hashes of chunks."""
        level, nodes = list(leaves), bytearray(b"".join(leaves))
        while len(level) > 1:
            pairs = [_node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
            # The last one without a neighbour goes up as it is, which gives the shape of the RFC.
            level = pairs + level[len(level) - len(level) % 2 :]
            nodes += b"".join(level)
        return cls(len(leaves), level[0], nodes)

    def leaf(self, index: int) -> bytes | None:
        """The hash of a chunk, if it is known."""
        known = self._get(index)
        return None if known == _UNKNOWN else known

    def proof(self, index: int) -> bytes:
        """The hashes beside the way from a chunk to the root, the lowest first. Raises `LookupError` if one is not known."""
        proof = b"".join(self._get(place) for _own, place, _is_left in self._way(index))
        if _UNKNOWN in (proof[start : start + HASH_BYTES] for start in range(0, len(proof), HASH_BYTES)):
            raise LookupError(index)
        return proof

    def add(self, index: int, leaf: bytes, proof: bytes) -> tuple[int, ...] | None:
        """Learn the hash of a chunk and those of its proof. Gives the places of the nodes that are new, None if it is no proof."""
        way = list(self._way(index)) if 0 <= index < self.count else None
        if way is None or len(proof) != HASH_BYTES * len(way):
            return None
        found, value = {index: leaf}, leaf
        for number, (own, beside, is_left) in enumerate(way):
            sibling = proof[HASH_BYTES * number : HASH_BYTES * (number + 1)]
            found[own], found[beside] = value, sibling
            value = _node_hash(sibling, value) if is_left else _node_hash(value, sibling)
        if value != self.root:
            return None
        new = tuple(place for place in found if self._get(place) == _UNKNOWN)
        for place in new:
            self._set(place, found[place])
        return new

    def _way(self, index: int) -> Iterator[tuple[int, int, bool]]:
        """From a leaf to the root: the place of the node, that of its neighbour, and whether the neighbour is to the left."""
        for start, width in self._starts[:-1]:
            beside = index ^ 1
            if beside < width:
                yield start + index, start + beside, beside < index
            index //= 2

    def _get(self, place: int) -> bytes:
        return bytes(self.nodes[HASH_BYTES * place : HASH_BYTES * (place + 1)])

    def _set(self, place: int, value: bytes) -> None:
        self.nodes[HASH_BYTES * place : HASH_BYTES * (place + 1)] = value


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _widths(count: int) -> Iterator[int]:
    yield count
    while count > 1:
        count = (count + 1) // 2
        yield count
