"""When members tell each other what they have seen: briefly all the time, in full when something differs."""

import random
from collections.abc import Iterator

from chat.protocol import limits
from chat.protocol.control import Digest, Entry, Have
from chat.protocol.identity import KEY_BYTES
from chat.protocol.ledger import Ledger
from chat.protocol.replay import may_note_fork
from chat.protocol.spans import from_number, subtract


class Gossip:
    """Times the digests and lists of one member."""

    def __init__(self, ledger: Ledger, chance: random.Random) -> None:
        self._ledger = ledger
        self._chance = chance
        self._connected = False
        self._digest_at = 0.0
        self._have_at: float | None = None
        self._because = b""
        """The digest that the full list is to answer."""
        self._last_have = (0.0, b"")
        """When a full list was sent last, and the digest then."""
        self._pause = limits.HAVE_PAUSE_SECONDS[0]
        self._tell: set[bytes] = set()
        """The devices about which somebody knows less than this one."""
        self._tell_at = 0.0

    def connected(self, now: float) -> None:
        """The connection is up: list everything soon."""
        self._connected = True
        self._schedule_digest(now)
        self._have_at, self._because = now + self._chance.uniform(0.3, 1.0), b""
        self._pause, self._last_have = limits.HAVE_PAUSE_SECONDS[0], (0.0, b"")

    def disconnected(self) -> None:
        """The connection broke."""
        self._connected = False
        self._have_at = None
        self._tell.clear()

    def changed(self, now: float) -> None:
        """Something new was seen or sent."""
        self._digest_at = min(self._digest_at, now + self._chance.uniform(*limits.SETTLED_SECONDS))

    def heard_digest(self, digest: bytes, now: float) -> None:
        """Another member's digest."""
        if digest == self._ledger.digest:
            self._schedule_digest(now)
        elif self._ledger.had(digest):
            self._digest_at = min(self._digest_at, now + self._chance.uniform(0.5, 2.0))
        else:
            self._list_soon(digest, now)

    def heard_have(self, have: Have, now: float) -> None:
        """Another member's list: whether it lacks something that is here, and whether it says what was about to be said."""
        if have.digest == self._ledger.digest:
            self._have_at = None
            self._schedule_digest(now)
        behind: set[bytes] = set()
        for entry in have.entries:
            held = self._ledger.held(entry.device)
            # A list that is full says nothing of what stands before it.
            told_of = from_number(held, entry.seen[0][0]) if len(entry.seen) >= limits.HAVE_SPANS else held
            if subtract(told_of, entry.seen) or (entry.seen and self._knows_more_forks(entry)):
                behind.add(entry.device)
            elif entry.device in self._tell and not subtract(held, from_number(entry.seen, entry.kept_from)):
                self._tell.discard(entry.device)
        if have.low or have.high:
            listed = {entry.device for entry in have.entries}
            behind.update(device for device in self._ledger.devices() if have.low <= device <= have.high and device not in listed)
        if behind:
            if not self._tell:
                self._tell_at = now + self._chance.uniform(*limits.TELL_SECONDS)
            self._tell |= {device for device in behind if self._ledger.held(device)}

    def due(self) -> float | None:
        """When `tick` has something to do (monotonic seconds)."""
        if not self._connected:
            return None
        times = [self._digest_at]
        if self._have_at is not None:
            times.append(self._have_at)
        if self._tell:
            times.append(self._tell_at)
        return min(times)

    def tick(self, now: float) -> Iterator[Digest | Have]:
        """What to say now."""
        if not self._connected:
            return
        if self._have_at is not None and now >= self._have_at:
            self._have_at = None
            if not self._because or not (self._ledger.had(self._because) or self._ledger.digest == self._because):
                yield from self._full_list(now)
        if self._tell and now >= self._tell_at:
            entries = [self._ledger.entry(device) for device in sorted(self._tell)]
            self._tell.clear()
            for part in _parts(entries):
                yield Have(self._ledger.digest, b"", b"", part)
        if now >= self._digest_at:
            self._schedule_digest(now)
            yield Digest(self._ledger.digest)

    def _full_list(self, now: float) -> Iterator[Have]:
        first, longest = limits.HAVE_PAUSE_SECONDS
        self._pause = min(longest, self._pause * 2) if self._last_have[1] == self._ledger.digest else first
        self._last_have = (now, self._ledger.digest)
        parts = list(_parts([self._ledger.entry(device) for device in self._ledger.devices()])) or [[]]
        low = bytes(KEY_BYTES)
        for place, part in enumerate(parts):
            high = part[-1].device if place < len(parts) - 1 else b"\xff" * KEY_BYTES
            yield Have(self._ledger.digest, low, high, part)
            low = _after(high)

    def _list_soon(self, because: bytes, now: float) -> None:
        at = now + self._chance.uniform(*limits.HAVE_SECONDS)
        if self._last_have[1] == self._ledger.digest:
            at = max(at, self._last_have[0] + self._pause)
        if self._have_at is None or at < self._have_at:
            self._have_at, self._because = at, because

    def _knows_more_forks(self, entry: Entry) -> bool:
        if not self._ledger.held(entry.device):
            return False
        theirs = dict(entry.forks)
        mine = dict(self._ledger.entry(entry.device).forks)
        return any(set(ids) - set(theirs.get(number, [])) for number, ids in mine.items() if may_note_fork(theirs, number))

    def _schedule_digest(self, now: float) -> None:
        self._digest_at = now + limits.DIGEST_SECONDS * self._chance.uniform(0.7, 1.3)


def _parts(entries: list[Entry]) -> Iterator[list[Entry]]:
    """The entries in as many lists as packets are needed."""
    part: list[Entry] = []
    length = 0
    for entry in entries:
        needs = 64 + 20 * len(entry.seen) + 80 * len(entry.forks)
        if part and length + needs > limits.HAVE_BYTES:
            yield part
            part, length = [], 0
        part.append(entry)
        length += needs
    if part:
        yield part


def _after(key: bytes) -> bytes:
    return ((int.from_bytes(key, "big") + 1) % (1 << 8 * KEY_BYTES)).to_bytes(KEY_BYTES, "big")
