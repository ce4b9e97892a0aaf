"""What a face (window, console, script) and the session say to each other: commands in, events out.

A session may be in several rooms: the one of its login, and others beside it. A command or an event about a room stands for the login's;
for another room it is put into `ToRoom` or `FromRoom`. All of it is plain, immutable data, so it may cross threads. A face reads events
with `match` and closes the match with `assert_never`; a type checker then finds the case that was forgotten.
"""

import enum
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from chat.address import BrokerAddress

# Commands: what a person asks for.


@dataclass(frozen=True, slots=True)
class Join:
    """Log in: enter the room (`topic` + `passphrase`) at `broker` in the place of the present one, and the rooms remembered with it.

    An empty `passphrase` keeps the one of the present room (the settings dialog does not ask for it again). `password` is the
    broker's, for `broker.user`; None keeps the one that is stored, "" forgets it.
    """

    broker: BrokerAddress
    topic: str
    username: str
    passphrase: str = field(default="", repr=False)
    password: str | None = field(default=None, repr=False)
    alone: bool = False
    """Enter no other room."""


@dataclass(frozen=True, slots=True)
class JoinBeside:
    """Enter one more room, and remember it with the login's; the entries are as in `Join`.

    For a room that was entered already, an empty `passphrase` keeps its own: so it moves to another broker or takes another name.
    """

    broker: BrokerAddress
    topic: str
    username: str
    passphrase: str = field(default="", repr=False)
    password: str | None = field(default=None, repr=False)


class Open(msgspec.Struct, frozen=True):
    """Show the room from the start: `Entered`, the last page, and all that is known of it."""


class Read(msgspec.Struct, frozen=True):
    """The person has seen the conversation up to the message with this `Message.order`."""

    order: tuple[int, str, int]


class Leave(msgspec.Struct, frozen=True):
    """Leave a room beside the login's and forget it; what this computer keeps of it stays. `Left` answers."""


class DeleteData(msgspec.Struct, frozen=True):
    """Leave the room and delete what this computer keeps of it. `Deleted` says what was done."""


class Say(msgspec.Struct, frozen=True):
    """Send `text` to the room, as a reply to the message with the key `reply_to` if there is one."""

    text: str
    reply_to: str = ""


class Type(msgspec.Struct, frozen=True):
    """A person is writing a message. It may be posted with every key; the others are told now and then."""


class Edit(msgspec.Struct, frozen=True):
    """Give an own message another text."""

    key: str
    text: str


class Retract(msgspec.Struct, frozen=True):
    """Take an own message back: everyone then shows that it was deleted."""

    key: str


class React(msgspec.Struct, frozen=True):
    """Put an emoji under a message, or take one's own away again if `on` is false."""

    key: str
    emoji: str
    on: bool = True


class Resend(msgspec.Struct, frozen=True):
    """Try a message again that the broker refused."""

    key: str


class Reconnect(msgspec.Struct, frozen=True):
    """Try the broker now instead of when the countdown ends."""


class Older(msgspec.Struct, frozen=True):
    """Show more of what was said before the message with this `Message.order`; a `Page` answers."""

    order: tuple[int, str, int]


class Newer(msgspec.Struct, frozen=True):
    """Show more of what was said after the message with this `Message.order`; a `Page` answers."""

    order: tuple[int, str, int]


class After(msgspec.Struct, frozen=True):
    """Show what was said from this time (Unix seconds) on; a `Page` of the kind NEWER answers."""

    time: float


class Around(msgspec.Struct, frozen=True):
    """Show the conversation around the message with this `Message.order` (None: its end); a `Page` answers."""

    order: tuple[int, str, int] | None


class Search(msgspec.Struct, frozen=True):
    """Look for messages: words, "phrases", from:name, since:2026-11-01. `Found` answers, with the same `number`, maybe several times."""

    number: int
    text: str


class Close(msgspec.Struct, frozen=True):
    """Say goodbye, close the connection and the files, and end the session's thread.

    What the broker does not have yet goes out when the room is entered again, unless it is to be forgotten.
    """

    forget_unsent: bool = False


class Keep(msgspec.Struct, frozen=True):
    """Keep what is said for so many days from now on; None keeps it all, 0 deletes it when the room is left. Earlier is not asked for."""

    days: int | None


class SendFile(msgspec.Struct, frozen=True):
    """Offer a file to the room. The offer is a message, which is shown as soon as the file was read once."""

    path: Path


class AcceptFile(msgspec.Struct, frozen=True):
    """Receive the file that the message with this key offers, or go on with it; it is stored in `folder` under a free name."""

    key: str
    folder: Path


class PauseFile(msgspec.Struct, frozen=True):
    """Send or receive a file no further for now; `AcceptFile` or `ResumeFile` goes on."""

    key: str


class ResumeFile(msgspec.Struct, frozen=True):
    """Go on with a file that was paused."""

    key: str


class DeclineFile(msgspec.Struct, frozen=True):
    """Do not receive a file, or not any more: what arrived of it is deleted. One's own is sent to nobody any more, and taken back."""

    key: str


