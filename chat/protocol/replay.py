"""Which records of a device were seen before: duplicates and replays are told from news, and news from forks."""

import enum
from typing import Final

from chat.protocol.limits import FORKS, SPARSE_SEQUENCES
from chat.protocol.memory import Peer

_KEPT_BELOW_FLOOR: Final = 32
"""How many numbers up to the floor keep their records' names, so that a fork just behind it is still noticed."""


class Novelty(enum.Enum):
    NEW = "new"
    FORK = "fork"
    """Another record with this number was seen: the device's key is used twice, or its owner lies."""
    SEEN = "seen"


def note_sequence(peer: Peer, sequence: int, name: bytes) -> Novelty:
    """Judge a verified record by its number and its name (the first 16 bytes of its hash), and remember it in `peer`.

    The first number that is heard of a device sets the floor: what it said before can no longer be told from a replay. When too
    many numbers are missing, the floor moves up over the oldest gap.
    """
    known = peer.recent.get(sequence)
    if known is not None:
        if name in known or len(known) >= FORKS:
            return Novelty.SEEN
        known.append(name)
        return Novelty.FORK
    if peer.floor == 0 and not peer.recent:
        peer.floor = sequence - 1
    if sequence <= peer.floor:
        return Novelty.SEEN
    peer.recent[sequence] = [name]
    _raise_floor(peer)
    return Novelty.NEW


def _raise_floor(peer: Peer) -> None:
    while peer.floor + 1 in peer.recent:
        peer.floor += 1
    above = [number for number in peer.recent if number > peer.floor]
    if len(above) > SPARSE_SEQUENCES:
        peer.floor = min(above)
        while peer.floor + 1 in peer.recent:
            peer.floor += 1
    below = [number for number in peer.recent if number <= peer.floor]
    for number in sorted(below)[:-_KEPT_BELOW_FLOOR]:
        del peer.recent[number]
