"""The session: one thread that owns the room, its store and the connection. Commands in, events out.

Every face (window, console, scripts, tests) uses it in the same way: `start`, `post` commands, read the events that `show` is given,
and end with `Close`. Whatever comes from outside the thread comes through its one inbox.
"""

import contextlib
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, assert_never

from chat.address import BrokerAddress, normalise_topic
from chat.encryption import RoomKeys, derive_root, room_keys
from chat.errors import ChatError, EntryError, StorageError
from chat.events import (
    Close,
    Closed,
    Command,
    Delivery,
    DeliveryChanged,
    Entered,
    Event,
    Join,
    JoinRefused,
    Left,
    Link,
    LinkChanged,
    Message,
    MessagesFolded,
    MessageShown,
    Notice,
    Older,
    Page,
    Progress,
    Reconnect,
    Say,
    SayRefused,
)
from chat.history import History, Order, open_history
from chat.network import Connection
from chat.network_events import Acknowledged, Arrived, Connected, Connecting, Disconnected, NetworkEvent, Rejected
from chat.passphrase import Strength, normalise_passphrase, rate_passphrase
from chat.protocol.clock import Moment
from chat.protocol.faults import PacketError
from chat.protocol.names import normalise_name
from chat.protocol.records import Record, Text
from chat.protocol.room import Channel, Packet, Room, Step

INBOX_PACKETS: Final = 1000
"""When this many wait, the network thread pauses reading; TCP then slows the broker down."""
COMMIT_PACKETS: Final = 200
"""At most so many packets share one commit."""
PAGE: Final = 100
"""Records that are read from disk at once."""
SAVE_PEERS_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 0.8
"""How long leaving a room waits for the broker to confirm what was sent last."""
CLOSE_SECONDS: Final = 0.8
_QOS: Final = {Channel.RECORDS: 1, Channel.CONTROL: 0}


@dataclass(slots=True)
class _Visit:
    """A room that was entered, with everything that ends when it is left."""

    broker: BrokerAddress
    topic: str
    keys: RoomKeys
    history: History
    room: Room
    connection: Connection
    up: bool = False
    outbox: dict[int, Packet] = field(default_factory=dict)
    """Records that the broker has not confirmed, by the token that its answer will carry."""
    save_peers_at: float | None = None
    events: list[Event] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    receipts: list[int] = field(default_factory=list)
    """What waits for the next commit: it is shown, published and acknowledged once it is safe on disk."""
    failure: str = ""
    """Why the disk did not take it."""

    def topic_of(self, channel: Channel) -> str:
        return f"{self.topic}/{self.keys.tag}/{channel.value}"


@dataclass(frozen=True, slots=True)
class _FromNetwork:
    """An event of one connection; those of a connection that was left are dropped."""

    connection: int
    event: NetworkEvent


