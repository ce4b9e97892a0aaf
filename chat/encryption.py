"""From a passphrase to the keys of a room, and the sealed tokens that travel and are stored.

What this promises: whoever does not know the passphrase can neither read a token nor make or change one, and sees of its length
only a coarse step. What it does not promise: forward secrecy. Whoever learns the passphrase, even years later, can read every token
that was recorded. It does not tell one member from another either; that is what the signatures in `chat.protocol.records` are for.

Everything is composed of primitives of the `cryptography` package:

* Argon2id (RFC 9106) makes guessing the passphrase expensive,
* HKDF-SHA256 (RFC 5869) derives one key for each purpose,
* Fernet (version 0x80 of its specification: AES-128-CBC, HMAC-SHA256, encrypt-then-MAC) seals. Its time field is always zero.
"""

import base64
import hashlib
import os
import threading
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import ciphers
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from chat.errors import ChatError
from chat.words import _

LABEL: Final = b"mqtt-chat/1/"
"""Begins every label. The number is the suite: other primitives or parameters would mean another number, and so another room."""

ARGON2_MEMORY_KIB: Final = 256 * 1024
ARGON2_PASSES: Final = 3
ARGON2_LANES: Final = 4

_one_derivation = threading.Lock()
"""OpenSSL 4.0.3 hangs for ever when two threads derive with Argon2id and several lanes at once."""

_TOKEN_VERSION: Final = 0x80
_MAC_BYTES: Final = 32
_TOKEN_OVERHEAD: Final = 1 + 8 + 16 + _MAC_BYTES
"""Version, time, initialisation vector and MAC of a Fernet token, in bytes."""
_BLOCK: Final = 16
_SMALLEST_STEP: Final = 512


class TokenError(ValueError):
    """These bytes are not a token under this key."""


class KeyDerivationError(ChatError):
    """This computer can't derive the key of a room."""


@dataclass(frozen=True, slots=True)
class RoomKeys:
    """Every key of one room. `room` (16 bytes) names it in signatures; `tag` is the same in 26 lower-case letters and digits (base32,
    RFC 4648, unpadded): what the broker sees of the room beside the topic."""

    room: bytes
    messages: bytes = field(repr=False)
    control: bytes = field(repr=False)
    database: bytes = field(repr=False)
    fingerprint: str = ""
    tag: str = ""


def derive_root(passphrase: str, topic: str) -> bytes:
    """The room's 32-byte root from a normalised passphrase and a normalised topic. Takes about half a second and 256 MiB.

    The topic makes the salt, so equal passphrases on two topics are two unrelated rooms. Raises `KeyDerivationError`.
    """
    secret = passphrase.encode()
    salt = hashlib.sha256(LABEL + b"salt" + topic.encode()).digest()[:16]
    try:
        with _one_derivation:
            return Argon2id(salt=salt, length=32, iterations=ARGON2_PASSES, lanes=ARGON2_LANES, memory_cost=ARGON2_MEMORY_KIB).derive(
                secret
            )
    except UnsupportedAlgorithm:
        return _derive_with_argon2_cffi(secret, salt)
    except MemoryError:
        raise KeyDerivationError(_("The passphrase needs 256 MB of free memory. Close other programs and try again.")) from None


def _derive_with_argon2_cffi(secret: bytes, salt: bytes) -> bytes:
    try:
        from argon2.low_level import Type, hash_secret_raw
    except ImportError:
        raise KeyDerivationError(
            _("The package cryptography lacks Argon2id here. Install the package argon2-cffi and start again.")
        ) from None
    return hash_secret_raw(
        secret, salt, time_cost=ARGON2_PASSES, memory_cost=ARGON2_MEMORY_KIB, parallelism=ARGON2_LANES, hash_len=32, type=Type.ID
    )


