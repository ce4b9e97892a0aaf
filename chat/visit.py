"""A room that was entered: the protocol's `Room`, its `History`, and what waits until it is safe on disk. The session's thread owns it.

Nothing is shown, published or acknowledged before `commit`; then all of it is, in order.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from chat.address import BrokerAddress
from chat.conversation import Conversation
from chat.encryption import RoomKeys
from chat.errors import StorageError
from chat.events import (
    Delivery,
    DeliveryChanged,
    Edit,
    Entered,
    FileChanged,
    FileRefused,
    Found,
    Link,
    LinkChanged,
    MembersChanged,
    Message,
    MessageChanged,
    MessagesFolded,
    MessageShown,
    Notice,
    Page,
    PageKind,
    React,
    Retract,
    RoomEvent,
    RoomSummary,
    SayRefused,
)
from chat.file_messages import FromFiles, Ready, Remember, ToFiles
from chat.history import History, Order
from chat.moment import now
from chat.offers import Offers
from chat.overview import Overview
from chat.protocol import records
from chat.protocol.clock import next_clock
from chat.protocol.control import Holding
from chat.protocol.records import Record, Reference, Reply, Said
from chat.protocol.room import Room
from chat.protocol.step import Channel, Packet, Step
from chat.search import parse_query
from chat.searches import Searches
from chat.words import _

DROPPED: Final = 500
"""Records that are deleted at once when they are too old."""
COMMIT_PAUSE: Final = 3.0
"""After a commit as many times as long as it took passes before the next, so that in a flood one is for many messages,"""
LONGEST_PAUSE: Final = 0.1
"""but no more than this (seconds)."""
SAVE_SECONDS: Final = 5.0
DROP_SECONDS: Final = 3600.0
DAY: Final = 86_400.0
QOS: Final = {Channel.RECORDS: 1, Channel.CONTROL: 0}


@dataclass(slots=True)
class _Pending:
    """What waits for the next commit."""

    events: list[RoomEvent] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    receipts: list[int] = field(default_factory=list)
    touched: set[Reference] = field(default_factory=set)
    """Messages that look different now."""
    failure: str = ""
    """Why the disk did not take it."""


class Visit:
    """See the module. `publish` takes topic, token, QoS, and a number that comes back with the broker's answer and that `next_number`
    gave; `acknowledge` takes what `arrived` was given."""

    def __init__(
        self,
        broker: BrokerAddress,
        topic: str,
        keys: RoomKeys,
        history: History,
        room: Room,
        show: Callable[[RoomEvent], None],
        publish: Callable[[str, bytes, int, int], None],
        acknowledge: Callable[[int], None],
        next_number: Callable[[], int],
        files: Callable[[ToFiles], None],
    ) -> None:
        self.broker, self.topic, self.keys = broker, topic, keys
        self.history, self.room = history, room
        self.link = LinkChanged(Link.CONNECTING, "")
        """How it stands with the connection, as it was shown last."""
        self._show, self._publish_token, self._acknowledge, self._next_number = show, publish, acknowledge, next_number
        self._pending = _Pending()
        self._outbox: dict[int, Packet] = {}
        """Records that the broker has not confirmed, by the number that its answer will carry."""
        self._refused: dict[str, str] = {}
        """Why the broker refused own records, by key."""
        self._told = ""
        """The last sentence about the disk, until it works again."""
        self._conversation = Conversation(history, room)
        self._overview = Overview(history)
        self._searches = Searches(history, self._conversation)
        self.offers = Offers(keys.tag, f"{topic}/{keys.tag}/f", room.device, history, self._conversation, files)
        self._commit_at: float | None = None
        self._save_at: float | None = None
        self._drop_at: float | None = None
        self.keep_days: int | None = history.keep_days
        self.keep(self.keep_days)
        room.resume(self._conversation.read(history.to_send()))
        for record in self._conversation.read(history.before(None, 1)):
            self._overview.last = self._conversation.message(record)

    @property
    def up(self) -> bool:
        """Whether the broker can be reached and listens for this room."""
        return self.link.link is Link.CONNECTED

    @property
    def topics(self) -> list[tuple[str, int]]:
        """What to subscribe to, with the QoS."""
        return [(self.topic_of(channel), qos) for channel, qos in QOS.items()]

    @property
    def unconfirmed(self) -> bool:
        """Whether the broker owes an answer."""
        return bool(self._outbox)

    def may_commit(self, *, quiet: bool) -> bool:
        """Whether to commit now: if so much waits that it should be done at once, or if nothing else is to do and the last commit is not
        just over."""
        return len(self._pending.receipts) >= DROPPED or (quiet and (self._commit_at is None or time.monotonic() >= self._commit_at))

    def topic_of(self, channel: Channel) -> str:
        """The MQTT topic of a channel."""
        return f"{self.topic}/{self.keys.tag}/{channel.value}"

    def due(self) -> float | None:
        """When `tick` must be called next (monotonic seconds)."""
        if self._searches.busy:
            return time.monotonic()
        times = (self.room.due(now()), self._commit_at, self._save_at, self._drop_at)
        return min((at for at in times if at is not None), default=None)

    # What happens

    def tick(self) -> None:
        """Do what time has made due."""
        self._absorb(self.room.tick(now()))
        if self._save_at is not None and time.monotonic() >= self._save_at:
            self.save()
        if self._drop_at is not None and time.monotonic() >= self._drop_at:
            self._drop_at = time.monotonic() + DROP_SECONDS
            self._keeping(self._drop_old)
        if self._searches.busy and not self._reading(self._search_on) and (found := self._searches.give_up()):
            self._show(found)

    def open(self) -> None:
        """Show the room from the start."""
        keys, room = self.keys, self.room
        read = self.history.read if self._overview.unread and self.history.read > (0, "", 0) else None
        self._show(Entered(keys.tag, self.broker, self.topic, room.name, room.device.hex(), keys.fingerprint, self.keep_days, read))
        self.show_page(PageKind.LAST, None)
        if self.link.sentence:
            self._show(self.link)
        self.room.retell(now())

    def summary(self, *, login: bool) -> RoomSummary:
        """What a list of rooms says about this one."""
        last = self._overview.last
        return RoomSummary(
            room=self.keys.tag,
            topic=self.topic,
            broker=self.broker,
            name=self.room.name,
            sender="" if last is None else last.name,
            text="" if last is None else last.text,
            time=0.0 if last is None else last.time,
            unread=self._overview.unread,
            online=self.room.online,
            link=self.link.link,
            login=login,
            muted=self.history.muted,
        )

    def change_link(self, link: LinkChanged) -> None:
        """Show how it stands with the connection now."""
        was_up = self.up
        self.link = link
        self._show(link)
        if self.up and not was_up:
            self._connected()
        elif was_up and not self.up:
            self._disconnected()

    def _connected(self) -> None:
        """First say who one is, then what one said meanwhile."""
        waiting = list(self._outbox.items())
        self._absorb(self.room.connected(now()))
        self.commit()
        for number, packet in waiting:
            self._publish(packet, number)

    def _disconnected(self) -> None:
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
                self._pending.events.append(Notice(_("Not sent: {sentence}").format(sentence=sentence)))

    def from_files(self, answer: FromFiles) -> None:
        """What the files' thread has for this room."""
        match answer.content:
            case Holding(transfer, held, wants, asks):
                self._pending.packets.append(self.room.holding(transfer, held, wants, asks))
            case Ready() as ready:
                self._offer(ready)
            case FileChanged() | FileRefused() as event:
                self._show(event)
            case Remember(files):
                self._keeping(partial(self.history.remember_files, files))

    def _offer(self, ready: Ready) -> None:
        step = self.room.offer(ready.offer, now())
        if not self.offers.offered(ready, step.said):
            step.events = [FileRefused(ready.path, event.sentence) if isinstance(event, SayRefused) else event for event in step.events]
        self._absorb(step)

    # What is asked for

    def say(self, text: str, reply_to: str) -> None:
        """Send a text."""
        target = self._conversation.reference(reply_to)
        if reply_to and target is None:
            self._show(SayRefused(text, _("The message that you answer is not here any more.")))
            return
        self._absorb(self.room.say(text, now(), target))

    def type(self) -> None:
        """A person is writing a message."""
        self._absorb(self.room.type(now()))

    def change(self, command: Edit | Retract | React) -> None:
        """Edit, take back, or react to a message."""
        target = self._conversation.reference(command.key)
        if target is None:
            self._show(Notice(_("This message is not here any more.")))
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
        kept: list[bytes] = []
        self._reading(lambda: kept.extend(self.history.to_send()))
        for record in self._conversation.read(kept):
            if record.key == key:
                self._pending.events.append(DeliveryChanged(key, Delivery.QUEUED))
                self._pending.packets.append(self.room.seal(record))

    def keep(self, days: int | None) -> None:
        """Keep what is said for so many days."""
        if days != self.keep_days:
            self.keep_days = days
            self._keeping(partial(self.history.keep_for, days))
        self._drop_at = time.monotonic() if days else None
        self.room.want_from(self._oldest())

    def mute(self, on: bool) -> None:
        """Keep quiet about what is said, or not any more."""
        self._keeping(partial(self.history.mute, on))

    def search(self, number: int, text: str) -> None:
        """Begin to look for messages; an earlier search ends."""
        query = parse_query(text, time.time())
        if query:
            self._searches.start(number, query, self.room.names())
        else:
            self._searches.give_up()
            self._show(Found(number, (), complete=True))

    def mark_read(self, order: Order) -> None:
        """The person has seen the conversation up to this message."""
        self._keeping(partial(self._overview.read, order))

    def show_page(self, kind: PageKind, order: Order | None) -> None:
        """Show part of the conversation."""
        self._reading(partial(self._page, kind, order))

    def show_after(self, seconds: float) -> None:
        """Show what was said from this time (Unix seconds) on."""
        self.show_page(PageKind.NEWER, (next_clock(0, max(0.0, seconds)), "", 0))

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
        self._keeping(self._drop_all if self.keep_days == 0 else self._searches.save)
        self.commit()
        self._searches.close()
        self.offers.leave(delete=False)
        self.history.close()
        return unsent

    def commit(self) -> None:
        """Make it last, and only then show, publish and acknowledge it."""
        began = time.monotonic()
        changed = self.room.take_changed()
        self._keeping(lambda: self.history.save_peers(changed))
        if not self._pending.failure and self.room.take_pinned():
            self._keeping(self.history.save_pins)
        # Part of it may be gone already, because SQLite itself rolls back when the disk is full; then none of it may last.
        if not self._pending.failure:
            self._keeping(self._commit)
        if self._pending.failure:
            self._tell(self._pending.failure)
        pending, self._pending = self._pending, _Pending()
        if pending.failure:
            with contextlib.suppress(StorageError):
                self.history.roll_back(changed)
            self.room.reload(changed)
        self._show_pending(pending)
        for packet in pending.packets:
            self._release(packet)
        if self.up and not pending.failure:
            for receipt in pending.receipts:
                self._acknowledge(receipt)
        ended = time.monotonic()
        self._commit_at = ended + min(LONGEST_PAUSE, COMMIT_PAUSE * (ended - began)) if pending != _Pending() else None

    # Within

    def _commit(self) -> None:
        if self.history.commit():
            self._told = ""

    def _absorb(self, step: Step) -> None:
        """Write what a step says is to be kept; the rest of it waits for the commit."""

        def write() -> None:
            for record in step.heard:
                self._searches.add(self.history.add(record), record)
            for record in step.said:
                self._searches.add(self.history.add(record, to_send=True), record)
            if step.said:
                self.history.save_chain()

        self._keeping(write)
        pending = self._pending
        pending.touched.update(
            record.target for record in (*step.heard, *step.said) if record.target and not isinstance(record.body, Reply)
        )
        if step.renamed:
            pending.touched |= self._conversation.recent(step.renamed)
        pending.events += step.events
        pending.packets += step.packets
        self.offers.heard(step)
        for record in step.doubted:
            self._keeping(partial(self._compare, record))
        if step.wanted:
            self._reading(partial(self._supply, step.wanted))

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

    def _reading(self, work: Callable[[], object]) -> bool:
        """Read something from the history; why that failed is told, and says nothing about what is being written."""
        try:
            work()
        except StorageError as error:
            self._tell(str(error))
            return False
        return True

    def _tell(self, failure: str) -> None:
        """Say once that the disk fails, and again only after it has worked meanwhile."""
        if failure != self._told:
            self._told = failure
            self._pending.events.append(Notice(failure))

    def _show_pending(self, pending: _Pending) -> None:
        answered: set[Reference] = set()
        for event in pending.events:
            match event:
                case MessageShown(message, delivery) if message.own and delivery and message.order[2] > self.history.chain.sequence:
                    self._show(MessageShown(message, Delivery.FAILED))
                    self._show(DeliveryChanged(message.key, Delivery.FAILED, pending.failure))
                case MessageShown(message, delivery):
                    self._show(MessageShown(self._complete(message, answered), delivery))
                case MessagesFolded(device, name, count, messages):
                    self._show(MessagesFolded(device, name, count, tuple(self._complete(message, answered) for message in messages)))
                case MembersChanged(members):
                    self._show(event)
                    self.offers.present(members)
                case _:
                    self._show(event)
        for target in pending.touched | answered:
            with contextlib.suppress(StorageError):
                for message in self._conversation.changes(target, itself=target in pending.touched):
                    self._overview.changed(message)
                    self._show(MessageChanged(message))

    def _complete(self, message: Message, answered: set[Reference]) -> Message:
        with contextlib.suppress(StorageError):
            message, about = self._conversation.complete(message)
            if about is not None:
                answered.add(about)
            self._overview.shown(message)
        return message

    def _search_on(self) -> None:
        if found := self._searches.go_on():
            self._show(found)

    def _page(self, kind: PageKind, order: Order | None) -> None:
        shown, more_before, more_after = self._conversation.page(kind, order)
        messages = [(self._conversation.message(record), record) for record in shown]
        page = tuple((message, self._delivery(record) if message.own else None) for message, record in messages)
        self._show(Page(kind, page, more_before, more_after))
        self.offers.shown(message for message, _delivery in page)
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

    def _release(self, packet: Packet) -> None:
        if packet.record is None:
            self._publish(packet, 0)
        elif not self.room.is_undone(packet.record):
            number = self._next_number()
            self._outbox[number] = packet
            self._publish(packet, number)

    def _publish(self, packet: Packet, number: int) -> None:
        if self.up:
            self._publish_token(self.topic_of(packet.channel), packet.token, QOS[packet.channel], number)

    def _oldest(self) -> int:
        """The clock value before which nothing is kept or asked for."""
        return 0 if self.keep_days is None else next_clock(0, time.time() - self.keep_days * DAY)

    def _drop_old(self) -> None:
        deleted, dropped = self.history.drop_before(self._oldest(), DROPPED)
        if deleted:
            self._searches.pause()
        else:
            self._searches.resume()
        for device, number in dropped.items():
            self.room.dropped(device, number)
        self.room.want_from(self._oldest())
        self._drop_at = time.monotonic() + (0.05 if deleted else DROP_SECONDS)

    def _drop_all(self) -> None:
        deleted = 1
        while deleted:
            deleted, dropped = self.history.drop_before(next_clock(0, time.time() + DAY), DROPPED)
            for device, number in dropped.items():
                self.room.dropped(device, number)
        self.history.save_chain()
        self.history.save_peers(self.room.take_changed())

    def _unsent(self, forget: bool) -> list[str]:
        unsent = [record for record in self._conversation.read(self.history.to_send()) if isinstance(record.body, Said)]
        if forget:
            for record in unsent:
                self.history.sent(record.reference)
        return [record.text for record in unsent if record.text is not None]