class Session:
    """Runs one room at a time. `show` is called on the session's thread and must only enqueue."""

    def __init__(self, data_folder: Path, show: Callable[[Event], None]) -> None:
        self._data_folder = data_folder
        self._show = show
        self._inbox: queue.SimpleQueue[Command | _FromNetwork] = queue.SimpleQueue()
        self._later: deque[Command] = deque()
        self._visit: _Visit | None = None
        self._connections = 0
        self._tokens = 0
        self._passphrase = ""
        self._root_of: tuple[str, str] = ("", "")
        self._root = b""
        self._closing = self._forget_unsent = False
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def post(self, command: Command) -> None:
        """Ask for something, from any thread; never blocks."""
        self._inbox.put(command)

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the thread to end after `Close`; says whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._closing:
                self._handle(self._next_input())
                self._tick()
                if self._visit is not None and (self._inbox.empty() or len(self._visit.receipts) >= COMMIT_PACKETS):
                    self._commit(self._visit)
        finally:
            self._leave()
            self._show(Closed())

    def _next_input(self) -> Command | _FromNetwork | None:
        if self._later:
            return self._later.popleft()
        return self._take(self._seconds_to_wait())

    def _take(self, seconds: float | None) -> Command | _FromNetwork | None:
        try:
            return self._inbox.get(timeout=seconds)
        except queue.Empty:
            return None

    def _seconds_to_wait(self) -> float | None:
        if self._visit is None:
            return None
        times = [self._visit.room.due(_now()), self._visit.save_peers_at]
        due = min((at for at in times if at is not None), default=None)
        return None if due is None else max(0.0, due - time.monotonic())

    def _handle(self, item: Command | _FromNetwork | None) -> None:
        match item:
            case None:
                pass
            case Join():
                self._join(item)
            case Say(text):
                self._say(text)
            case Older(order):
                if self._visit is not None:
                    self._keep(self._visit, partial(self._show_page, self._visit, order))
            case Reconnect():
                if self._visit is not None:
                    self._visit.connection.reconnect_now()
            case Close(forget_unsent):
                self._closing, self._forget_unsent = True, forget_unsent
            case _FromNetwork(number, event):
                if self._visit is not None and number == self._connections:
                    self._network_event(self._visit, event)
            case _:
                assert_never(item)

    def _tick(self) -> None:
        visit = self._visit
        if visit is None:
            return
        self._absorb(visit, visit.room.tick(_now()))
        if visit.save_peers_at is not None and time.monotonic() >= visit.save_peers_at:
            self._save_peers(visit)

    # Entering and leaving

    def _join(self, wish: Join) -> None:
        try:
            name = normalise_name(wish.username)
            topic = normalise_topic(wish.topic)
            passphrase = self._accept_passphrase(wish)
            keys = self._derive(passphrase, topic)
            if self._visit is not None and self._visit.keys.tag == keys.tag:
                self._leave()
            history = open_history(self._data_folder, keys)
            self._leave()
            try:
                self._enter(wish, name, topic, keys, history)
            except StorageError:
                history.close()
                raise
            self._passphrase = passphrase
        except EntryError as error:
            self._show(JoinRefused(error.field, str(error)))
        except ChatError as error:
            self._show(JoinRefused("", str(error)))

    def _accept_passphrase(self, wish: Join) -> str:
        if not wish.passphrase and self._passphrase:
            return self._passphrase
        passphrase = normalise_passphrase(wish.passphrase)
        rating = rate_passphrase(passphrase)
        if rating.strength is Strength.REFUSED:
            raise EntryError("passphrase", rating.sentence)
        return passphrase

    def _derive(self, passphrase: str, topic: str) -> RoomKeys:
        if self._root_of != (passphrase, topic):
            self._show(Progress("Deriving the key from the passphrase…"))
            self._root = derive_root(passphrase, topic)
            self._root_of = (passphrase, topic)
        return room_keys(self._root)

    def _enter(self, wish: Join, name: str, topic: str, keys: RoomKeys, history: History) -> None:
        broker = wish.broker
        if wish.password is not None:
            history.keep_password(broker.user, broker.place, wish.password)
        room = Room(keys, name, history.chain, history.peers, _now(), random.SystemRandom())
        history.save_chain()
        history.commit()
        room.resume(self._read(room, history.to_send()))
        will = room.will()
        base = f"{topic}/{keys.tag}"
        self._connections += 1
        connection = Connection(
            broker,
            password=history.password(broker.user, broker.place),
            client_id=history.chain.client_id,
            subscriptions=[(f"{base}/{channel.value}", qos) for channel, qos in _QOS.items()],
            will=(f"{base}/{will.channel.value}", will.token),
            inbox=self._inlet(self._connections),
        )
        self._visit = _Visit(broker, topic, keys, history, room, connection)
        self._show(Entered(broker, topic, name, room.device.hex(), keys.fingerprint))
        self._show_page(self._visit, None)
        connection.start()

    def _read(self, room: Room, packets: list[bytes]) -> list[Record]:
        records = []
        for packet in packets:
            # What a newer version of this program kept is left for it.
            with contextlib.suppress(PacketError):
                records.append(room.read(packet))
        return records

    def _show_page(self, visit: _Visit, before: Order | None) -> None:
        packets = visit.history.before(before, PAGE + 1)
        unsent = {packet.record.key for packet in visit.outbox.values() if packet.record}
        page: list[tuple[Message, Delivery | None]] = []
        for record in self._read(visit.room, packets[-PAGE:]):
            message = visit.room.message(record, _now())
            if message is None:
                continue
            delivery = Delivery.AT_BROKER
            if record.key in unsent:
                delivery = Delivery.QUEUED
            elif record.key in visit.room.waiting:
                delivery = Delivery.WAITING
            page.append((message, delivery if message.own else None))
        self._show(Page(tuple(page), more=len(packets) > PAGE))

    def _inlet(self, number: int) -> Callable[[NetworkEvent], None]:
        def put(event: NetworkEvent) -> None:
            # Runs on the network's thread. Pausing it here is what bounds the memory that a flood can take.
            while isinstance(event, Arrived) and self._inbox.qsize() > INBOX_PACKETS and number == self._connections:
                time.sleep(0.005)
            self._inbox.put(_FromNetwork(number, event))

        return put

    def _leave(self) -> None:
        visit = self._visit
        if visit is None:
            return
        self._commit(visit)
        if visit.up:
            self._settle(visit)
        farewell = visit.room.farewell() if visit.up else None
        # From here on the network thread no longer waits for this one, so that closing can't wait for itself.
        self._connections += 1
        visit.connection.close((visit.topic_of(Channel.CONTROL), farewell.token) if farewell else None, CLOSE_SECONDS)
        self._visit = None
        unsent: list[str] = []
        self._keep(visit, lambda: unsent.extend(self._unsent(visit)))
        self._save_peers(visit)
        self._commit(visit)
        visit.history.close()
        self._show(Left(visit.topic, tuple(unsent)))

    def _unsent(self, visit: _Visit) -> Iterator[str]:
        """The texts that the broker does not have; they are forgotten if that was asked for."""
        for record in self._read(visit.room, visit.history.to_send()):
            if isinstance(record.body, Text):
                if self._forget_unsent:
                    visit.history.sent(record)
                yield record.body.text

    def _settle(self, visit: _Visit) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while visit.outbox and visit.up and (left := deadline - time.monotonic()) > 0:
            match self._take(left):
                case None:
                    pass
                case _FromNetwork() as item:
                    self._handle(item)
                    self._commit(visit)
                case command:
                    self._later.append(command)

    # In the room

    def _say(self, text: str) -> None:
        if self._visit is None:
            self._show(SayRefused(text, "You are in no room. Join one first."))
            return
        self._absorb(self._visit, self._visit.room.say(text, _now()))

    def _network_event(self, visit: _Visit, event: NetworkEvent) -> None:
        match event:
            case Connecting():
                self._show(LinkChanged(Link.CONNECTING, f"Connecting to {visit.broker.place}…"))
            case Connected():
                visit.up = True
                self._show(LinkChanged(Link.CONNECTED, "Connected", security=event.security))
                waiting = list(visit.outbox.items())
                # First who one is, then what one said meanwhile.
                self._absorb(visit, visit.room.connected(_now()))
                self._commit(visit)
                for token, packet in waiting:
                    self._publish(visit, packet, token)
            case Disconnected():
                self._disconnected(visit, event)
            case Arrived():
                self._arrived(visit, event)
            case Acknowledged(token):
                self._settled(visit, token, Delivery.AT_BROKER)
            case Rejected(token, sentence):
                self._settled(visit, token, Delivery.FAILED, sentence)
            case _:
                assert_never(event)

    def _disconnected(self, visit: _Visit, event: Disconnected) -> None:
        visit.up = False
        step = visit.room.disconnected(_now())
        self._keep(visit, visit.history.save_chain)
        self._commit(visit)
        will = visit.room.will()
        visit.connection.set_will(visit.topic_of(will.channel), will.token)
        link = Link.STOPPED if event.retry_at is None else Link.WAITING
        visit.events.append(LinkChanged(link, event.sentence, event.retry_at))
        self._absorb(visit, step)

    def _arrived(self, visit: _Visit, event: Arrived) -> None:
        for channel in Channel:
            if event.topic == visit.topic_of(channel):
                if visit.save_peers_at is None:
                    visit.save_peers_at = time.monotonic() + SAVE_PEERS_SECONDS
                self._absorb(visit, visit.room.receive(channel, event.payload, _now()))
        if event.qos:
            visit.receipts.append(event.receipt)

    def _settled(self, visit: _Visit, token: int, delivery: Delivery, reason: str = "") -> None:
        packet = visit.outbox.pop(token, None)
        if packet is not None and packet.record is not None:
            self._keep(visit, partial(visit.history.sent, packet.record))
            if isinstance(packet.record.body, Text):
                visit.events.append(DeliveryChanged(packet.record.key, delivery, reason))

    def _absorb(self, visit: _Visit, step: Step) -> None:
        """Write what a step says is to be kept; the rest of it waits for the commit."""
        known: set[str] = set()

        def write() -> None:
            known.update(record.key for record in step.heard if not visit.history.add(record))
            for record in step.said:
                visit.history.add(record, to_send=True)
            if step.said:
                visit.history.save_chain()

        self._keep(visit, write)
        visit.events += (event for event in step.events if not _is_of(event, known))
        visit.packets += step.packets

    def _keep(self, visit: _Visit, work: Callable[[], object]) -> None:
        """Do something with the history; why it failed is told at the commit."""
        try:
            work()
        except StorageError as error:
            visit.failure = str(error)

    def _commit(self, visit: _Visit) -> None:
        """Make it last, and only then show, publish and acknowledge it."""
        self._keep(visit, visit.history.commit)
        events, packets, receipts = visit.events, visit.packets, visit.receipts
        visit.events, visit.packets, visit.receipts = [], [], []
        failure, visit.failure = visit.failure, ""
        if failure:
            visit.history.roll_back()
            events.append(Notice(failure))
        for event in events:
            self._show(event)
        for packet in packets:
            if packet.record is None:
                self._publish(visit, packet, 0)
            elif failure:
                if isinstance(packet.record.body, Text):
                    self._show(DeliveryChanged(packet.record.key, Delivery.FAILED, failure))
            else:
                self._tokens += 1
                visit.outbox[self._tokens] = packet
                self._publish(visit, packet, self._tokens)
        if visit.up and not failure:
            for receipt in receipts:
                visit.connection.acknowledge(receipt)

    def _publish(self, visit: _Visit, packet: Packet, token: int) -> None:
        if visit.up:
            visit.connection.publish(visit.topic_of(packet.channel), packet.token, _QOS[packet.channel], token)

    def _save_peers(self, visit: _Visit) -> None:
        visit.save_peers_at = None
        self._keep(visit, visit.history.save_peers)


def _is_of(event: Event, keys: set[str]) -> bool:
    """Whether an event is only about records with these keys."""
    match event:
        case MessageShown(message, _):
            return message.key in keys
        case MessagesFolded(_, _, _, messages):
            return all(message.key in keys for message in messages)
        case _:
            return False


def _now() -> Moment:
    return Moment(time.monotonic(), time.time())
