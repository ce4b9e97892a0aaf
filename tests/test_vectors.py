"""Published vectors for every primitive, and the vectors of protocol 1, which were made without this code.

`tests/vectors/protocol-1.json` is for other implementations too; docs/protocol.md explains its values. `tests/vectors/independent.py`
makes its packets.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chat.address import normalise_topic
from chat.encryption import BulkCipher, Cipher, RoomKeys, TokenError, derive_root, room_keys
from chat.passphrase import normalise_passphrase
from chat.protocol import control, records
from chat.protocol.chunks import Chunk, ChunkCipher
from chat.protocol.control import Bundle, Digest, Entry, Gone, Have, Here, Holding, Receipt, Typing, Want, make_control, read_control
from chat.protocol.faults import PacketError
from chat.protocol.identity import DeviceKey, device_fingerprint, is_sound_key
from chat.protocol.limits import PACKET_BYTES
from chat.protocol.merkle import Tree, leaf_hash
from chat.protocol.records import Edit, FileOffer, Hello, Reaction, Reference, Reply, Retract, Text, make_record, read_record
from tests.vectors import independent

OWN: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "protocol-1.json").read_text(encoding="utf-8"))
DEVICE = DeviceKey(bytes.fromhex(OWN["device"]["seed"]))


OF_TIME = ("far-future TS (unacceptable clock skew)", "expired TTL")
"""Tokens with which nothing but their time is wrong, which nobody looks at here."""


def published(*path: str) -> str:
    with cryptography_vectors.open_vector_file("/".join(path), "r") as file:
        return str(file.read())


def blocks(text: str) -> Iterator[dict[str, str]]:
    """The "name = value" blocks of the files in cryptography_vectors; each begins with COUNT."""
    for block in re.split(r"(?m)^COUNT", text)[1:]:
        yield {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in block.splitlines()[1:]) if value}


@pytest.fixture(scope="module")
def keys() -> RoomKeys:
    return room_keys(bytes.fromhex(OWN["rooms"][0]["root"]))


def test_published_fernet_tokens_open() -> None:
    for case in json.loads(published("fernet", "verify.json")):
        assert Fernet(case["secret"]).decrypt_at_time(case["token"].encode(), case["ttl_sec"], 499162810) == case["src"].encode()
        token = base64.urlsafe_b64decode(case["token"])
        assert BulkCipher(base64.urlsafe_b64decode(case["secret"])).open(token, PACKET_BYTES) == case["src"].encode()


def test_published_broken_fernet_tokens_do_not_open() -> None:
    for case in json.loads(published("fernet", "invalid.json")):
        try:
            token = base64.urlsafe_b64decode(case["token"])
        except ValueError:
            continue
        with pytest.raises(TokenError):
            Cipher(base64.urlsafe_b64decode(case["secret"])).open(token, PACKET_BYTES)
        if case["desc"] not in OF_TIME:
            with pytest.raises(TokenError):
                BulkCipher(base64.urlsafe_b64decode(case["secret"])).open(token, PACKET_BYTES)


def test_published_argon2id_vectors() -> None:
    cases = [case for case in blocks(published("KDF", "argon2id.txt")) if int(case["memcost"]) <= 65536]
    assert len(cases) >= 5
    for case in cases:
        argon2 = Argon2id(
            salt=bytes.fromhex(case["salt"]),
            length=int(case["length"]),
            iterations=int(case["iter"]),
            lanes=int(case["lanes"]),
            memory_cost=int(case["memcost"]),
            ad=bytes.fromhex(case.get("ad", "")) or None,
            secret=bytes.fromhex(case.get("secret", "")) or None,
        )
        assert argon2.derive(bytes.fromhex(case.get("pass", ""))).hex() == case["output"]


def test_published_hkdf_vectors() -> None:
    cases = list(blocks(published("KDF", "rfc-5869-HKDF-SHA256.txt")))
    assert len(cases) == 3
    for case in cases:
        hkdf = HKDF(SHA256(), int(case["L"]), bytes.fromhex(case.get("salt", "")), bytes.fromhex(case.get("info", "")))
        assert hkdf.derive(bytes.fromhex(case["IKM"])).hex() == case["OKM"]


def test_published_ed25519_vectors() -> None:
    for line in published("asymmetric", "Ed25519", "sign.input").splitlines():
        secret, public, message, signed = (bytes.fromhex(part) for part in line.split(":")[:4])
        assert DeviceKey(secret[:32]).public == public
        assert is_sound_key(public)
        Ed25519PublicKey.from_public_bytes(public).verify(signed[:64], message)
        with pytest.raises(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(public).verify(signed[:64], message + b"\0")


@pytest.mark.parametrize("case", OWN["rooms"], ids=lambda case: case["topic"])
def test_keys_of_a_room(case: dict[str, str]) -> None:
    root = derive_root(case["passphrase"], case["topic"])
    assert root.hex() == case["root"]
    made = room_keys(root)
    assert (made.room.hex(), made.tag, made.fingerprint) == (case["room"], case["tag"], case["fingerprint"])
    assert (made.messages.hex(), made.control.hex(), made.database.hex()) == (case["messages"], case["control"], case["database"])


def test_normal_forms() -> None:
    assert [normalise_passphrase(case["typed"]) for case in OWN["passphrases"]] == [case["normal"] for case in OWN["passphrases"]]
    assert [normalise_topic(case["typed"]) for case in OWN["topics"]] == [case["normal"] for case in OWN["topics"]]


def test_lengths_of_tokens(keys: RoomKeys) -> None:
    cipher = Cipher(keys.messages)
    assert [len(cipher.seal(bytes(case["content"]))) for case in OWN["padding"]] == [case["token"] for case in OWN["padding"]]


def test_the_device() -> None:
    assert DEVICE.public.hex() == OWN["device"]["public"]
    assert device_fingerprint(DEVICE.public) == OWN["device"]["fingerprint"]


RECORD_KINDS: dict[int, Callable[..., records.Body]] = {
    1: Text,
    2: Hello,
    3: lambda target, text: Reply(Reference(*target), text),
    4: lambda target, text: Edit(Reference(*target), text),
    5: lambda target: Retract(Reference(*target)),
    6: lambda target, emoji, on: Reaction(Reference(*target), emoji, on),
    7: FileOffer,
}
CONTROL_KINDS: dict[int, Callable[..., control.Body]] = {
    1: Here,
    2: Gone,
    3: lambda received: Receipt([(device, first, last) for device, first, last in received]),
    4: Digest,
    5: lambda digest, low, high, entries: Have(digest, low, high, [entry_of(*entry) for entry in entries]),
    6: lambda wanted: Want([(device, spans_of(spans)) for device, spans in wanted]),
    7: Bundle,
    8: Typing,
    9: lambda transfer, held, wants, asks: Holding(transfer, spans_of(held), wants, asks),
}


def entry_of(device: bytes, seen: list[list[int]], kept_from: int, top: bytes, forks: list[tuple[int, list[bytes]]]) -> Entry:
    return Entry(device, spans_of(seen), kept_from, top, [(number, ids) for number, ids in forks])


def spans_of(pairs: list[list[int]]) -> list[tuple[int, int]]:
    return [(first, last) for first, last in pairs]


def value_of(readable: Any) -> Any:
    """A body of the file with its byte strings."""
    if isinstance(readable, dict):
        return bytes.fromhex(readable["bytes"])
    return [value_of(part) for part in readable] if isinstance(readable, list) else readable


def test_the_file_is_what_is_made_without_this_code(keys: RoomKeys) -> None:
    made = independent.cases(keys.room, keys.messages, keys.control)
    assert made.pop("refused_records") == OWN["refused_records"][-len(independent.REFUSED_RECORD_BODIES) :]
    assert made == {name: OWN[name] for name in ("records", "controls", "chunks", "refused_controls")}


def test_every_kind_has_a_vector() -> None:
    assert {case["body"][0] for case in OWN["records"]} == set(RECORD_KINDS) == records._KINDS
    assert {case["body"][0] for case in OWN["controls"]} == set(CONTROL_KINDS) == control._KINDS


@pytest.mark.parametrize("case", OWN["records"], ids=lambda case: case["sequence"])
def test_records(case: dict[str, Any], keys: RoomKeys) -> None:
    kind, *fields = value_of(case["body"])
    made = make_record(DEVICE, keys.room, case["sequence"], bytes.fromhex(case["previous"]), case["clock"], RECORD_KINDS[kind](*fields))
    assert made.hash.hex() == case["hash"]
    assert bytes.fromhex(case["record"]) in made.packet
    assert made.packet.endswith(bytes.fromhex(case["signature"]))
    assert read_record(Cipher(keys.messages).open(bytes.fromhex(case["token"]), PACKET_BYTES), keys.room) == made


@pytest.mark.parametrize("case", OWN["controls"], ids=lambda case: case["counter"])
def test_controls(case: dict[str, Any], keys: RoomKeys) -> None:
    kind, *fields = value_of(case["body"])
    body = CONTROL_KINDS[kind](*fields)
    made = make_control(DEVICE, keys.room, case["counter"], body)
    assert bytes.fromhex(case["control"]) in made
    assert made.endswith(bytes.fromhex(case["signature"]))
    assert Cipher(keys.control).open(bytes.fromhex(case["token"]), PACKET_BYTES) == made
    read = read_control(made, keys.room)
    assert (read.device, read.counter, read.body) == (DEVICE.public, case["counter"], body)


@pytest.mark.parametrize("case", OWN["chunks"], ids=lambda case: case["index"])
def test_chunks(case: dict[str, Any]) -> None:
    root, key, transfer, proof, data = (bytes.fromhex(case[name]) for name in ("root", "key", "transfer", "proof", "data"))
    cipher = ChunkCipher(FileOffer("file", case["size"], "text/plain", case["chunk"], root, key), transfer)
    assert cipher.open(bytes.fromhex(case["token"])) == Chunk(case["index"], proof, data)
    assert Tree(3, root).add(case["index"], leaf_hash(data), proof) is not None


def test_the_records_in_a_bundle_are_valid(keys: RoomKeys) -> None:
    bundle = read_control(Cipher(keys.control).open(bytes.fromhex(OWN["controls"][-1]["token"]), PACKET_BYTES), keys.room).body
    assert isinstance(bundle, Bundle)
    assert [read_record(packet, keys.room).hash.hex() for packet in bundle.packets] == [
        OWN["records"][1]["hash"],
        OWN["records"][0]["hash"],
    ]


@pytest.mark.parametrize("case", OWN["refused_controls"], ids=lambda case: case["why"])
def test_refused_controls(case: dict[str, str], keys: RoomKeys) -> None:
    content = Cipher(keys.control).open(bytes.fromhex(case["token"]), PACKET_BYTES)
    with pytest.raises(PacketError) as refused:
        read_control(content, keys.room)
    assert refused.value.fault.name == case["fault"]


@pytest.mark.parametrize("case", OWN["refused_records"], ids=lambda case: case["why"])
def test_refused_records(case: dict[str, str], keys: RoomKeys) -> None:
    if case["fault"] == "TOKEN":
        with pytest.raises(TokenError):
            Cipher(keys.messages).open(bytes.fromhex(case["token"]), PACKET_BYTES)
        return
    content = Cipher(keys.messages).open(bytes.fromhex(case["token"]), PACKET_BYTES)
    with pytest.raises(PacketError) as refused:
        read_record(content, keys.room)
    assert refused.value.fault.name == case["fault"]


def test_refused_device_keys() -> None:
    assert not any(is_sound_key(bytes.fromhex(key)) for key in OWN["refused_device_keys"])
