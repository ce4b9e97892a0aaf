"""What a device must still know about a room after a restart, as plain data that a store can keep."""

import msgspec

from chat.protocol.records import NO_RECORD
from chat.protocol.spans import Span


class Chain(msgspec.Struct):
    """This device's own place in the room. It is stored before anything that depends on it is published, because a sequence number
    or counter that is used twice would look like a forgery."""

    seed: bytes
    """The Ed25519 seed, 32 bytes."""
    client_id: str
    """The MQTT client identifier: random, and the same each time, so that the broker can resume the session."""
    sequence: int = 0
    head: bytes = NO_RECORD
    clock: int = 0
    connection: int = 0
    announced: str = ""
    """The name that the last Hello record carried."""
    kept_from: int = 1
    """Own records before this one are not kept any more."""
    joined: int = 0
    """The clock of the first own record: what stands before it was said before this device came."""
    suppliers: list[bytes] = msgspec.field(default_factory=list)
    """The devices that passed on what was said before."""
    former: list[bytes] = msgspec.field(default_factory=list)
    """The devices that this program was before its data came back from a backup."""


class Peer(msgspec.Struct):
    """What is known of another device."""

    name: str = ""
    named: int = 0
    """The number of the record that gave the name last."""
    last_seen: float = 0.0
    """Unix seconds by this computer's clock."""
    counter: int = 0
    """The highest counter of its control packets."""
    seen: list[Span] = msgspec.field(default_factory=list)
    """The sequence numbers of its records that arrived here, or that are not wanted because they are too old."""
    kept_from: int = 1
    """Its records before this one are not kept here."""
    starts: dict[int, tuple[int, bytes]] = msgspec.field(default_factory=dict)
    """First number of a span -> the clock of its record, which is where the gap before it stands, and the id of the record before it."""
    ends: dict[int, bytes] = msgspec.field(default_factory=dict)
    """Last number of a span -> the id of its record."""
    forks: dict[int, list[bytes]] = msgspec.field(default_factory=dict)
    """Sequence number -> the ids that are here of the records that it signed with that number, where there is more than one, here or
    elsewhere."""

    @property
    def top(self) -> bytes:
        """The id of its record with the highest number, if it is known."""
        return self.ends.get(self.seen[-1][1], b"") if self.seen else b""


class Peers(msgspec.Struct):
    """All other devices, and which device each name is pinned to (by `names.skeleton`)."""

    devices: dict[bytes, Peer] = msgspec.field(default_factory=dict)
    pins: dict[str, bytes] = msgspec.field(default_factory=dict)
