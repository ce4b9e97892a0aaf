"""What a room's history remembers of a file that was offered there."""

import enum

import msgspec

from chat.protocol.records import FileOffer


class Role(enum.Enum):
    """What this device has to do with a file."""

    SHARES = "shares"
    """It has all of it, in the file `Kept.path`, and gives it to those who want it."""
    RECEIVES = "receives"
    """It is to be stored in the folder `Kept.path`."""
    DECLINED = "declined"


class Kept(msgspec.Struct, frozen=True):
    """One file. `id` is that of its offer, `author` the device that made it."""

    id: bytes
    author: bytes
    offer: FileOffer
    role: Role
    path: str = ""
    paused: bool = False
    received: tuple[bytes, ...] = ()
    """The devices that said they have all of it."""