def expand(root: bytes, purpose: bytes, length: int) -> bytes:
    """`length` bytes for one purpose (HKDF-SHA256 without salt; the info is `LABEL` + purpose)."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=LABEL + purpose).derive(root)


def room_keys(root: bytes) -> RoomKeys:
    """All keys of the room whose root this is."""
    room = expand(root, b"room tag", 16)
    return RoomKeys(
        room=room,
        messages=expand(root, b"messages", 32),
        control=expand(root, b"control", 32),
        database=expand(root, b"database", 32),
        fingerprint=grouped(expand(root, b"fingerprint", 10)),
        tag=_letters(room),
    )


class Cipher:
    """Seals and opens tokens under one 32-byte key."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, content: bytes, *, padded: bool = True) -> bytes:
        """A fresh token for `content`, padded to a step, so that short contents all look alike (on disk that would waste space)."""
        return base64.urlsafe_b64decode(self._fernet.encrypt_at_time(pad(content) if padded else content, 0))

    def open(self, token: bytes, largest: int, *, padded: bool = True) -> bytes:
        """What was sealed. Raises `TokenError` for anything else; a token over `largest` bytes is not looked at."""
        _check_shape(token, largest, _SMALLEST_STEP if padded else _BLOCK)
        try:
            content = self._fernet.decrypt(base64.urlsafe_b64encode(token))
        except InvalidToken:
            raise TokenError("not sealed with this key") from None
        return unpad(content) if padded else content


class BulkCipher:
    """Seals and opens the same tokens as `Cipher` does without padding, several times as fast where contents are long.

    `Fernet` gives and takes base64, which costs more than the cipher and the MAC together; here its specification (version 0x80) is
    followed step by step on the bytes themselves.
    """

    def __init__(self, key: bytes) -> None:
        self._signing, self._aes = key[:16], AES(key[16:])

    def seal(self, content: bytes) -> bytes:
        """A fresh token for `content`."""
        padder, iv = PKCS7(8 * _BLOCK).padder(), os.urandom(_BLOCK)
        encryptor = ciphers.Cipher(self._aes, CBC(iv)).encryptor()
        whole = padder.update(content) + padder.finalize()
        sealed = b"".join((bytes([_TOKEN_VERSION]), bytes(8), iv, encryptor.update(whole), encryptor.finalize()))
        return sealed + self._mac(sealed).finalize()

    def open(self, token: bytes, largest: int) -> bytes:
        """What was sealed. Raises `TokenError` for anything else; a token over `largest` bytes is not looked at."""
        _check_shape(token, largest, _BLOCK)
        view = memoryview(token)
        try:
            self._mac(view[:-_MAC_BYTES]).verify(token[-_MAC_BYTES:])
        except InvalidSignature:
            raise TokenError("not sealed with this key") from None
        decryptor = ciphers.Cipher(self._aes, CBC(token[9:25])).decryptor()
        unpadder = PKCS7(8 * _BLOCK).unpadder()
        whole = decryptor.update(view[25:-_MAC_BYTES]) + decryptor.finalize()
        try:
            return unpadder.update(whole) + unpadder.finalize()
        except ValueError:
            raise TokenError("not padded as a token is") from None

    def _mac(self, sealed: bytes | memoryview) -> HMAC:
        mac = HMAC(self._signing, SHA256())
        mac.update(sealed)
        return mac


def token_length(length: int) -> int:
    """How long the token of so many bytes is that are sealed without padding."""
    return _TOKEN_OVERHEAD + (length // _BLOCK + 1) * _BLOCK


def _check_shape(token: bytes, largest: int, least: int) -> None:
    length = len(token) - _TOKEN_OVERHEAD
    if len(token) > largest or length < least or length % _BLOCK or token[0] != _TOKEN_VERSION:
        raise TokenError("not the shape of a token")


def padded_length(length: int) -> int:
    """How long `length` bytes become: one byte less than a step, which Fernet's own padding then fills.

    The steps are 512, then eight to each doubling, so that padding costs at most an eighth of a large content.
    """
    needed = length + 2
    if needed <= _SMALLEST_STEP:
        return _SMALLEST_STEP - 1
    eighth = 1 << ((needed - 1).bit_length() - 4)
    return -(-needed // eighth) * eighth - 1


def pad(content: bytes) -> bytes:
    """`content`, a byte 0x80, and zeros up to `padded_length` (ISO/IEC 7816-4)."""
    return (content + b"\x80").ljust(padded_length(len(content)), b"\0")


def unpad(padded: bytes) -> bytes:
    """The content again. Raises `TokenError` if it was not padded as `pad` does."""
    content, mark, rest = padded.rpartition(b"\x80")
    if not mark or rest.strip(b"\0") or len(padded) != padded_length(len(content)):
        raise TokenError("not padded to a step")
    return content


def grouped(data: bytes) -> str:
    """Bytes as letters and digits in groups of four, for people to compare."""
    letters = _letters(data).upper()
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _letters(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
