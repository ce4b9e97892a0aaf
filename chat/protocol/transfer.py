"""One file's way through a room: who holds which chunks, who wants them, and which one this device sends next.

Chunks are published on a topic to which those listen who want the file, so that one upload serves them all. Everybody who has to do with
the file says now and then what he holds (`control.Holding`); the sender learns from it what was lost, and how fast each one takes.
Chunk numbers count from 1 here, as all spans do, and from 0 in a `Holding`. It does no I/O and reads no clock; one thread owns it.
"""

import hashlib
import math
import random
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from chat.protocol import limits
from chat.protocol.control import Holding
from chat.protocol.spans import Span, add_span, has_number, intersect, size, subtract


@dataclass(slots=True)
class _Party:
    """Another device that holds chunks of the file, or wants them."""

    held: list[Span] = field(default_factory=list)
    wants: bool = False
    heard_at: float = 0.0
    moved_at: float = 0.0
    """When it was last heard to hold more than before (monotonic seconds)."""
    passed: int = 0
    """Of all that this device sent, up to which one it is known to have come."""
    settled: int = 0
    """Up to which one that was known when it was heard before: what it still lacks of those is lost."""
    allowed: int = limits.FILE_AHEAD[0]
    """How many may be under way to it."""
    begin: int = 1
    """Below this number nothing is left to send to it, for now."""
    rank: bytes = b""
    """Whose turn it is to send: the lowest first."""


