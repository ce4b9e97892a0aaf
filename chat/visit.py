"""A room that was entered: the protocol's `Room`, its `History`, and what waits until it is safe on disk. The session's thread owns it.

Nothing is shown, published or acknowledged before `commit`; then all of it is, in order.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from chat.address import BrokerAddress
from chat.encryption import RoomKeys
from chat.errors import StorageError
from chat.events import (
    Delivery,
    DeliveryChanged,
    Edit,
    Event,
    Found,
    Message,
    MessageChanged,
    MessagesFolded,
    MessageShown,
    Notice,
    Page,
    PageKind,
    React,
    Retract,
    SayRefused,
)
from chat.history import History, Order
from chat.protocol import records
from chat.protocol.clock import Moment, next_clock
from chat.protocol.faults import PacketError
from chat.protocol.records import Record, Reference, Reply, Said, Text
from chat.protocol.room import Channel, Packet, Room, Step
from chat.search import Query, matches, parse_query

PAGE: Final = 100
"""Messages that are read from disk at once."""
REMEMBERED: Final = 10_000
"""Messages that a command can name by their keys: those that were shown last."""
REPLIES: Final = 100
"""Replies to one message that are shown anew when it changes."""
RENAMED: Final = 500
"""Of so many messages that were shown last, those of a member who turns out to have another name are shown anew."""
HITS: Final = 200
"""Messages that a search shows at most."""
SCANNED: Final = 300
"""Messages that a search looks at in one go, so that it holds up nothing else."""
DROPPED: Final = 500
"""Records that are deleted at once when they are too old."""
SAVE_SECONDS: Final = 5.0
DROP_SECONDS: Final = 3600.0
DAY: Final = 86_400.0
QOS: Final = {Channel.RECORDS: 1, Channel.CONTROL: 0}


@dataclass(slots=True)
class _Pending:
    """What waits for the next commit."""

    events: list[Event] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    receipts: list[int] = field(default_factory=list)
    touched: set[Reference] = field(default_factory=set)
    """Messages that look different now."""
    failure: str = ""
    """Why the disk did not take it."""


@dataclass(slots=True)
class _Scan:
    """A search that goes through the history, the newest messages first."""

    number: int
    query: Query
    position: bytes | None = None
    found: list[Message] = field(default_factory=list)


class Visit:
    """See the module. `publish` takes topic, token, QoS and a number that comes back; `acknowledge` takes what `arrived` was given."""

    def __init__(
        self,
        broker: BrokerAddress,
        topic: str,
        keys: RoomKeys,
        history: History,
        room: Room,
        show: Callable[[Event], None],
        publish: Callable[[str, bytes, int, int], None],
        acknowledge: Callable[[int], None],
    ) -> None:
        self.broker, self.topic, self.keys = broker, topic, keys
        self.history, self.room = history, room
        self.up = False
        """Whether the broker can be reached and listens for this room."""
        self._show, self._publish_token, self._acknowledge = show, publish, acknowledge
        self._pending = _Pending()
        self._outbox: dict[int, Packet] = {}
        """Records that the broker has not confirmed, by the number that its answer will carry."""
        self._refused: dict[str, str] = {}
        """Why the broker refused own records, by key."""
        self._numbers = 0
        self._known: OrderedDict[str, Reference] = OrderedDict()
        self._save_at: float | None = None
        self._drop_at: float | None = None
        self._scan: _Scan | None = None
        self.keep_days: int | None = history.keep_days
        self.keep(self.keep_days)
        room.resume(self.read(history.to_send()))

    @property
    def topics(self) -> list[tuple[str, int]]:
        """What to subscribe to, with the QoS."""
        return [(self.topic_of(channel), qos) for channel, qos in QOS.items()]

    @property
    def unconfirmed(self) -> bool:
        """Whether the broker owes an answer."""
        return bool(self._outbox)

    @property
    def crowded(self) -> bool:
        """Whether so much waits that it should be committed at once."""
        return len(self._pending.receipts) >= DROPPED

    def topic_of(self, channel: Channel) -> str:
        """The MQTT topic of a channel."""
        return f"{self.topic}/{self.keys.tag}/{channel.value}"

    def due(self) -> float | None:
        """When `tick` must be called next (monotonic seconds)."""
        if self._scan is not None:
            return time.monotonic()
        times = (self.room.due(now()), self._save_at, self._drop_at)
        return min((at for at in times if at is not None), default=None)

    # What happens

    def tick(self) -> None:
        """Do what time has made due."""
        self._absorb(self.room.tick(now()))
        if self._save_at is not None and time.monotonic() >= self._save_at:
            self.save()
        if self._drop_at is not None and time.monotonic() >= self._drop_at:
            self._keeping(self._drop_old)
        if self._scan is not None:
            self._keeping(partial(self._scan_on, self._scan))

    def connected(self) -> None:
        """The broker listens for this room: first say who one is, then what one said meanwhile."""
        self.up = True
        waiting = list(self._outbox.items())
        self._absorb(self.room.connected(now()))
        self.commit()
        for number, packet in waiting:
            self._publish(packet, number)

    def disconnected(self) -> None:
        """The broker can't be reached."""
        self.up = False
        step = self.room.disconnected(now())
        self._keeping(self.history.save_chain)
        self.commit()
        self._absorb(step)

    def arrived(self, channel: Channel, token: bytes, receipt: int | None) -> None:
        """A packet on one of the room's topics."""
        if self._save_at is None:
            self._save_at = time.monotonic() + SAVE_SECONDS
        self._absorb(self.room.receive(channel, token, now()))
        if receipt is not None:
            self._pending.receipts.append(receipt)

    def confirmed(self, number: int) -> None:
        """The broker has what was published with this number."""
        record = self._answered(number)
        if record is not None:
            self._keeping(partial(self.history.sent, record.reference))
            if isinstance(record.body, Said):
                self._pending.events.append(DeliveryChanged(record.key, Delivery.AT_BROKER))

    def refused(self, number: int, sentence: str) -> None:
        """The broker does not take what was published with this number; it stays until it is tried again."""
        record = self._answered(number)
        if record is not None:
            self._refused[record.key] = sentence
            if isinstance(record.body, Said):
                self._pending.events.append(DeliveryChanged(record.key, Delivery.FAILED, sentence))
            else:
                self._pending.events.append(Notice(f"Not sent: {sentence}"))

    # What is asked for

    def say(self, text: str, reply_to: str) -> None:
        """Send a text."""
        target = self._known.get(reply_to)
        if reply_to and target is None:
            self._show(SayRefused(text, "The message that you answer is not here any more."))
            return
        self._absorb(self.room.say(text, now(), target))

    def change(self, command: Edit | Retract | React) -> None:
        """Edit, take back, or react to a message."""
        target = self._known.get(command.key)
        if target is None:
            self._show(Notice("This message is not here any more."))
            return
        match command:
            case Edit(text=text):
                if text.strip():
                    self._absorb(self.room.change(records.Edit(target, text), now()))
            case Retract():
                self._absorb(self.room.change(records.Retract(target), now()))
            case React(emoji=emoji, on=on):
                self._absorb(self.room.change(records.Reaction(target, emoji, on), now()))

    def resend(self, key: str) -> None:
        """Try again what the broker refused."""
        if self._refused.pop(key, None) is None:
            return
        for record in self.read(self.history.to_send()):
            if record.key == key:
                self._pending.events.append(DeliveryChanged(key, Delivery.QUEUED))
                self._pending.packets.append(self.room.seal(record))

    def keep(self, days: int | None) -> None:
        """Keep what is said for so many days."""
        if days != self.keep_days:
            self.keep_days = days
            self.history.keep_for(days)
        self._drop_at = time.monotonic() if days else None
        self.room.want_from(self._oldest())

    def search(self, number: int, text: str) -> None:
        """Begin to look for messages; an earlier search ends."""
        self._scan = _Scan(number, parse_query(text, time.time()))
        if not self._scan.query:
            self._show(Found(number, (), complete=True))
            self._scan = None

    def show_page(self, kind: PageKind, order: Order | None) -> None:
        """Show part of the conversation."""
        self._keeping(partial(self._page, kind, order))

    # The end

    def save(self) -> None:
        """Keep what there was no hurry to keep."""
        self._save_at = None
        self._keeping(lambda: self.history.save_peers(self.room.take_heard()))

    def close(self, *, forget_unsent: bool) -> list[str]:
        """Save everything and close the history. Gives the texts that the broker does not have; on request they are forgotten."""
        unsent: list[str] = []
        self._keeping(lambda: unsent.extend(self._unsent(forget_unsent)))
        self.save()
        if self.keep_days == 0:
            self._keeping(self._drop_all)
        self.commit()
        self.history.close()
        return unsent

    def commit(self) -> None:
        """Make it last, and only then show, publish and acknowledge it."""
        changed = self.room.take_changed()
        self._keeping(lambda: self.history.save_peers(changed))
        if self.room.take_pinned():
            self._keeping(self.history.save_pins)
        self._keeping(self.history.commit)
        pending, self._pending = self._pending, _Pending()
        if pending.failure:
            self.history.roll_back(changed)
            self.room.reload(changed)
            pending.events.append(Notice(pending.failure))
        self._show_pending(pending)
        for packet in pending.packets:
            self._release(packet, pending.failure)
        if self.up and not pending.failure:
            for receipt in pending.receipts:
                self._acknowledge(receipt)

    # Within

    def read(self, packets: Iterable[bytes]) -> list[Record]:
        """Records that were kept. What a newer version of this program kept is left for it."""
        found = []
        for packet in packets:
            with contextlib.suppress(PacketError):
                found.append(self.room.read(packet))
        return found

    def _absorb(self, step: Step) -> None:
        """Write what a step says is to be kept; the rest of it waits for the commit."""

        def write() -> None:
            for record in step.heard:
                self.history.add(record)
            for record in step.said:
                self.history.add(record, to_send=True)
            if step.said:
                self.history.save_chain()

        self._keeping(write)
        pending = self._pending
        pending.touched.update(
            record.target for record in (*step.heard, *step.said) if record.target and not isinstance(record.body, Reply)
        )
        if step.renamed:
            recent = list(self._known.values())[-RENAMED:]
            pending.touched.update(reference for reference in recent if reference.device in step.renamed)
        pending.events += step.events
        pending.packets += step.packets
        for record in step.doubted:
            self._keeping(partial(self._compare, record))
        if step.wanted:
            self._keeping(partial(self._supply, step.wanted))

    def _compare(self, record: Record) -> None:
        self._absorb(self.room.compare(record, self.history.ids(record.device, record.sequence), now()))

    def _supply(self, wanted: list[tuple[bytes, tuple[int, int]]]) -> None:
        packets: list[bytes] = []
        for device, span in wanted:
            packets += self.history.span(device, span)
        self._absorb(self.room.supply(packets))

    def _keeping(self, work: Callable[[], object]) -> None:
        """Do something with the history; why it failed is told at the commit."""
        try:
            work()
        except StorageError as error:
            self._pending.failure = str(error)

    def _show_pending(self, pending: _Pending) -> None:
        answered: set[Reference] = set()
        for event in pending.events:
            match event:
                case MessageShown(message, delivery):
                    self._show(MessageShown(self._completed(message, answered), delivery))
                case MessagesFolded(device, name, count, messages):
                    self._show(MessagesFolded(device, name, count, tuple(self._completed(message, answered) for message in messages)))
                case _:
                    self._show(event)
        for target in pending.touched | answered:
            with contextlib.suppress(StorageError):
                self._show_change(target, itself=target in pending.touched)

    def _completed(self, message: Message, answered: set[Reference]) -> Message:
        """A new message with what was said about it before it arrived."""
        reference = Reference(bytes.fromhex(message.device), message.order[2], bytes.fromhex(message.key))
        self._remember(reference)
        try:
            about = self.history.about(reference)
            if not about and message.reply is None:
                return message
            answered.add(reference)
            return self._look(reference) or message
        except StorageError:
            return message

    def _look(self, reference: Reference) -> Message | None:
        """A message as it is now, None if it is not here or no message."""
        packet = self.history.get(reference)
        for record in self.read([packet] if packet else []):
            if isinstance(record.body, Said):
                return self._message(record)
        return None

    def _message(self, record: Record) -> Message:
        self._remember(record.reference)
        quoted = None
        if isinstance(record.body, Reply) and (packet := self.history.get(record.body.target)):
            for original in self.read([packet]):
                quoted = (original, self.read(self.history.about(original.reference)))
        return self.room.message(record, self.read(self.history.about(record.reference)), quoted, now())

    def _show_change(self, target: Reference, *, itself: bool) -> None:
        """Show anew a message, if it is here, and what answers it."""
        if itself and (message := self._look(target)):
            self._show(MessageChanged(message))
        replies = [record for record in self.read(self.history.about(target)) if isinstance(record.body, Reply)]
        for reply in replies[-REPLIES:]:
            self._show(MessageChanged(self._message(reply)))

    def _scan_on(self, scan: _Scan) -> None:
        sealed, position = self.history.sealed_before(scan.position, SCANNED)
        messages = [self._message(record) for record in self.read(map(self.history.open, sealed))]
        hits = [message for message in messages if matches(scan.query, message)]
        scan.found += hits
        scan.position = position
        complete = len(sealed) < SCANNED or len(scan.found) >= HITS or (bool(messages) and messages[-1].time < scan.query.since)
        if complete:
            self._scan = None
        if hits or complete:
            self._show(Found(scan.number, tuple(scan.found[:HITS]), complete))

    def _remember(self, reference: Reference) -> None:
        self._known[reference.key] = reference
        self._known.move_to_end(reference.key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _page(self, kind: PageKind, order: Order | None) -> None:
        before: list[bytes] = []
        after: list[bytes] = []
        half = PAGE // 2 if kind is PageKind.AROUND else PAGE
        if kind is not PageKind.NEWER:
            before = self.history.before(order, half + 1)
        if kind in (PageKind.NEWER, PageKind.AROUND) and order is not None:
            following = (*order[:2], order[2] + (kind is PageKind.NEWER))
            after = self.history.after(following, half + 1)
        shown = self.read((*before[-half:], *after[:half]))
        page = tuple((message := self._message(record), self._delivery(record) if message.own else None) for record in shown)
        more_before = len(before) > half or kind is PageKind.NEWER
        more_after = len(after) > half or kind is PageKind.OLDER
        self._show(Page(kind, page, more_before, more_after))
        for message, delivery in page:
            if delivery is Delivery.FAILED:
                self._show(DeliveryChanged(message.key, delivery, self._refused[message.key]))

    def _delivery(self, record: Record) -> Delivery:
        if record.key in self._refused:
            return Delivery.FAILED
        if any(packet.record is not None and packet.record.key == record.key for packet in self._outbox.values()):
            return Delivery.QUEUED
        return Delivery.WAITING if record.key in self.room.waiting else Delivery.AT_BROKER

    def _answered(self, number: int) -> Record | None:
        packet = self._outbox.pop(number, None)
        return packet.record if packet else None

    def _release(self, packet: Packet, failure: str) -> None:
        if packet.record is None:
            self._publish(packet, 0)
        elif failure:
            if isinstance(packet.record.body, Text | Reply):
                self._show(DeliveryChanged(packet.record.key, Delivery.FAILED, failure))
        else:
            self._numbers += 1
            self._outbox[self._numbers] = packet
            self._publish(packet, self._numbers)

    def _publish(self, packet: Packet, number: int) -> None:
        if self.up:
            self._publish_token(self.topic_of(packet.channel), packet.token, QOS[packet.channel], number)

    def _oldest(self) -> int:
        """The clock value before which nothing is kept or asked for."""
        return 0 if self.keep_days is None else next_clock(0, time.time() - self.keep_days * DAY)

    def _drop_old(self) -> None:
        dropped = self.history.drop_before(self._oldest(), DROPPED)
        for device, number in dropped.items():
            self.room.dropped(device, number)
        self.room.want_from(self._oldest())
        self._drop_at = time.monotonic() + (0.05 if dropped else DROP_SECONDS)

    def _drop_all(self) -> None:
        while dropped := self.history.drop_before(next_clock(0, time.time() + DAY), DROPPED):
            for device, number in dropped.items():
                self.room.dropped(device, number)
        self.history.save_chain()
        self.history.save_peers(self.room.take_changed())

    def _unsent(self, forget: bool) -> list[str]:
        unsent = [record for record in self.read(self.history.to_send()) if isinstance(record.body, Text | Reply)]
        if forget:
            for record in unsent:
                self.history.sent(record.reference)
        return [record.body.text for record in unsent if isinstance(record.body, Text | Reply)]


def now() -> Moment:
    """The time, as the protocol takes it."""
    return Moment(time.monotonic(), time.time())
