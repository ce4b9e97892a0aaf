"""Who has received what: the receipts that this device owes the others, and those that it got for its own messages."""

from collections.abc import Collection

from chat.protocol import limits
from chat.protocol.control import Receipt
from chat.protocol.ledger import Ledger
from chat.protocol.spans import Span


class Receipts:
    """Collects receipts for a second, or for a heartbeat when many members are here."""

    def __init__(self, own: bytes, ledger: Ledger) -> None:
        self._own, self._ledger = own, ledger
        self._owed: set[bytes] = set()
        self._at: float | None = None
        self._told: dict[bytes, Span] = {}

    def owe(self, device: bytes, now: float, online: Collection[bytes]) -> None:
        """A device's record arrived, or the device came back and does not know what was received meanwhile."""
        if device not in online:
            return
        self._owed.add(device)
        if self._at is None and len(online) <= limits.RECEIPT_MEMBERS:
            self._at = now + limits.RECEIPT_SECONDS

    def heard(self, member: bytes, receipt: Receipt) -> bool:
        """Another member's receipt. Says whether it tells something new about one's own messages."""
        for device, first, last in receipt.received:
            if device == self._own and self._told.get(member) != (first, last) and last <= self._ledger.sent[0]:
                if member not in self._told and len(self._told) >= limits.DEVICES:
                    del self._told[next(iter(self._told))]
                self._told[member] = (first, last)
                return True
        return False

    def known(self) -> tuple[Span, ...]:
        """For each member that told it, the run of one's own records that it has."""
        return tuple(sorted(self._told.values()))

    def due(self) -> float | None:
        """When `tick` has something to do (monotonic seconds)."""
        return self._at

    def tick(self, now: float, *, heartbeat: bool) -> Receipt | None:
        """What to tell now."""
        if not self._owed or not (heartbeat or (self._at is not None and now >= self._at)):
            return None
        chosen = sorted(self._owed)[: limits.RECEIPT_DEVICES]
        self._owed.difference_update(chosen)
        self._at = now + limits.RECEIPT_SECONDS if self._owed and self._at is not None else None
        last = [(device, *seen[-1]) for device in chosen if (seen := self._ledger.seen(device))]
        return Receipt(last) if last else None

    def disconnected(self) -> None:
        """The connection broke."""
        self._owed.clear()
        self._at = None
