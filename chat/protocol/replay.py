"""Which records of a device were seen before, and where some are missing."""

import enum
from collections.abc import Mapping, Sequence

from chat.protocol.clock import LARGEST
from chat.protocol.limits import FORKED_NUMBERS, FORKS, SPANS
from chat.protocol.memory import Peer
from chat.protocol.records import ID_BYTES, Record
from chat.protocol.spans import add_span, has_number, touches


class Novelty(enum.Enum):
    NEW = "new"
    KNOWN = "known"
    """A record with this number was seen: only the store can tell whether it was this one."""
    REFUSED = "refused"
    """The device skips so many numbers that no more can be remembered."""


def note_record(peer: Peer, record: Record) -> Novelty:
    """Judge a verified record of a device by its number, and remember it in `peer` if it is new."""
    number = record.sequence
    if has_number(peer.seen, number):
        return Novelty.KNOWN
    if len(peer.seen) >= SPANS and not touches(peer.seen, number):
        return Novelty.REFUSED
    add_span(peer.seen, number, number)
    if not has_number(peer.seen, number - 1):
        peer.starts[number] = (record.clock, record.previous[:ID_BYTES])
    if not has_number(peer.seen, number + 1):
        peer.ends[number] = record.id
    return Novelty.NEW


def find_breaks(peer: Peer, record: Record) -> list[tuple[int, bytes]]:
    """Where the chain breaks at a record that was just noted: numbers whose record here is not the one that the next record names.

    Each comes with the id of the record here: its device has signed another one with that number.
    """
    number = record.sequence
    before = peer.ends.pop(number - 1, b"")
    after = peer.starts.pop(number + 1, (0, b""))[1]
    breaks = []
    if before and before != record.previous[:ID_BYTES]:
        breaks.append((number - 1, before))
    if after and after != record.id:
        breaks.append((number, record.id))
    return breaks


def note_fork(peer: Peer, record: Record, others: list[bytes]) -> bool:
    """Remember that a device signed this record besides `others` (ids) with one number. False if it has done so too often already."""
    if len(others) >= FORKS or (record.sequence not in peer.forks and len(peer.forks) >= FORKED_NUMBERS):
        return False
    peer.forks[record.sequence] = [*others, record.id]
    return True


def may_note_fork(forks: Mapping[int, Sequence[bytes]], number: int) -> bool:
    """Whether another record with this number would be remembered beside these forks."""
    return len(forks[number]) < FORKS if number in forks else len(forks) < FORKED_NUMBERS


def note_break(peer: Peer, number: int, name: bytes) -> bool:
    """Remember that there is another record with this number than the one that is here. False if that is known, or happened too often."""
    if number in peer.forks or len(peer.forks) >= FORKED_NUMBERS:
        return False
    peer.forks[number] = [name]
    return True


def give_up_before(peer: Peer, number: int) -> None:
    """Count the records up to this number as seen, because they are too old to be wanted, and forget that any of them was missing."""
    add_span(peer.seen, 1, number)
    # A list can't name a number beyond the largest.
    peer.kept_from = max(peer.kept_from, min(number + 1, LARGEST))
    firsts, lasts = {first for first, _ in peer.seen}, {last for _, last in peer.seen}
    peer.starts = {first: start for first, start in peer.starts.items() if first in firsts}
    peer.ends = {last: name for last, name in peer.ends.items() if last in lasts}
