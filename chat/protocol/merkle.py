"""The Merkle tree over the chunks of a file: with its root alone, every chunk can be checked on its own, whoever sent it.

The hashes are those of RFC 9162, section 2.1. The nodes are kept level after level, the leaves first and the root last, 32 bytes each;
of a level with an odd count the last node is also the last one of the level above. 32 zero bytes stand for a node that is not known.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

NODE_BYTES: Final = 32
_UNKNOWN: Final = bytes(NODE_BYTES)


def leaf_hash(data: bytes) -> bytes:
    """The hash of a chunk: a leaf of the tree."""
    return hashlib.sha256(b"\0" + data).digest()


def tree_bytes(count: int) -> int:
    """How many bytes the nodes of a tree with `count` leaves (1 or more) take."""
    return NODE_BYTES * sum(_levels(count))


class Tree:
    """The nodes that are known of the tree with this root. Whoever receives a file begins with the root alone.

    `nodes` are the known ones of earlier, as the property gave them; the tree goes on in them. Raises `ValueError` if they are of
    another number.
    """

    def __init__(self, count: int, root: bytes, nodes: bytearray | None = None) -> None:
        self._widths = _levels(count)
        self._nodes = bytearray(tree_bytes(count)) if nodes is None else nodes
        if len(self._nodes) != tree_bytes(count):
            raise ValueError("nodes of another tree")
        self._nodes[-NODE_BYTES:] = root

    @classmethod
    def of(cls, leaves: Sequence[bytes]) -> "Tree":
        """The whole tree over these leaves, one or more, as `leaf_hash` gives them."""
        nodes = bytearray()
        level = list(leaves)
        while True:
            nodes += b"".join(level)
            if len(level) == 1:
                return cls(len(leaves), level[0], nodes)
            above = [_join(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
            level = above + level[len(level) & ~1 :]

    @property
    def count(self) -> int:
        """How many leaves the tree has."""
        return self._widths[0]

    @property
    def root(self) -> bytes:
        """The hash that stands for all leaves in their order."""
        return bytes(self._nodes[-NODE_BYTES:])

    @property
    def nodes(self) -> bytearray:
        """All nodes, those that are not known as zeros; it changes in place."""
        return self._nodes

    def leaf(self, index: int) -> bytes | None:
        """The hash of a chunk, None if it is not known. Raises `LookupError` if there is no such chunk."""
        self._check(index)
        return self._known(index)

    def proof(self, index: int) -> bytes:
        """What leads from a leaf to the root: the other child of each parent on the way, the lowest first.

        Raises `LookupError` if there is no such leaf or one of these nodes is not known.
        """
        self._check(index)
        found: list[bytes] = []
        for _, sibling in self._path(index):
            if sibling is not None:
                node = self._known(sibling)
                if node is None:
                    raise LookupError("unknown node")
                found.append(node)
        return b"".join(found)

    def add(self, index: int, leaf: bytes, proof: bytes) -> tuple[int, ...] | None:
        """Take in a leaf and its proof. Gives the places of the nodes that were not known before (a node's first byte in `nodes` is 32
        times its place), or None, and takes in nothing, if they do not lead to the root."""
        if not 0 <= index < self.count:
            return None
        path = list(self._path(index))
        if len(proof) != NODE_BYTES * sum(sibling is not None for _, sibling in path):
            return None
        found: list[tuple[int, bytes]] = []
        node, read = leaf, 0
        for place, sibling in path:
            found.append((place, node))
            if sibling is not None:
                other = proof[read : read + NODE_BYTES]
                read += NODE_BYTES
                found.append((sibling, other))
                node = _join(node, other) if sibling > place else _join(other, node)
        if node != self.root:
            return None
        filled = [(place, known) for place, known in found if self._known(place) is None]
        for place, known in filled:
            self._nodes[NODE_BYTES * place : NODE_BYTES * (place + 1)] = known
        return tuple(place for place, _ in filled)

    def _path(self, index: int) -> Iterator[tuple[int, int | None]]:
        """The places of the nodes from a leaf up to below the root, each with that of the node beside it, if there is one."""
        start = 0
        for width in self._widths[:-1]:
            beside = index ^ 1
            yield start + index, start + beside if beside < width else None
            start += width
            index //= 2

    def _known(self, place: int) -> bytes | None:
        node = bytes(self._nodes[NODE_BYTES * place : NODE_BYTES * (place + 1)])
        return None if node == _UNKNOWN else node

    def _check(self, index: int) -> None:
        if not 0 <= index < self.count:
            raise LookupError("no such leaf")


def _levels(count: int) -> list[int]:
    """How many nodes each level has, the leaves first."""
    if count < 1:
        raise ValueError("a tree has at least one leaf")
    levels = [count]
    while levels[-1] > 1:
        levels.append((levels[-1] + 1) // 2)
    return levels


def _join(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
