"""What a face (window, console, script) and the session say to each other: commands in, events out.

All of it is plain, immutable data, so it may cross threads. A face reads events with `match` and closes the match with
`assert_never`; a type checker then finds the case that was forgotten.
"""

import enum
from dataclasses import dataclass, field

from chat.address import BrokerAddress

# Commands: what a person asks for.


@dataclass(frozen=True, slots=True)
class Join:
    """Enter the room (`topic` + `passphrase`) at `broker`, leaving the present one first.

    An empty `passphrase` keeps the one of the present room (the settings dialog does not ask for it again). `password` is the
    broker's, for `broker.user`; None keeps the one that is stored, "" forgets it.
    """

    broker: BrokerAddress
    topic: str
    username: str
    passphrase: str = field(default="", repr=False)
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Say:
    """Send `text` to the room."""

    text: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Try the broker now instead of when the countdown ends."""


@dataclass(frozen=True, slots=True)
class Older:
    """Show more of what was said before the message with this `Message.order`; a `Page` answers."""

    order: tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Close:
    """Say goodbye, close the connection and the files, and end the session's thread.

    What the broker does not have yet goes out when the room is entered again, unless it is to be forgotten.
    """

    forget_unsent: bool = False


Command = Join | Say | Older | Reconnect | Close

# What the events carry.


class Link(enum.Enum):
    """The connection to the broker, as a person sees it."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    """Down; it is tried again when the countdown ends."""
    STOPPED = "stopped"
    """Down for a reason that trying again does not mend (wrong password, session taken over)."""


class Delivery(enum.Enum):
    """How far a message of one's own is known to have come, never more than that."""

    WAITING = "waiting"
    """Held back by the sending limit; it goes out by itself."""
    QUEUED = "queued"
    """Signed and ready; the broker does not have it yet."""
    AT_BROKER = "at the broker"
    FAILED = "failed"
    """The broker refused it; `reason` says why."""


class Trust(enum.Enum):
    """What the pins of this computer say about a name and its key."""

    PINNED = "pinned"
    """The first key that claimed this name here."""
    CHANGED = "changed"
    """Another key holds this name, or one that looks like it: be careful."""
    UNPINNED = "unpinned"
    """No name is known yet, or there was no room left for another pin."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as every face shows it.

    `key` identifies it for good (own messages keep theirs while their state changes). `order` sorts the conversation: (clock, device,
    sequence), the same for every member. `time` is Unix seconds, the sender's when `clock_trusted`, otherwise that of arrival.
    `device` is the public key in hex; colours and avatars derive from it.
    """

    key: str
    device: str
    name: str
    own: bool
    text: str
    time: float
    order: tuple[int, str, int]
    trust: Trust
    clock_trusted: bool = True
    forked: bool = False
    """The device signed another message with the same number: its key is in use twice, or its owner is not honest."""
    newer: bool = False
    """The sender uses a kind of message that this version does not know; `text` is empty."""


@dataclass(frozen=True, slots=True)
class Member:
    """One device in the room. `fingerprint` is for people to compare: groups of letters and digits."""

    device: str
    name: str
    own: bool
    online: bool
    last_seen: float
    """Unix seconds by this computer's clock."""
    trust: Trust
    fingerprint: str


# Events: what happened.


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of entering a room began; `sentence` names it, for example “Deriving the key…”."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Entered:
    """The room's keys are ready and its messages can be shown; the connection is reported on its own.

    `fingerprint` is the room's: the same for everyone with the same topic and passphrase.
    """

    broker: BrokerAddress
    topic: str
    username: str
    device: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class JoinRefused:
    """The room was not entered. `field` is as in `EntryError`, "" when no single entry is at fault.

    The old room is still there, unless `Left` came before.
    """

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The connection's state. `retry_at` is a `time.monotonic()` value, only with `Link.WAITING`.

    `security` says what protects the way to the broker (“TLS 1.3”, “not encrypted on the way”), only with `Link.CONNECTED`.
    """

    link: Link
    sentence: str
    retry_at: float | None = None
    security: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the kept conversation, in its order; `more` says whether there is something before it.

    One follows each `Entered` with what was said last, others answer `Older`.
    """

    messages: tuple[tuple[Message, Delivery | None], ...]
    more: bool


@dataclass(frozen=True, slots=True)
class MessageShown:
    """A message to show; `delivery` is None for the others' messages."""

    message: Message
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True)
class DeliveryChanged:
    """An own message came further, or failed with a reason."""

    key: str
    delivery: Delivery
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MessagesFolded:
    """A device sends faster than a person reads: `count` more messages (in all) are kept behind “120 more from Bob”.

    `messages` are the ones that were folded since the last such event.
    """

    device: str
    name: str
    count: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class SayRefused:
    """The text was not taken; it belongs back in the message box. `sentence` says why."""

    text: str
    sentence: str


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """All members now, oneself first, then those online by name, then the others."""

    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class ForeignCounted:
    """How many packets on the room's topic could not be opened or were not valid, since the room was entered."""

    total: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A line about the room itself, shown between the messages."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Left:
    """The room was left. `unsent` are texts that the broker never confirmed; they go out when the room is entered again."""

    topic: str
    unsent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """The session's thread ends with this event."""


Event = (
    Progress
    | Entered
    | JoinRefused
    | LinkChanged
    | Page
    | MessageShown
    | DeliveryChanged
    | MessagesFolded
    | SayRefused
    | MembersChanged
    | ForeignCounted
    | Notice
    | Left
    | Closed
)
