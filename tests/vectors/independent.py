"""python -m tests.vectors.independent: make the packets in protocol-1.json anew, from docs/protocol.md alone and without the chat's code.

What is written here is MessagePack by hand, Ed25519, AES-CBC and HMAC; `cases` gives the same each time.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

FILE = Path(__file__).with_name("protocol-1.json")
SEED = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = KEY.public_key().public_bytes_raw()
OTHER = bytes.fromhex("3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29")
"""The device key of 32 zero bytes."""
CLOCK = 1_700_000_000_000 * 65_536
ID = bytes(range(0xA0, 0xB0))
DIGEST = bytes(range(0xC0, 0xE0))
FILE_KEY = bytes(range(0x20, 0x40))
SPANS = [[1, 3], [5, 5], [200, 70_000], [2**32, 2**63 - 1]]


def pack(value: Any) -> bytes:
    """MessagePack in its shortest form."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return pack_number(value)
    if isinstance(value, str):
        text = value.encode()
        return pack_length(len(text), 0xA0, 32, b"\xd9", b"\xda") + text
    if isinstance(value, bytes):
        return pack_length(len(value), 0, 0, b"\xc4", b"\xc5") + value
    return pack_length(len(value), 0x90, 16, b"", b"\xdc") + b"".join(map(pack, value))


def pack_number(value: int) -> bytes:
    if value < 128:
        return bytes([value])
    width = next(width for width in (1, 2, 4, 8) if value < 1 << 8 * width)
    return {1: b"\xcc", 2: b"\xcd", 4: b"\xce", 8: b"\xcf"}[width] + value.to_bytes(width, "big")


def pack_length(length: int, short: int, below: int, one: bytes, two: bytes) -> bytes:
    if length < below:
        return bytes([short + length])
    if one and length < 256:
        return one + bytes([length])
    return two + length.to_bytes(2, "big")


def packet(purpose: bytes, room: bytes, content: bytes) -> tuple[bytes, bytes]:
    """Signed content, and the signature."""
    signature = KEY.sign(b"mqtt-chat/1/" + purpose + room + content)
    return pack([content, signature]), signature


def token(key: bytes, iv: bytes, content: bytes) -> bytes:
    """A Fernet token of version 0x80 and time zero, over the content padded to its step."""
    step = 512
    while step < len(content) + 2:
        step += (1 << (step.bit_length() - 1)) // 8
    padded = content + b"\x80" + bytes(step - 2 - len(content))
    encryptor = Cipher(AES(key[16:]), CBC(iv)).encryptor()
    sealed = b"\x80" + bytes(8) + iv + encryptor.update(padded + b"\x01") + encryptor.finalize()
    return sealed + hmac.digest(key[:16], sealed, "sha256")


def chunk_token(iv: bytes, content: bytes) -> bytes:
    """A Fernet token of version 0x80 and time zero, under the key of the transfer `ID` whose offer has `FILE_KEY`."""
    prk = hmac.digest(bytes(32), FILE_KEY, "sha256")
    key = hmac.digest(prk, b"mqtt-chat/1/file chunk" + ID + b"\1", "sha256")
    fill = 16 - len(content) % 16
    encryptor = Cipher(AES(key[16:]), CBC(iv)).encryptor()
    sealed = b"\x80" + bytes(8) + iv + encryptor.update(content + bytes([fill]) * fill) + encryptor.finalize()
    return sealed + hmac.digest(key[:16], sealed, "sha256")


def chunks() -> list[dict[str, Any]]:
    """A file of three chunks, the last of them short, each with its proof."""
    parts = [bytes([place]) * length for place, length in ((1, 1024), (2, 1024), (3, 5))]
    leaves = [hashlib.sha256(b"\0" + part).digest() for part in parts]
    left = hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest()
    root = hashlib.sha256(b"\1" + left + leaves[2]).digest()
    made = []
    for index, proof in enumerate((leaves[1] + leaves[2], leaves[0] + leaves[2], left)):
        iv = bytes([0x91 + index]) * 16
        token = chunk_token(iv, pack([1, ID, index, proof, parts[index]]))
        made.append(
            {"transfer": ID.hex(), "key": FILE_KEY.hex(), "size": 2053, "chunk": 1024, "root": root.hex(), "index": index,
             "proof": proof.hex(), "data": parts[index].hex(), "iv": iv.hex(), "token": token.hex()}
        )  # fmt: skip
    return made


