"""Fernet tokens as bytes, for what is large: the package's own class turns each into base64 and back, which takes most of its time.

Composed of AES-128-CBC, PKCS #7 and HMAC-SHA256 of the `cryptography` package, as the specification of Fernet says
(https://github.com/fernet/spec/blob/master/Spec.md); in base64 the tokens are those of `cryptography.fernet.Fernet`. As everywhere in
this program, their time is zero.
"""

import secrets
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from chat.encryption import TokenError

_HEAD: Final = b"\x80" + bytes(8)
"""Version and time."""
_VECTOR_BYTES: Final = 16
_MAC_BYTES: Final = 32
_BLOCK: Final = 16


class RawFernet:
    """Seals and opens under a key of 32 bytes: the first half signs, the second encrypts."""

    def __init__(self, key: bytes) -> None:
        self._signing, self._encryption = key[:16], key[16:]

    def seal(self, content: bytes) -> bytes:
        """A fresh token."""
        vector = secrets.token_bytes(_VECTOR_BYTES)
        padder = PKCS7(8 * _BLOCK).padder()
        encryptor = Cipher(AES(self._encryption), CBC(vector)).encryptor()
        sealed = encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()
        signed = b"".join((_HEAD, vector, sealed))
        return signed + self._mac(signed).finalize()

    def open(self, token: bytes, largest: int) -> bytes:
        """What was sealed. Raises `TokenError` for anything else; a token over `largest` bytes is not looked at."""
        length = len(token) - len(_HEAD) - _VECTOR_BYTES - _MAC_BYTES
        if len(token) > largest or length < _BLOCK or length % _BLOCK or token[0] != _HEAD[0]:
            raise TokenError("not the shape of a token")
        signed = memoryview(token)[:-_MAC_BYTES]
        try:
            self._mac(signed).verify(token[-_MAC_BYTES:])
        except InvalidSignature:
            raise TokenError("not sealed with this key") from None
        vector, sealed = bytes(signed[len(_HEAD) : len(_HEAD) + _VECTOR_BYTES]), signed[len(_HEAD) + _VECTOR_BYTES :]
        decryptor, unpadder = Cipher(AES(self._encryption), CBC(vector)).decryptor(), PKCS7(8 * _BLOCK).unpadder()
        try:
            return unpadder.update(decryptor.update(sealed) + decryptor.finalize()) + unpadder.finalize()
        except ValueError:
            raise TokenError("not sealed with this key") from None

    def _mac(self, signed: bytes | memoryview) -> HMAC:
        mac = HMAC(self._signing, SHA256())
        mac.update(signed)
        return mac
