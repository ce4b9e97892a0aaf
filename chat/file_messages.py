"""What rooms, connections and the files' thread say to each other. Plain data that crosses threads."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from chat.events import FileChanged, FileRefused
from chat.kept_file import Kept
from chat.protocol.control import Holding
from chat.protocol.records import FileOffer


class Link(Protocol):
    """What is used of a connection; all of it may be called from any thread."""

    def publish(self, topic: str, payload: bytes, qos: int, token: int) -> None: ...
    def acknowledge(self, receipt: int) -> None: ...
    def subscribe(self, name: str, topics: list[tuple[str, int]]) -> None: ...
    def unsubscribe(self, name: str) -> None: ...


# What rooms tell


@dataclass(frozen=True, slots=True)
class Entered:
    """A room was entered. `topic` is that of its files, without their ids; `kept` is what was remembered of them."""

    room: str
    device: bytes
    topic: str
    kept: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class Up:
    """The room can be reached. `packet_bytes` and `receive_maximum` are the broker's limits."""

    room: str
    link: Link
    packet_bytes: int
    receive_maximum: int
    is_public: bool


@dataclass(frozen=True, slots=True)
class Down:
    """It can't be reached any more."""

    room: str


@dataclass(frozen=True, slots=True)
class Gone:
    """It was left. With `delete`, what arrived of unfinished files is deleted."""

    room: str
    delete: bool


@dataclass(frozen=True, slots=True)
class Present:
    """The other devices that are there now."""

    room: str
    online: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Heard:
    """Another device said what it holds."""

    room: str
    device: bytes
    told: Holding


@dataclass(frozen=True, slots=True)
class Share:
    """A person wants to offer a file, or not any more."""

    room: str
    path: Path
    on: bool = True


@dataclass(frozen=True, slots=True)
class Offered:
    """The offer of a file that was read is a record now, with this id; or it was not taken."""

    room: str
    path: Path
    offer: FileOffer
    id: bytes


@dataclass(frozen=True, slots=True)
class Accept:
    """Receive a file into a folder."""

    room: str
    id: bytes
    author: bytes
    offer: FileOffer
    folder: Path


@dataclass(frozen=True, slots=True)
class Pause:
    """Do not go on with a file, or go on."""

    room: str
    id: bytes
    paused: bool


@dataclass(frozen=True, slots=True)
class Drop:
    """Have nothing to do with a file any more; `offer` is known if it was declined before anything else was done."""

    room: str
    id: bytes
    author: bytes
    offer: FileOffer | None


@dataclass(frozen=True, slots=True)
class Tell:
    """Say how it stands with these files."""

    room: str
    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Unheard:
    """The broker does not let this user read a file's topic."""

    room: str
    id: bytes
    sentence: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Keep to the courteous limits: everywhere, nowhere, or (None) on public brokers."""

    on: bool | None


# What connections tell


@dataclass(frozen=True, slots=True)
class Chunk:
    """A packet on a file's topic."""

    link: Link
    topic: str
    token: bytes = field(repr=False)
    receipt: int | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The broker has a chunk that was published with this number, or refuses it with a sentence."""

    number: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End the thread."""


RoomInput = Up | Down | Gone | Present | Heard | Share | Offered | Accept | Pause | Drop | Tell | Unheard
"""What concerns a room that was entered."""
ToFiles = Entered | RoomInput | Limit | Chunk | Answered | Stop


@dataclass(frozen=True, slots=True)
class Ready:
    """A file was read and can be offered."""

    path: Path
    offer: FileOffer


@dataclass(frozen=True, slots=True)
class Remember:
    """All that is to be remembered of the room's files."""

    files: list[Kept]


@dataclass(frozen=True, slots=True)
class FromFiles:
    """For a room: something to tell the others, to offer, to remember, or to show."""

    room: str
    content: Holding | Ready | Remember | FileChanged | FileRefused
