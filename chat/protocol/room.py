"""A room as one member sees it: a state machine that is given packets, wishes and the time, and answers with packets and events.

It does no I/O and reads no clock, so a test can run hundreds of rooms against each other in a moment. One thread owns it.
"""

import enum
import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from chat.encryption import Cipher, RoomKeys, TokenError
from chat.events import (
    Delivery,
    DeliveryChanged,
    Event,
    ForeignCounted,
    MembersChanged,
    Message,
    MessagesFolded,
    MessageShown,
    SayRefused,
)
from chat.protocol import limits
from chat.protocol.clock import Moment, adopt_clock, clock_seconds, is_believable, next_clock
from chat.protocol.control import Gone, Here, make_control, read_control
from chat.protocol.faults import PacketError
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Chain, Peers
from chat.protocol.presence import Presence
from chat.protocol.rate import TokenBucket
from chat.protocol.records import Hello, Record, Text, make_record, read_record
from chat.protocol.replay import Novelty, note_sequence
from chat.protocol.signed import Unknown


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
    """What follows from one input, each in order: records to keep (others' and own), packets to publish, events to show.

    Events about a record that turns out to be kept already are not to be shown.
    """

    packets: list[Packet] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    heard: list[Record] = field(default_factory=list)
    said: list[Record] = field(default_factory=list)


