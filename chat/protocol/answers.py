"""What other members asked for and this one can give: who answers, when, and what is left once another was quicker."""

import hashlib
import random
from collections.abc import Collection
from dataclasses import dataclass

from chat.protocol import limits
from chat.protocol.control import Want
from chat.protocol.ledger import Ledger
from chat.protocol.rate import TokenBucket
from chat.protocol.spans import Span, add_span, has_number, intersect, newest, size, subtract


@dataclass(slots=True)
class _Pending:
    spans: list[Span]
    at: float


class Answers:
    """Members rank themselves for each request, by a hash over those who are here, the author first, and wait their turn."""

    def __init__(self, own: bytes, ledger: Ledger, chance: random.Random, now: float) -> None:
        self._own = own
        self._ledger = ledger
        self._chance = chance
        self._bucket = TokenBucket(limits.BUNDLE_BURST, limits.BUNDLES_PER_SECOND, now)
        self._pending: dict[bytes, _Pending] = {}

    def asked(self, requester: bytes, counter: int, want: Want, online: Collection[bytes], now: float) -> None:
        """A member asks for records; `counter` is that of its packet."""
        for device, spans in want.wanted:
            mine = intersect(spans, self._ledger.held(device))
            if not mine:
                continue
            at = now + self._rank(device, requester, counter, online) * limits.RANK_SECONDS
            pending = self._pending.get(device)
            if pending is None:
                if len(self._pending) < limits.CLAIMED_DEVICES:
                    self._pending[device] = _Pending(mine, at)
                continue
            for first, last in mine:
                add_span(pending.spans, first, last)
            pending.at = min(pending.at, at)

    def waits_for(self, device: bytes, number: int) -> bool:
        """Whether this record is still to be sent."""
        pending = self._pending.get(device)
        return pending is not None and has_number(pending.spans, number)

    def heard(self, device: bytes, number: int) -> None:
        """Somebody has sent a record; it need not be sent again."""
        if self.waits_for(device, number):
            pending = self._pending[device]
            pending.spans = subtract(pending.spans, [(number, number)])
            if not pending.spans:
                del self._pending[device]

    def disconnected(self) -> None:
        """The connection broke; whoever still wants something asks again."""
        self._pending.clear()

    def due(self, now: float) -> float | None:
        """When `tick` has something to do (monotonic seconds)."""
        if not self._pending:
            return None
        return max(min(pending.at for pending in self._pending.values()), self._bucket.ready_at(now))

    def tick(self, now: float) -> list[tuple[bytes, Span]]:
        """The records to send now, by device: enough for one bundle."""
        wanted: list[tuple[bytes, Span]] = []
        left = limits.WANT_RECORDS
        for device in [device for device, pending in self._pending.items() if pending.at <= now]:
            if left <= 0 or (not wanted and not self._bucket.take(now)):
                break
            pending = self._pending[device]
            spans = newest(pending.spans, left)
            left -= size(spans)
            wanted += [(device, span) for span in spans]
            pending.spans = subtract(pending.spans, spans)
            if not pending.spans:
                del self._pending[device]
        return wanted

    def _rank(self, author: bytes, requester: bytes, counter: int, online: Collection[bytes]) -> float:
        if author == self._own:
            return 0.0
        others = [device for device in online if device not in (requester, author)]
        salt = requester + counter.to_bytes(8, "big")
        own = hashlib.sha256(salt + self._own).digest()
        before = sum(hashlib.sha256(salt + device).digest() < own for device in others)
        rank = before + (author in online)
        return rank if rank < limits.RANKS else limits.RANKS + self._chance.uniform(0, limits.RANKS / 2)
