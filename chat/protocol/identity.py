"""Devices: the Ed25519 key (RFC 8032) that signs everything one installation says in one room."""

import functools
import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chat.encryption import LABEL, grouped
from chat.protocol.faults import Fault, PacketError
from chat.protocol.limits import DEVICES

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_FIELD: Final = 2**255 - 19
_ORDER_EIGHT: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER: Final = frozenset({0, 1, _FIELD - 1, _ORDER_EIGHT, _FIELD - _ORDER_EIGHT})
"""The y coordinates of the eight points whose order divides eight. OpenSSL accepts them as keys, and under them one signature can
fit many messages (Chalkias et al., "Taming the many EdDSAs", 2020)."""


class DeviceKey:
    """The private key of this device in one room. `public` (32 bytes) is how others know it."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, purpose: bytes, room: bytes, content: bytes) -> bytes:
        """A signature that holds for this purpose, this room and these bytes only."""
        return self._key.sign(LABEL + purpose + room + content)


def check_signature(public: bytes, purpose: bytes, room: bytes, content: bytes, signature: bytes) -> None:
    """Raise `PacketError` unless `signature` is what `DeviceKey.sign` of that device makes, and its key is a sound one."""
    if not is_sound_key(public):
        raise PacketError(Fault.KEY)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, LABEL + purpose + room + content)
    except InvalidSignature:
        raise PacketError(Fault.SIGNATURE) from None
    except ValueError:
        raise PacketError(Fault.KEY) from None


def is_sound_key(public: bytes) -> bool:
    """Whether these 32 bytes are the one encoding of a point that is not of small order."""
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    return y < _FIELD and y not in _SMALL_ORDER


@functools.lru_cache(DEVICES)
def device_fingerprint(public: bytes) -> str:
    """What two people read to each other to be sure of a device: 16 letters and digits in groups of four."""
    return grouped(hashlib.sha256(LABEL + b"device" + public).digest()[:10])
