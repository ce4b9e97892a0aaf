"""What goes into a room and what comes out of it, as plain data."""

import enum
from dataclasses import dataclass, field

from chat.events import RoomEvent
from chat.protocol.control import Holding
from chat.protocol.records import Record
from chat.protocol.spans import Span


class Channel(enum.Enum):
    """The last level of a room's topics."""

    RECORDS = "m"
    CONTROL = "c"


@dataclass(frozen=True, slots=True)
class Packet:
    """A token to publish, and the own record that it carries, if any."""

    channel: Channel
    token: bytes = field(repr=False)
    record: Record | None = field(default=None, repr=False)


@dataclass(slots=True)
class Step:
    """What follows from one input, each in order: records to keep (others' and own), packets to publish, events to show."""

    packets: list[Packet] = field(default_factory=list)
    events: list[RoomEvent] = field(default_factory=list)
    heard: list[Record] = field(default_factory=list)
    said: list[Record] = field(default_factory=list)
    doubted: list[Record] = field(default_factory=list)
    """Records whose numbers were seen before; `compare` wants to know what is kept under these."""
    renamed: list[bytes] = field(default_factory=list)
    """Devices that go by another name now, also in what they said before."""
    wanted: list[tuple[bytes, Span]] = field(default_factory=list)
    """Records that others miss, by device; `supply` takes what is kept of them."""
    holdings: list[tuple[bytes, Holding]] = field(default_factory=list)
    """What other devices say that they hold of files."""
