"""The Merkle tree is the one of RFC 9162, and takes nothing that does not lead to its root."""

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.protocol.merkle import NODE_BYTES, Tree, leaf_hash, tree_bytes

LEAVES = [
    bytes.fromhex(leaf) for leaf in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
]
"""The leaves of the tree that certificate-transparency's tests are made with; then the roots over the first 1 to 8 of them."""
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PROOFS = [
    (0, 1, []),
    (0, 2, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"]),
    (1, 2, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]
"""Index, count, and the published inclusion proof of that leaf."""


def data(count: int) -> list[bytes]:
    return [b"chunk %d" % number for number in range(count)]


def hashes(count: int) -> list[bytes]:
    return [leaf_hash(chunk) for chunk in data(count)]


def mth(entries: list[bytes]) -> bytes:
    """MTH(D) as RFC 9162, section 2.1.1, defines it."""
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    split = 1 << (len(entries) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + mth(entries[:split]) + mth(entries[split:])).digest()


def path(index: int, entries: list[bytes]) -> bytes:
    """PATH(m, D) as RFC 9162, section 2.1.3.1, defines it."""
    if len(entries) == 1:
        return b""
    split = 1 << (len(entries) - 1).bit_length() - 1
    if index < split:
        return path(index, entries[:split]) + mth(entries[split:])
    return path(index - split, entries[split:]) + mth(entries[:split])


@pytest.mark.parametrize("count", range(1, 9))
def test_published_roots(count: int) -> None:
    assert Tree.of([leaf_hash(leaf) for leaf in LEAVES[:count]]).root.hex() == ROOTS[count - 1]


@pytest.mark.parametrize(("index", "count", "proof"), PROOFS)
def test_published_proofs(index: int, count: int, proof: list[str]) -> None:
    leaves = [leaf_hash(leaf) for leaf in LEAVES[:count]]
    assert Tree.of(leaves).proof(index).hex() == "".join(proof)
    assert Tree(count, bytes.fromhex(ROOTS[count - 1])).add(index, leaves[index], bytes.fromhex("".join(proof))) is not None


@settings(deadline=None)
@given(count=st.integers(1, 200))
def test_roots_and_proofs_are_those_of_the_definition(count: int) -> None:
    entries = data(count)
    tree = Tree.of(hashes(count))
    assert (tree.count, tree.root, len(tree.nodes)) == (count, mth(entries), tree_bytes(count))
    for index in {0, count // 3, count - 1}:
        assert tree.proof(index) == path(index, entries)
        assert tree.leaf(index) == leaf_hash(entries[index])


@given(
    count=st.integers(1, 40),
    chosen=st.integers(0, 39),
    change=st.sampled_from(["byte", "cut", "longer", "foreign", "swapped", "leaf", "place", "root", "garbage"]),
    place=st.integers(0, 6 * NODE_BYTES),
    garbage=st.binary(min_size=1, max_size=6 * NODE_BYTES),
)
def test_whatever_does_not_lead_to_the_root_is_refused_and_changes_nothing(
    count: int, chosen: int, change: str, place: int, garbage: bytes
) -> None:
    whole = Tree.of(hashes(count))
    index = chosen % count
    leaf, proof, root = hashes(count)[index], whole.proof(index), whole.root
    spot = place % len(proof) if proof else 0
    other = (index + 1) % count
    nodes = [proof[start : start + NODE_BYTES] for start in range(0, len(proof), NODE_BYTES)]
    match change:
        case "byte":
            proof = proof[:spot] + bytes([proof[spot] ^ 1]) + proof[spot + 1 :] if proof else b"x"
        case "cut":
            proof = proof[:spot] if proof else b"x"
        case "longer":
            proof += bytes(NODE_BYTES)
        case "foreign" if count > 1:
            proof = whole.proof(other)
        case "swapped" if len(nodes) > 1:
            proof = b"".join([nodes[1], nodes[0], *nodes[2:]])
        case "leaf":
            leaf = leaf_hash(b"another chunk")
        case "place":
            index = other if count > 1 else count + place
        case "root":
            root = leaf_hash(b"another file")
        case _:
            proof = garbage
    tree = Tree(count, root)
    before = bytes(tree.nodes)
    assert tree.add(index, leaf, proof) is None
    assert tree.nodes == before


@pytest.mark.parametrize("index", [-1, 5, 2**40])
def test_there_is_nothing_beyond_the_leaves(index: int) -> None:
    tree = Tree.of(hashes(5))
    assert tree.add(index, tree.root, b"") is None
    with pytest.raises(LookupError):
        tree.proof(index)
    with pytest.raises(LookupError):
        tree.leaf(index)


@settings(deadline=None)
@given(count=st.integers(1, 200), seed=st.integers(0, 1000), share=st.floats(0, 1))
def test_a_receiver_proves_whatever_it_was_given_and_its_store_follows_from_the_places(count: int, seed: int, share: float) -> None:
    whole, tree = Tree.of(hashes(count)), Tree(count, Tree.of(hashes(count)).root)
    stored = bytearray(tree.nodes)
    order = random.Random(seed).sample(range(count), max(1, int(share * count)))
    for index in order:
        places = tree.add(index, hashes(count)[index], whole.proof(index))
        assert places is not None
        assert len(set(places)) == len(places)
        for place in places:
            start = NODE_BYTES * place
            assert stored[start : start + NODE_BYTES] == bytes(NODE_BYTES)
            stored[start : start + NODE_BYTES] = tree.nodes[start : start + NODE_BYTES]
        assert tree.add(index, hashes(count)[index], whole.proof(index)) == ()
    assert stored == tree.nodes
    again = Tree(count, whole.root, stored)
    for index in order:
        assert again.proof(index) == whole.proof(index)
        assert again.leaf(index) == hashes(count)[index]
    if len(order) == count:
        assert tree.nodes == whole.nodes


def test_what_is_not_known_is_said_to_be() -> None:
    whole = Tree.of(hashes(8))
    tree = Tree(8, whole.root)
    assert tree.leaf(3) is None
    with pytest.raises(LookupError):
        tree.proof(3)
    tree.add(3, hashes(8)[3], whole.proof(3))
    assert tree.proof(2) == whole.proof(2)
    with pytest.raises(LookupError):
        tree.proof(4)


def test_a_store_of_another_size_and_a_tree_without_leaves_are_refused() -> None:
    with pytest.raises(ValueError, match="another tree"):
        Tree(5, bytes(32), bytearray(tree_bytes(6)))
    with pytest.raises(ValueError, match="at least one"):
        tree_bytes(0)
