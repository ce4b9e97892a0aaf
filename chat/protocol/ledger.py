"""What this device has seen of everyone, itself included, and the one number that tells two members whether they have seen the same."""

import hashlib
from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from chat.protocol.control import Entry
from chat.protocol.limits import HAVE_SPANS
from chat.protocol.memory import Chain, Peer, Peers
from chat.protocol.spans import Span, from_number

_MODULUS: Final = 1 << 256
_REMEMBERED: Final = 256


class Ledger:
    """A view of a chain and the peers that keeps its digest up to date; `update` must follow each change of a device."""

    def __init__(self, own: bytes, chain: Chain, peers: Peers) -> None:
        self._own, self._chain, self._peers = own, chain, peers
        self.sent = (chain.sequence, chain.head[:16])
        """The last own record that was given to the broker: its number and id."""
        self._hashes: dict[bytes, int] = {}
        self._total = 0
        self._recent: deque[bytes] = deque(maxlen=_REMEMBERED)
        for device in (own, *peers.devices):
            self.update(device)

    @property
    def digest(self) -> bytes:
        """32 bytes: the sum, modulo 2^256, of SHA-256 over the MessagePack of what was seen of each device."""
        return self._total.to_bytes(32, "big")

    def had(self, digest: bytes) -> bool:
        """Whether this was the digest a little while ago."""
        return digest in self._recent

    def update(self, device: bytes) -> None:
        """Something of a device was seen or sent."""
        new = self._hash(device)
        if new != self._hashes.get(device, 0):
            self._recent.append(self.digest)
            self._total = (self._total - self._hashes.pop(device, 0) + new) % _MODULUS
            if new:
                self._hashes[device] = new

    def devices(self) -> list[bytes]:
        """Every device of which something was seen, in the order of their keys."""
        return sorted(self._hashes)

    def seen(self, device: bytes) -> list[Span]:
        """The numbers of a device's records that arrived here or are not wanted any more."""
        if device == self._own:
            return [(1, self.sent[0])] if self.sent[0] else []
        peer = self._peers.devices.get(device)
        return peer.seen if peer else []

    def held(self, device: bytes) -> list[Span]:
        """The numbers of the records that can be passed on."""
        if device == self._own:
            return from_number(self.seen(device), self._chain.kept_from)
        peer = self._peers.devices.get(device)
        return from_number(peer.seen, peer.kept_from) if peer else []

    def entry(self, device: bytes) -> Entry:
        """What a list says of a device."""
        if device == self._own:
            return Entry(device, self.seen(device), self._chain.kept_from, self.sent[1], [])
        peer = self._peers.devices.get(device, Peer())
        return Entry(device, peer.seen[-HAVE_SPANS:], peer.kept_from, peer.top, list(_forks(peer.forks)))

    def _hash(self, device: bytes) -> int:
        seen = self.seen(device)
        if not seen:
            return 0
        peer = self._peers.devices.get(device) if device != self._own else None
        top, forks = (peer.top, list(_forks(peer.forks))) if peer else (self.sent[1], [])
        return int.from_bytes(hashlib.sha256(msgspec.msgpack.encode((device, seen, top, forks))).digest(), "big")


def _forks(forks: dict[int, list[bytes]]) -> Iterator[tuple[int, list[bytes]]]:
    for number in sorted(forks):
        yield number, sorted(forks[number])