class Room:
    """One device's part in one room. `chain` and `peers` change in place; whoever keeps them stores `chain` before it publishes."""

    def __init__(self, keys: RoomKeys, name: str, chain: Chain, peers: Peers, now: Moment, chance: random.Random) -> None:
        self._keys = keys
        self._device = DeviceKey(chain.seed)
        self._records = Cipher(keys.messages)
        self._control = Cipher(keys.control)
        self._name = name
        self._chain = chain
        self._presence = Presence(self._device.public, name, chain, peers, chance)
        self._presence.begin_connection()
        self._chance = chance
        self._sending = TokenBucket(limits.SEND_BURST, limits.SEND_PER_SECOND, now.monotonic)
        self._waiting: deque[Record] = deque()
        self._foreign = 0
        self._members_changed = True
        self._foreign_changed = False
        self._tell_at = now.monotonic

    @property
    def device(self) -> bytes:
        """This device's public key."""
        return self._device.public

    @property
    def waiting(self) -> frozenset[str]:
        """The keys of the records that the sending limit still holds back."""
        return frozenset(record.key for record in self._waiting)

    def read(self, packet: bytes) -> Record:
        """A record that was kept. Raises `PacketError`."""
        return read_record(packet, self._keys.room)

    def resume(self, records: Iterable[Record]) -> None:
        """Go on sending what the broker did not have when the program ended. It keeps to the sending limit."""
        self._waiting.extend(records)

    def message(self, record: Record, now: Moment) -> Message | None:
        """How a record that was kept is shown; None if it is not a message."""
        return None if isinstance(record.body, Hello) else self._message_of(record, record.body, Novelty.NEW, now)

    def will(self) -> Packet:
        """What the broker is to publish if the connection being made breaks."""
        return self._seal_control(Gone(), self._presence.will_counter())

    def farewell(self) -> Packet:
        """Goodbye, to be published just before the connection is closed."""
        return self._seal_control(Gone(), self._presence.next_counter())

    def connected(self, now: Moment) -> Step:
        """The broker has accepted the connection and the subscriptions."""
        step = Step([self._say_control(self._presence.connected(now))])
        self._announce(now, step)
        self._members_changed = True
        return step

    def disconnected(self, now: Moment) -> Step:
        """The connection broke; the next one needs `will` anew."""
        self._presence.disconnected()
        self._members_changed = True
        return self.tick(now)

    def say(self, text: str, now: Moment) -> Step:
        """Send a text, or keep it waiting for the sending limit, or refuse it with a sentence."""
        said = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if not said.strip():
            return Step()
        if len(said.encode()) > limits.TEXT_BYTES:
            return Step(events=[SayRefused(text, f"This message is too long: at most {limits.TEXT_BYTES // 1024} KiB. Send it in parts.")])
        goes_out = not self._waiting and self._sending.take(now.monotonic)
        if not goes_out and len(self._waiting) >= limits.SEND_WAITING:
            return Step(events=[SayRefused(text, f"{limits.SEND_WAITING} messages are waiting to go out. Send this one in a moment.")])
        step = Step()
        self._announce(now, step)
        body = Text(said)
        record = self._next_record(body, now, step)
        message = self._message_of(record, body, Novelty.NEW, now)
        step.events.append(MessageShown(message, Delivery.QUEUED if goes_out else Delivery.WAITING))
        if goes_out:
            self._send(record, step)
        else:
            self._waiting.append(record)
        return step

    def receive(self, channel: Channel, token: bytes, now: Moment) -> Step:
        """Take whatever arrived on a topic of the room. What is not a valid packet is counted, and nothing else comes of it."""
        step = Step()
        try:
            if channel is Channel.RECORDS:
                self._take_record(read_record(self._records.open(token, limits.PACKET_BYTES), self._keys.room), now, step)
            else:
                control = read_control(self._control.open(token, limits.PACKET_BYTES), self._keys.room)
                if control.device != self.device:
                    self._members_changed |= self._presence.receive(control, now)
        except (TokenError, PacketError):
            self._foreign += 1
            self._foreign_changed = True
        self._tell(now, step)
        return step

    def tick(self, now: Moment) -> Step:
        """Do what time has made due: send what waited, say that one is here, tell of changes."""
        step = Step()
        while self._waiting and self._sending.take(now.monotonic):
            record = self._waiting.popleft()
            self._send(record, step)
            step.events.append(DeliveryChanged(record.key, Delivery.QUEUED))
        here, fell_silent = self._presence.tick(now)
        self._members_changed |= fell_silent
        if here is not None:
            step.packets.append(self._say_control(here))
        self._tell(now, step)
        return step

    def due(self, now: Moment) -> float | None:
        """When `tick` must be called next (monotonic seconds); None if only an input can change anything."""
        times = [self._presence.due()]
        if self._waiting:
            times.append(self._sending.ready_at(now.monotonic))
        if self._members_changed or self._foreign_changed:
            times.append(self._tell_at)
        return min((time for time in times if time is not None), default=None)

    def _take_record(self, record: Record, now: Moment, step: Step) -> None:
        if record.device == self.device:
            return
        peer, attendance = self._presence.peer(record.device, now)
        novelty = note_sequence(peer, record.sequence, record.hash[:16])
        if novelty is Novelty.SEEN:
            return
        step.heard.append(record)
        self._chain.clock = adopt_clock(self._chain.clock, record.clock, now.wall)
        peer.last_seen = now.wall
        if isinstance(record.body, Hello):
            self._members_changed |= self._presence.rename(record.device, peer, record.body.name)
            return
        message = self._message_of(record, record.body, novelty, now)
        if attendance.records.take(now.monotonic):
            attendance.folded = 0
            step.events.append(MessageShown(message))
        else:
            attendance.folded += 1
            step.events.append(MessagesFolded(message.device, message.name, attendance.folded, (message,)))

    def _message_of(self, record: Record, body: Text | Unknown, novelty: Novelty, now: Moment) -> Message:
        trusted = is_believable(record.clock, now.wall)
        return Message(
            key=record.key,
            device=record.device.hex(),
            name=self._presence.display_name(record.device),
            own=record.device == self.device,
            text=body.text if isinstance(body, Text) else "",
            time=clock_seconds(record.clock) if trusted else now.wall,
            order=(record.clock, record.device.hex(), record.sequence),
            trust=self._presence.trust(record.device),
            clock_trusted=trusted,
            forked=novelty is Novelty.FORK,
            newer=isinstance(body, Unknown),
        )

    def _send(self, record: Record, step: Step) -> None:
        if (answer := self._presence.answer()) is not None:
            step.packets.append(self._say_control(answer))
        step.packets.append(self._seal_record(record))

    def _announce(self, now: Moment, step: Step) -> None:
        """Tell the name for good, before anything is said under it."""
        if self._chain.announced != self._name:
            self._chain.announced = self._name
            step.packets.append(self._seal_record(self._next_record(Hello(self._name), now, step)))

    def _next_record(self, body: Text | Hello, now: Moment, step: Step) -> Record:
        chain = self._chain
        chain.clock = next_clock(chain.clock, now.wall)
        record = make_record(self._device, self._keys.room, chain.sequence + 1, chain.head, chain.clock, body)
        chain.sequence, chain.head = record.sequence, record.hash
        step.said.append(record)
        return record

    def _seal_record(self, record: Record) -> Packet:
        return Packet(Channel.RECORDS, self._records.seal(record.packet), record)

    def _say_control(self, body: Here) -> Packet:
        return self._seal_control(body, self._presence.next_counter())

    def _seal_control(self, body: Here | Gone, counter: int) -> Packet:
        return Packet(Channel.CONTROL, self._control.seal(make_control(self._device, self._keys.room, counter, body)))

    def _tell(self, now: Moment, step: Step) -> None:
        if now.monotonic < self._tell_at or not (self._members_changed or self._foreign_changed):
            return
        if self._members_changed:
            step.events.append(MembersChanged(self._presence.members(now.wall)))
        if self._foreign_changed:
            step.events.append(ForeignCounted(self._foreign))
        self._members_changed = self._foreign_changed = False
        self._tell_at = now.monotonic + limits.COALESCE_SECONDS