def readable(value: Any) -> Any:
    """A body as it stands in the file: a byte string is {"bytes": its hexadecimal digits}."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    return [readable(part) for part in value] if isinstance(value, list) else value


def record_bodies() -> Iterator[tuple[int, list[Any]]]:
    """Clock and body of each record of one chain."""
    target = [PUBLIC, 2, bytes.fromhex("ef6d8cecec1733b3ddb00147d9b77cf4")]
    yield CLOCK, [2, "Ada"]
    yield CLOCK + 1, [1, "good morning"]
    yield 111_411_200_335_740_928, [1, "🙂 " * 120]
    yield CLOCK + 65_536, [3, target, "and to you"]
    yield CLOCK + 65_537, [3, [OTHER, 70_000, ID], "é" * 200]
    yield CLOCK + 65_538, [4, target, "good evening"]
    yield CLOCK + 65_539, [5, target]
    yield CLOCK + 65_540, [6, target, "👍🏽", True]
    yield 2**63 - 1, [6, [OTHER, 2**63 - 1, ID], "👍🏽", False]
    yield CLOCK + 65_541, [7, "Zoë’s holiday.jpg", 1_000_000, "image/jpeg", 49_152, DIGEST, FILE_KEY]
    yield CLOCK + 65_542, [7, "empty", 0, "application/vnd.example+json", 1024, DIGEST, FILE_KEY]


CONTROL_BODIES: list[tuple[int, list[Any]]] = [
    (4294967296, [1, "Ada", True]),
    (4294967297, [1, "Ada", False]),
    (8589934591, [2]),
    (8589934592, [3, [[OTHER, 1, 300], [PUBLIC, 7, 7]]]),
    (8589934593, [3, []]),
    (8589934594, [4, DIGEST]),
    (8589934595, [5, DIGEST, bytes(32), b"\xff" * 32, [[PUBLIC, SPANS, 5, ID, []], [OTHER, [[1, 4]], 1, b"", [[3, [ID, bytes(16)]]]]]]),
    (8589934596, [5, DIGEST, b"", b"", []]),
    (8589934597, [6, [[PUBLIC, [[1, 3], [9, 60]]], [OTHER, [[2**63 - 1, 2**63 - 1]]]]]),
    (8589934598, [6, []]),
    (8589934599, [7, []]),
    (8589934608, [8]),
    (8589934609, [9, ID, [[0, 3], [5, 5], [300, 65_535]], True, True]),
    (8589934610, [9, ID, [], False, False]),
]
REFUSED_RECORD_BODIES: list[tuple[str, str, list[Any]]] = [
    ("a reply to an id of 15 bytes", "SHAPE", [3, [PUBLIC, 2, ID[:15]], "x"]),
    ("a reply to number 0", "SHAPE", [3, [PUBLIC, 0, ID], "x"]),
    ("a reply without its text", "SHAPE", [3, [PUBLIC, 2, ID]]),
    ("an edit with an empty text", "SHAPE", [4, [PUBLIC, 2, ID], ""]),
    ("an edit of 18,000 bytes", "LIMIT", [4, [PUBLIC, 2, ID], "é" * 9000]),
    ("a retraction of nothing", "SHAPE", [5]),
    ("a reaction without on or off", "SHAPE", [6, [PUBLIC, 2, ID], "👍"]),
    ("a reaction of 65 bytes", "LIMIT", [6, [PUBLIC, 2, ID], "é" * 32 + "x", True]),
    ("a file without a name", "SHAPE", [7, "", 1, "text/plain", 1024, DIGEST, FILE_KEY]),
    ("a file with a name of 256 bytes", "LIMIT", [7, "é" * 128, 1, "text/plain", 1024, DIGEST, FILE_KEY]),
    ("a file of 2 GiB and a byte", "SHAPE", [7, "x", 2**31 + 1, "text/plain", 49_152, DIGEST, FILE_KEY]),
    ("a file of half a media type", "SHAPE", [7, "x", 1, "text/", 1024, DIGEST, FILE_KEY]),
    ("a file of a media type with a line end", "SHAPE", [7, "x", 1, "text/plain\n", 1024, DIGEST, FILE_KEY]),
    ("a file in chunks of 1,000 bytes", "SHAPE", [7, "x", 1, "text/plain", 1000, DIGEST, FILE_KEY]),
    ("a file in chunks of 49 KiB", "SHAPE", [7, "x", 1, "text/plain", 50_176, DIGEST, FILE_KEY]),
    ("a file in 65,537 chunks", "LIMIT", [7, "x", 65_536 * 1024 + 1, "text/plain", 1024, DIGEST, FILE_KEY]),
    ("a file with a key of 31 bytes", "SHAPE", [7, "x", 1, "text/plain", 1024, DIGEST, FILE_KEY[:31]]),
]
REFUSED_CONTROL_BODIES: list[tuple[str, str, list[Any]]] = [
    ("a receipt that ends before it begins", "SHAPE", [3, [[OTHER, 5, 4]]]),
    ("a receipt from number 0", "SHAPE", [3, [[OTHER, 0, 4]]]),
    ("receipts for 65 devices", "SHAPE", [3, [[OTHER, 1, 2]] * 65]),
    ("a digest of 31 bytes", "SHAPE", [4, DIGEST[:31]]),
    ("a list with spans out of order", "SHAPE", [5, DIGEST, b"", b"", [[OTHER, [[5, 6], [1, 2]], 1, b"", []]]]),
    ("a list with spans that touch", "SHAPE", [5, DIGEST, b"", b"", [[OTHER, [[1, 2], [3, 4]], 1, b"", []]]]),
    ("a list with an empty span", "SHAPE", [5, DIGEST, b"", b"", [[OTHER, [[2, 1]], 1, b"", []]]]),
    ("a list with a number of 64 bits", "SHAPE", [5, DIGEST, b"", b"", [[OTHER, [[1, 2**63]], 1, b"", []]]]),
    ("a list with five records of one number", "SHAPE", [5, DIGEST, b"", b"", [[OTHER, [[1, 2]], 1, b"", [[1, [ID] * 5]]]]]),
    ("a request for 65 records", "SHAPE", [6, [[OTHER, [[1, 65]]]]]),
    ("a request for 65 records of two devices", "SHAPE", [6, [[OTHER, [[1, 64]]], [PUBLIC, [[1, 1]]]]]),
    ("a request with overlapping spans", "SHAPE", [6, [[OTHER, [[1, 5], [4, 6]]]]]),
    ("a bundle of 65 records", "SHAPE", [7, [b""] * 65]),
    ("a bundle of a text", "SHAPE", [7, ["x"]]),
    ("chunks that end before they begin", "SHAPE", [9, ID, [[5, 4]], True, False]),
    ("chunks with spans that touch", "SHAPE", [9, ID, [[0, 1], [2, 3]], True, False]),
    ("chunk number 65,536", "SHAPE", [9, ID, [[0, 65_536]], True, False]),
    ("257 spans of chunks", "SHAPE", [9, ID, [[2 * place, 2 * place] for place in range(257)], True, False]),
    ("chunks of a transfer with 15 bytes", "SHAPE", [9, ID[:15], [], True, False]),
]


def cases(room: bytes, messages: bytes, control: bytes) -> dict[str, list[dict[str, Any]]]:
    """Every packet of the file by section."""
    found: dict[str, list[dict[str, Any]]] = {"records": [], "controls": [], "refused_records": [], "refused_controls": []}
    previous, packets = bytes(32), []
    for number, (clock, body) in enumerate(record_bodies(), 1):
        content = pack([1, PUBLIC, number, previous, clock, body])
        whole, signature = packet(b"record", room, content)
        iv = bytes([number]) * 16
        digest = hashlib.sha256(content).digest()
        found["records"].append(
            {"sequence": number, "previous": previous.hex(), "clock": clock, "body": readable(body), "record": content.hex(),
             "signature": signature.hex(), "hash": digest.hex(), "iv": iv.hex(), "token": token(messages, iv, whole).hex()}
        )  # fmt: skip
        previous = digest
        packets.append(whole)
    for place, (counter, body) in enumerate([*CONTROL_BODIES, (8589934600, [7, [packets[1], packets[0]]])]):
        content = pack([1, PUBLIC, counter, body])
        whole, signature = packet(b"control", room, content)
        iv = bytes([0x41 + place]) * 16
        found["controls"].append(
            {"counter": counter, "body": readable(body), "control": content.hex(), "signature": signature.hex(), "iv": iv.hex(),
             "token": token(control, iv, whole).hex()}
        )  # fmt: skip
    found["chunks"] = chunks()
    iv = b"\x77" * 16
    for why, fault, body in REFUSED_RECORD_BODIES:
        whole = packet(b"record", room, pack([1, PUBLIC, 4, bytes(32), CLOCK, body]))[0]
        found["refused_records"].append({"why": why, "fault": fault, "token": token(messages, iv, whole).hex()})
    for why, fault, body in REFUSED_CONTROL_BODIES:
        whole = packet(b"control", room, pack([1, PUBLIC, 2**33, body]))[0]
        found["refused_controls"].append({"why": why, "fault": fault, "token": token(control, iv, whole).hex()})
    return found


def main() -> None:
    """Put the packets that are made here into the file; refused ones that stand there already stay."""
    own = json.loads(FILE.read_text(encoding="utf-8"))
    room, messages, control = (bytes.fromhex(own["rooms"][0][name]) for name in ("room", "messages", "control"))
    own["about"] = (
        'Test vectors of protocol 1. Byte strings are hexadecimal, in a body as {"bytes": ...}. docs/protocol.md says what each value is.'
    )
    made = cases(room, messages, control)
    own["records"], own["controls"], own["refused_controls"] = made["records"], made["controls"], made["refused_controls"]
    own["chunks"] = made["chunks"]
    here = {case["why"] for case in made["refused_records"]}
    own["refused_records"] = [case for case in own["refused_records"] if case["why"] not in here] + made["refused_records"]
    FILE.write_text(json.dumps(own, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