class Mute(msgspec.Struct, frozen=True):
    """Keep quiet about what is said in the room, or not any more; this is remembered."""

    on: bool


class LimitFiles(msgspec.Struct, frozen=True):
    """Keep files to a size and a speed that do no harm to a broker of others: everywhere, nowhere, or (None) on public brokers."""

    on: bool | None


RoomCommand = (
    Open | Read | Say | Type | Edit | Retract | React | Resend | Older | Newer | After | Around | Search | Keep
    | Mute | DeleteData | Leave | Reconnect | SendFile | AcceptFile | PauseFile | ResumeFile | DeclineFile
)  # fmt: skip


class ToRoom(msgspec.Struct, frozen=True):
    """A command about the room with this `Entered.room`."""

    room: str
    command: RoomCommand


Command = Join | JoinBeside | ToRoom | RoomCommand | LimitFiles | Close

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
    """The broker refused it; `reason` says why. `Resend` tries again."""


class Trust(enum.Enum):
    """What the pins of this computer say about a name and its key."""

    PINNED = "pinned"
    """The first key that claimed this name here."""
    CHANGED = "changed"
    """Another key holds this name, or one that looks like it: be careful."""
    UNPINNED = "unpinned"
    """No name is known yet, or there was no room left for another pin."""


class Quote(msgspec.Struct, frozen=True):
    """The message that another one answers, as it is now. `name` and `text` are empty while it is not here."""

    key: str
    order: tuple[int, str, int] | None = None
    device: str = ""
    name: str = ""
    text: str = ""
    retracted: bool = False


class Reaction(msgspec.Struct, frozen=True):
    """One emoji under a message, with who put it there; `own` says whether this device did."""

    emoji: str
    names: tuple[str, ...]
    own: bool


class File(msgspec.Struct, frozen=True):
    """A file that was offered: its name as the sender gave it, its size in bytes, and its media type."""

    name: str
    size: int
    type: str


class Message(msgspec.Struct, frozen=True):
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
    reply: Quote | None = None
    edited: bool = False
    retracted: bool = False
    """The sender took it back; `text` is empty."""
    reactions: tuple[Reaction, ...] = ()
    file: File | None = None
    """What is offered, unless it was taken back; `text` is its name."""


class Member(msgspec.Struct, frozen=True):
    """One device in the room. `fingerprint` is for people to compare: groups of letters and digits."""

    device: str
    name: str
    own: bool
    online: bool
    last_seen: float
    """Unix seconds by this computer's clock."""
    trust: Trust
    fingerprint: str


class FileStage(enum.Enum):
    """How it stands with a file, at this device."""

    OFFERED = "offered"
    """Another member offers it, and nobody here has said yet whether to take it."""
    DECLINED = "declined"
    WAITING = "waiting"
    """Accepted; nobody who has it is here."""
    RECEIVING = "receiving"
    PAUSED = "paused"
    """By a person here, or because of `FileChanged.sentence`."""
    SAVED = "saved"
    """All of it is in `FileChanged.path`."""
    FAILED = "failed"
    """`FileChanged.sentence` says why."""
    READING = "reading"
    """An own file is read once before it is offered, or again before it can be sent on."""
    SHARED = "shared"
    """An own file that the others may have; `FileChanged.takers` says how many want it."""


class Gap(msgspec.Struct, frozen=True):
    """Messages of one device that are known to exist and that nobody who is here has. They belong before `order`."""

    device: str
    name: str
    count: int
    order: tuple[int, str, int]


class PageKind(enum.Enum):
    """What a page answers."""

    LAST = "last"
    """The end of the conversation; it takes the place of whatever is shown."""
    OLDER = "older"
    NEWER = "newer"
    AROUND = "around"
    """The surroundings of one message; it takes the place of whatever is shown."""


# Events: what happened.


class Progress(msgspec.Struct, frozen=True):
    """A step of entering a room began; `sentence` names it, for example “Deriving the key…”."""

    sentence: str


class RoomSummary(msgspec.Struct, frozen=True):
    """One room in a list of rooms. `sender`, `text` and `time` (Unix seconds) are of its last message; `name` is one's own there."""

    room: str
    topic: str
    broker: BrokerAddress
    name: str
    sender: str
    text: str
    time: float
    unread: int
    online: int
    """How many other members are online."""
    link: Link
    login: bool
    """Whether it is the room of the login."""
    muted: bool = False
    """Whether to keep quiet about what is said there."""


class RoomsChanged(msgspec.Struct, frozen=True):
    """All rooms now, that of the login first."""

    rooms: tuple[RoomSummary, ...]


class Entered(msgspec.Struct, frozen=True):
    """The room's keys are ready and its messages can be shown; the connection is reported on its own.

    `room` tells it from others, for good. `fingerprint` is the room's: the same for everyone with the same topic and passphrase.
    """

    room: str
    broker: BrokerAddress
    topic: str
    username: str
    device: str
    fingerprint: str
    keep_days: int | None = None
    """For how long the history is kept, as in `Keep`."""
    read: tuple[int, str, int] | None = None
    """The message that was seen last, if there are unread ones after it."""


