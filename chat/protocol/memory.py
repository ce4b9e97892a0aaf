"""What a device must still know about a room after a restart, as plain data that a store can keep."""

import msgspec

from chat.protocol.records import NO_RECORD


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


class Peer(msgspec.Struct):
    """What is known of another device."""

    name: str = ""
    last_seen: float = 0.0
    """Unix seconds by this computer's clock."""
    counter: int = 0
    """The highest counter of its control packets."""
    floor: int = 0
    """Every sequence number up to this one counts as seen."""
    recent: dict[int, list[bytes]] = msgspec.field(default_factory=dict)
    """Sequence number above the floor, or just below it -> the records (16 bytes each) that were seen with it."""


class Peers(msgspec.Struct):
    """All other devices, and which device each name is pinned to (by `names.skeleton`)."""

    devices: dict[bytes, Peer] = msgspec.field(default_factory=dict)
    pins: dict[str, bytes] = msgspec.field(default_factory=dict)
