"""What is missing here and who says that he has it: when to ask for it, for how much at once, and whom to stop believing."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from chat.protocol import limits
from chat.protocol.control import Entry, Want
from chat.protocol.memory import Peer, Peers
from chat.protocol.replay import may_note_fork
from chat.protocol.spans import Span, from_number, gaps, has_number, missing, newest, size, subtract

_CHAINS: Final = b""
"""Stands for the chains themselves: a record with the number n proves that those before it exist."""


@dataclass(slots=True)
class _Claim:
    """What one member says that it has and that is missing here, and what asking because of it has brought."""

    devices: dict[bytes, list[Span]] = field(default_factory=dict)
    tries: int = 0
    rests: int = 0
    rests_until: float = 0.0


class Wants:
    """Asks for one batch at a time, the newest records first; the answers reach everyone."""

    def __init__(self, peers: Peers, chance: random.Random) -> None:
        self._peers = peers
        self._chance = chance
        self._claims: dict[bytes, _Claim] = {}
        self._gapped = {device for device, peer in peers.devices.items() if any(missing(peer.seen))}
        self._abandoned: dict[bytes, list[Span]] = {}
        """What the chains prove to exist and nobody gave, however often it was asked for."""
        self._doubted: set[tuple[bytes, int]] = set()
        """Numbers of which there is another record than the one that is here."""
        self._asked: dict[bytes, list[Span]] = {}
        self._asked_for = _CHAINS
        self._progress = False
        self._next_at: float | None = None
        self._gave_way = False
        """Whether the next request was put off already because another member asked."""

    def connected(self, now: float) -> None:
        """The connection is up."""
        if self._gapped:
            self._soon(now)

    def disconnected(self) -> None:
        """The connection broke: what was asked is not answered any more, and the others may change meanwhile."""
        self._claims.clear()
        self._asked.clear()
        self._next_at = None

    def claim(self, claimant: bytes, entry: Entry, now: float) -> None:
        """A member says what it has seen of a device."""
        peer = self._peers.devices.get(entry.device, Peer())
        self._compare_forks(entry, peer)
        lacking = subtract(from_number(entry.seen, entry.kept_from), peer.seen)
        claim = self._claims.get(claimant)
        if not lacking:
            if claim is not None:
                claim.devices.pop(entry.device, None)
            if self._doubted:
                self._soon(now)
            return
        if claim is None:
            if len(self._claims) >= limits.CLAIMANTS:
                del self._claims[next(iter(self._claims))]
            claim = self._claims[claimant] = _Claim()
        claim.devices.pop(entry.device, None)
        spare = limits.CLAIMED_SPANS - sum(map(len, claim.devices.values()))
        if spare > 0 and len(claim.devices) < limits.CLAIMED_DEVICES:
            claim.devices[entry.device] = lacking[-spare:]
        if now >= claim.rests_until:
            self._soon(now)

    def note_gap(self, device: bytes, now: float) -> None:
        """A record arrived out of turn; those before it may still be on their way."""
        self._gapped.add(device)
        if self._next_at is None:
            self._next_at = now + self._chance.uniform(0.8, 1.6)

    def doubt(self, device: bytes, number: int, now: float) -> None:
        """There is another record of this device with this number."""
        if len(self._doubted) < limits.WANT_RECORDS:
            self._doubted.add((device, number))
            self._soon(now)

    def is_doubted(self, device: bytes, number: int) -> bool:
        """Whether another record with this number is wanted."""
        return (device, number) in self._doubted

    def received(self, device: bytes, number: int, now: float) -> None:
        """A record is here, by whatever way."""
        self._doubted.discard((device, number))
        asked = self._asked.get(device)
        if asked is None or not has_number(asked, number):
            return
        self._progress = True
        if claim := self._claims.get(self._asked_for):
            claim.tries = claim.rests = 0
        left = subtract(asked, [(number, number)])
        if left:
            self._asked[device] = left
        else:
            del self._asked[device]
        self._next_at = now + 1.0 if self._asked else now

    def overheard(self, want: Want, now: float) -> None:
        """Another member asks; if it is for something that is missing here too, the answer will do for both.

        One gives way once: somebody who asks all the time must not keep the others from asking.
        """
        if self._asked or self._next_at is None or self._gave_way:
            return
        if any(device in self._gapped or any(device in claim.devices for claim in self._claims.values()) for device, _ in want.wanted):
            self._next_at = max(self._next_at, now + self._chance.uniform(1.0, 2.5))
            self._gave_way = True

    def in_vain(self) -> dict[bytes, list[Span]]:
        """The gaps between what is here that were asked for several times and are still there, or all while nobody can be asked."""
        chains = self._claims.get(_CHAINS)
        every = self._next_at is None or (chains is not None and chains.tries >= limits.GAP_TRIES)
        found = {}
        for device in self._gapped:
            between = list(gaps(self._seen(device)))
            if asked := between if every else subtract(between, subtract(between, self._abandoned.get(device, []))):
                found[device] = asked
        return found

    def due(self) -> float | None:
        """When `tick` has something to do (monotonic seconds)."""
        return self._next_at

    def tick(self, now: float) -> Want | None:
        """What to ask for now."""
        if self._next_at is None or now < self._next_at:
            return None
        self._judge(now)
        self._asked.clear()
        self._gave_way = False
        chosen = self._choose(now)
        if chosen is None:
            resting = [claim.rests_until for claim in self._claims.values() if claim.devices and claim.rests_until > now]
            self._next_at = min(resting, default=None)
            return None
        self._asked_for, claim = chosen
        self._asked = self._batch(claim.devices)
        self._progress = False
        first, longest = limits.WANT_SECONDS
        self._next_at = now + min(longest, first * limits.WANT_GROWTH**claim.tries) * self._chance.uniform(0.9, 1.1)
        return Want([(device, list(spans)) for device, spans in self._asked.items()])

    def _soon(self, now: float) -> None:
        at = now + (limits.WANT_SECONDS[0] if self._asked else self._chance.uniform(0.05, 0.4))
        self._next_at = at if self._next_at is None else min(self._next_at, at)

    def _judge(self, now: float) -> None:
        """Count a try in vain."""
        claim = self._claims.get(self._asked_for)
        if claim is None or not self._asked or self._progress:
            return
        claim.tries += 1
        if claim.tries < limits.WANT_TRIES:
            return
        claim.tries = 0
        if self._asked_for == _CHAINS:
            self._abandoned |= {device: list(missing(self._seen(device))) for device in self._asked}
            self._doubted.clear()
        else:
            first, longest = limits.REST_SECONDS
            claim.rests_until = now + min(longest, first * 2**claim.rests)
            claim.rests += 1

    def _choose(self, now: float) -> tuple[bytes, _Claim] | None:
        """The claim that was asked in vain least often, of those that still concern something."""
        chains = self._claims.get(_CHAINS) or _Claim()
        self._gapped = {device for device in self._gapped if any(missing(self._seen(device)))}
        self._abandoned = {device: spans for device, spans in self._abandoned.items() if device in self._gapped}
        chains.devices = dict(self._of_chains())
        if chains.devices:
            self._claims[_CHAINS] = chains
        for claimant, claim in list(self._claims.items()):
            if claimant != _CHAINS:
                claim.devices = dict(self._still_lacking(claim.devices))
            if not claim.devices:
                del self._claims[claimant]
        ready = [(claim.tries, self._chance.random(), who) for who, claim in self._claims.items() if claim.rests_until <= now]
        if not ready:
            return None
        claimant = min(ready)[2]
        return claimant, self._claims[claimant]

    def _of_chains(self) -> Iterable[tuple[bytes, list[Span]]]:
        for device in self._gapped:
            if left := subtract(list(missing(self._seen(device))), self._abandoned.get(device, [])):
                yield device, left
        for device, number in self._doubted:
            if device not in self._gapped:
                yield device, [(number, number)]

    def _still_lacking(self, devices: dict[bytes, list[Span]]) -> Iterable[tuple[bytes, list[Span]]]:
        for device, spans in devices.items():
            if left := subtract(spans, self._seen(device)):
                yield device, left

    def _batch(self, devices: dict[bytes, list[Span]]) -> dict[bytes, list[Span]]:
        share = max(1, limits.WANT_RECORDS // len(devices))
        chosen = list(devices)
        self._chance.shuffle(chosen)
        batch: dict[bytes, list[Span]] = {}
        left = limits.WANT_RECORDS
        for device in chosen:
            if left <= 0:
                break
            batch[device] = newest(devices[device], min(share, left))
            left -= size(batch[device])
        return batch

    def _seen(self, device: bytes) -> list[Span]:
        peer = self._peers.devices.get(device)
        return peer.seen if peer else []

    def _compare_forks(self, entry: Entry, peer: Peer) -> None:
        if not peer.seen:
            return
        doubted = {number for number, ids in entry.forks if has_number(peer.seen, number) and set(ids) - set(peer.forks.get(number, []))}
        number = peer.seen[-1][1]
        same_end = bool(entry.seen) and entry.seen[-1][1] == number
        if same_end and entry.top and peer.top and entry.top not in (peer.top, *peer.forks.get(number, [])):
            doubted.add(number)
        for number in doubted:
            if len(self._doubted) < limits.WANT_RECORDS and may_note_fork(peer.forks, number):
                self._doubted.add((entry.device, number))