class JoinRefused(msgspec.Struct, frozen=True):
    """The room was not entered. `field` is as in `EntryError`, "" when no single entry is at fault.

    The old room is still there, unless `Left` came before.
    """

    field: str
    sentence: str


class LinkChanged(msgspec.Struct, frozen=True):
    """The connection's state. `retry_at` is a `time.monotonic()` value, only with `Link.WAITING`.

    `security` says what protects the way to the broker (“TLS 1.3”, “not encrypted on the way”), only with `Link.CONNECTED`.
    """

    link: Link
    sentence: str
    retry_at: float | None = None
    security: str = ""


class Page(msgspec.Struct, frozen=True):
    """Part of the kept conversation, in its order, and whether there is more of it before and after.

    One of the kind LAST follows each `Entered`; the others answer `Older`, `Newer` and `Around`.
    """

    kind: PageKind
    messages: tuple[tuple[Message, Delivery | None], ...]
    more_before: bool
    more_after: bool


class MessageShown(msgspec.Struct, frozen=True):
    """A message to show; `delivery` is None for the others' messages."""

    message: Message
    delivery: Delivery | None = None


class MessageChanged(msgspec.Struct, frozen=True):
    """A message that may be shown looks different now: it was edited, taken back, or reacted to, or what it answers arrived."""

    message: Message


class TypistsChanged(msgspec.Struct, frozen=True):
    """Who is writing a message now, by name."""

    names: tuple[str, ...]


class ReceiptsChanged(msgspec.Struct, frozen=True):
    """Who has this device's messages: for each other member that told it, the first and the last sequence (`Message.order[2]`) of a run.

    So an own message with the sequence s is received by as many members as have a run with first <= s <= last, of `members`.
    """

    runs: tuple[tuple[int, int], ...]
    members: int


class GapsChanged(msgspec.Struct, frozen=True):
    """All gaps now, of every device."""

    gaps: tuple[Gap, ...]


class Supplied(msgspec.Struct, frozen=True):
    """What was said before this device joined came from these members. It belongs above a divider right before `order`."""

    names: tuple[str, ...]
    order: tuple[int, str, int]


class Found(msgspec.Struct, frozen=True):
    """What a search has found so far, newest first. With `complete`, that is everything there is."""

    number: int
    messages: tuple[Message, ...]
    complete: bool


class DeliveryChanged(msgspec.Struct, frozen=True):
    """An own message came further, or failed with a reason."""

    key: str
    delivery: Delivery
    reason: str = ""


class FileChanged(msgspec.Struct, frozen=True):
    """How it stands with the file that the message with this key offers; "" is an own file that is not offered yet.

    `done` and `size` are bytes: of what arrived, or of what those who want an own file have of it on average. `speed` is bytes a second,
    0.0 while nothing moves. An own file was received by `received` of `takers` members who accepted it.
    """

    key: str
    name: str
    stage: FileStage
    size: int
    done: int = 0
    speed: float = 0.0
    received: int = 0
    takers: int = 0
    path: Path | None = None
    sentence: str = ""


class FileRefused(msgspec.Struct, frozen=True):
    """A file was not offered; `sentence` says why."""

    path: Path
    sentence: str


class MessagesFolded(msgspec.Struct, frozen=True):
    """A device sends faster than a person reads: `count` more messages (in all) are kept behind “120 more from Bob”.

    `messages` are the ones that were folded since the last such event.
    """

    device: str
    name: str
    count: int
    messages: tuple[Message, ...]


class SayRefused(msgspec.Struct, frozen=True):
    """The text was not taken; it belongs back in the message box. `sentence` says why."""

    text: str
    sentence: str


class MembersChanged(msgspec.Struct, frozen=True):
    """All members now, oneself first, then those online by name, then the others."""

    members: tuple[Member, ...]


class ForeignCounted(msgspec.Struct, frozen=True):
    """How many packets on the room's topic could not be opened or were not valid, since the room was entered."""

    total: int


class Notice(msgspec.Struct, frozen=True):
    """A line about the room itself, shown between the messages."""

    sentence: str


class Deleted(msgspec.Struct, frozen=True):
    """What this computer kept of a room is deleted; `sentence` says what that was."""

    sentence: str


class Left(msgspec.Struct, frozen=True):
    """The room was left. `unsent` are texts that the broker never confirmed; they go out when the room is entered again."""

    topic: str
    unsent: tuple[str, ...] = ()


class Closed(msgspec.Struct, frozen=True):
    """The session's thread ends with this event."""


RoomEvent = (
    Entered
    | LinkChanged
    | Page
    | MessageShown
    | MessageChanged
    | DeliveryChanged
    | FileChanged
    | FileRefused
    | ReceiptsChanged
    | TypistsChanged
    | GapsChanged
    | Supplied
    | Found
    | MessagesFolded
    | SayRefused
    | MembersChanged
    | ForeignCounted
    | Notice
    | Left
    | Deleted
)


class FromRoom(msgspec.Struct, frozen=True):
    """An event of a room beside the login's, with its `Entered.room`."""

    room: str
    event: RoomEvent


Event = Progress | JoinRefused | RoomsChanged | FromRoom | RoomEvent | Closed