class Transfer:
    """See the module. `transfer` is the offer's id, `own` and `author` are devices, `held` is what this device has of the file."""

    def __init__(self, transfer: bytes, own: bytes, author: bytes, count: int, held: Sequence[Span], chance: random.Random) -> None:
        self._transfer, self._own, self._author, self._chance = transfer, own, author, chance
        self._all: list[Span] = [(1, count)]
        self.count = count
        self.held = list(held)
        self.wants = False
        """Whether this device is to receive what it lacks."""
        self._own_rank = self._rank(own)
        self._parties: dict[bytes, _Party] = {}
        self._online: frozenset[bytes] = frozenset()
        self._sent = array("Q", bytes(8 * (count + 1)))
        """When each chunk was sent last, as a number of `_sendings`."""
        self._sendings = 0
        self._connected = self._asks = False
        self._arrived_at = -math.inf
        self._say_at: float | None = None
        self._farewells = 0
        """How often it is still to be said that all of it is here, because nobody answers that."""
        self._pause = limits.HOLDING_REPEAT_SECONDS[0]

    @property
    def complete(self) -> bool:
        """Whether this device has all of it."""
        return size(self.held) == self.count

    @property
    def takers(self) -> dict[bytes, int]:
        """How many chunks each other device has that wants the file, or has all of it."""
        counts = {device: size(party.held) for device, party in self._parties.items() if device != self._author}
        return {device: count for device, count in counts.items() if self._parties[device].wants or count == self.count}

    def can_come(self, now: float) -> bool:
        """Whether chunks come, or somebody is here who has something that this device lacks."""
        return now - self._arrived_at < limits.FILE_STALL_SECONDS or any(
            device in self._online and subtract(party.held, self.held) for device, party in self._parties.items()
        )

    # What happens

    def connected(self, now: float, *, speaks: bool) -> None:
        """The broker can be reached; with `speaks`, say what is here, and ask the others what they have."""
        self._connected = True
        if speaks:
            self._asks, self._say_at = True, now

    def disconnected(self) -> None:
        """The connection broke."""
        self._connected = False

    def present(self, online: Collection[bytes]) -> None:
        """Which other devices are in the room now."""
        self._online = frozenset(online)
        for party in self._parties.values():
            party.begin = 1

    def want(self, now: float, *, wants: bool) -> None:
        """Receive what is lacking, or do not any more."""
        self.wants = wants
        self._pause = limits.HOLDING_REPEAT_SECONDS[0]
        self._asks = wants
        self._say_at = now

    def withdraw(self, now: float) -> None:
        """Nothing of it is here any more, or nothing is to be sent."""
        self.held = []
        self.want(now, wants=False)

    def arrived(self, number: int, now: float) -> bool:
        """A chunk came and is stored. False if it was here already."""
        if has_number(self.held, number):
            return False
        add_span(self.held, number, number)
        self._arrived_at = now
        self._pause = limits.HOLDING_REPEAT_SECONDS[0]
        soon = now if self.complete else now + limits.HOLDING_SECONDS
        self._say_at = soon if self._say_at is None else min(self._say_at, soon)
        if self.complete:
            self.wants, self._farewells = False, limits.HOLDING_FAREWELLS
        return True

    def lost(self, number: int, now: float) -> None:
        """A chunk that was here turned out to be damaged."""
        self.held = subtract(self.held, [(number, number)])
        self.want(now, wants=True)

    def heard(self, device: bytes, told: Holding, now: float) -> None:
        """Another device says what it holds."""
        if device not in self._parties and len(self._parties) == limits.FILE_PARTIES:
            return
        party = self._parties.setdefault(device, _Party(moved_at=now, rank=self._rank(device)))
        held = intersect([(first + 1, last + 1) for first, last in told.held], self._all)
        gained = subtract(held, party.held)
        party.settled = party.passed
        if told.wants and not party.wants:
            # What is under way to it by now it may get; when it is heard again, it can tell.
            party.passed, party.settled, party.moved_at = self._sendings, 0, now
        if gained:
            party.moved_at = now
            newest = max((self._sent[number] for first, last in gained for number in range(first, last + 1)), default=0)
            if newest > party.passed:
                least, most = limits.FILE_AHEAD[1:]
                party.allowed = min(most, max(least, 4 * (newest - party.passed)))
                party.passed = newest
        party.held, party.wants, party.heard_at, party.begin = held, told.wants, now, 1
        if told.asks and self._has_to_answer():
            wait = now + self._chance.uniform(*limits.HOLDING_ANSWER_SECONDS)
            self._say_at = wait if self._say_at is None else min(self._say_at, wait)

    # What to do

    def next_number(self, now: float) -> int | None:
        """The chunk to send now, which counts as sent; None if nobody lacks one, or can take more at the moment."""
        if not self._connected or not self.held:
            return None
        takers = [party for party in self._parties.values() if party.wants and now - party.heard_at < limits.FILE_TAKER_SECONDS]
        for party in sorted(takers, key=lambda party: -party.passed):
            self._give_up_waiting(party, now)
            if self._sendings - party.passed < party.allowed and (number := self._lacking(party, now)) is not None:
                self._sendings += 1
                self._sent[number] = self._sendings
                return number
        return None

    def says(self, now: float) -> Holding | None:
        """What to tell the others, if it is time to."""
        if not self._connected or self._say_at is None or now < self._say_at:
            return None
        held = [(first - 1, last - 1) for first, last in self.held[: limits.FILE_SPANS]]
        told = Holding(self._transfer, held, self.wants, self._asks)
        self._asks = False
        self._say_at = None
        if self.wants:
            self._say_at = now + self._pause
            self._pause = min(limits.HOLDING_REPEAT_SECONDS[1], self._pause * limits.HOLDING_GROWTH)
            self._asks = self._pause > limits.FILE_STALL_SECONDS
        elif self._farewells:
            self._farewells -= 1
            self._say_at = now + limits.HOLDING_REPEAT_SECONDS[0]
        return told

    def due(self, now: float) -> float | None:
        """When `says` or `next_number` must be asked next (monotonic seconds); None if only an input can change anything."""
        if not self._connected:
            return None
        times = [self._say_at] if self._say_at is not None else []
        if self.held and any(party.wants and now - party.heard_at < limits.FILE_TAKER_SECONDS for party in self._parties.values()):
            times.append(now + limits.FILE_LOOK_SECONDS)
        return min(times, default=None)

    # Within

    def _give_up_waiting(self, party: _Party, now: float) -> None:
        """After a while without news all that was sent counts as lost, because nothing sent later can show it."""
        if now - party.moved_at > limits.FILE_LOST_SECONDS and party.passed < self._sendings:
            party.passed = party.settled = self._sendings
            party.moved_at, party.begin = now, 1
            party.allowed = max(limits.FILE_AHEAD[1], party.allowed // 2)

    def _lacking(self, party: _Party, now: float) -> int | None:
        """The first chunk that a taker lacks, that was not sent or was lost, and that is this device's to send."""
        lacking = subtract(self.held, party.held)
        for place, other in enumerate(self._better(), 1):
            if now - party.moved_at <= place * limits.FILE_STALL_SECONDS:
                lacking = subtract(lacking, other.held)
        for first, last in lacking:
            for number in range(max(first, party.begin), last + 1):
                if self._sent[number] <= party.settled:
                    party.begin = number + 1
                    return number
        party.begin = self.count + 1
        return None

    def _better(self) -> list[_Party]:
        """Those whose turn to send comes before this device's: first who offered the file, then in an order that differs for each file."""
        better = [party for device, party in self._parties.items() if party.held and party.rank < self._own_rank and device in self._online]
        return sorted(better, key=lambda party: party.rank)

    def _rank(self, device: bytes) -> bytes:
        return b"" if device == self._author else hashlib.sha256(self._transfer + device).digest()

    def _has_to_answer(self) -> bool:
        return self.wants or (bool(self.held) and len(self._better()) < limits.FILE_ANSWERERS)
