"""The session: one thread that owns the room, its store and the connection. Commands in, events out.

Every face (window, console, scripts, tests) uses it in the same way: `start`, `post` commands, read the events that `show` is given,
and end with `Close`. Whatever comes from outside the thread comes through its one inbox.
"""

import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never

from chat.address import normalise_topic
from chat.encryption import RoomKeys, derive_root, room_keys
from chat.errors import ChatError, EntryError, StorageError
from chat.events import (
    Around,
    Close,
    Closed,
    Command,
    Deleted,
    DeleteData,
    Edit,
    Entered,
    Event,
    Join,
    JoinRefused,
    Keep,
    Left,
    Link,
    LinkChanged,
    Newer,
    Notice,
    Older,
    PageKind,
    Progress,
    React,
    Reconnect,
    Resend,
    Retract,
    Say,
    SayRefused,
    Search,
)
from chat.history import History, delete_room, open_history
from chat.network import Connection
from chat.network_events import Acknowledged, Arrived, Connected, Connecting, Disconnected, NetworkEvent, Rejected
from chat.passphrase import Strength, normalise_passphrase, rate_passphrase
from chat.protocol.names import normalise_name
from chat.protocol.room import Channel, Room
from chat.visit import Visit, now

INBOX_PACKETS: Final = 1000
"""When this many wait, the network thread pauses reading; TCP then slows the broker down."""
SETTLE_SECONDS: Final = 0.8
"""How long leaving a room waits for the broker to confirm what was sent last."""
CLOSE_SECONDS: Final = 0.8


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
        self._visit: Visit | None = None
        self._connection: Connection | None = None
        self._wish: Join | None = None
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
                if self._visit is not None and (self._inbox.empty() or self._visit.crowded):
                    self._visit.commit()
                    self._start_anew_if_cloned(self._visit)
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
        due = self._visit.due() if self._visit is not None else None
        return None if due is None else max(0.0, due - time.monotonic())

    def _handle(self, item: Command | _FromNetwork | None) -> None:
        match item:
            case None:
                pass
            case Join():
                self._join(item)
            case Close(forget_unsent):
                self._closing, self._forget_unsent = True, forget_unsent
            case DeleteData():
                self._delete_data()
            case _FromNetwork(number, event):
                if self._visit is not None and number == self._connections:
                    self._network_event(self._visit, event)
            case _:
                self._in_room(item)

    def _in_room(self, command: Say | Edit | Retract | React | Resend | Older | Newer | Around | Search | Keep | Reconnect) -> None:
        visit = self._visit
        if visit is None:
            self._show(SayRefused(command.text if isinstance(command, Say) else "", "You are in no room. Join one first."))
            return
        match command:
            case Say(text, reply_to):
                visit.say(text, reply_to)
            case Edit() | Retract() | React():
                visit.change(command)
            case Resend(key):
                visit.resend(key)
            case Older(order):
                visit.show_page(PageKind.OLDER, order)
            case Newer(order):
                visit.show_page(PageKind.NEWER, order)
            case Around(order):
                visit.show_page(PageKind.AROUND if order else PageKind.LAST, order)
            case Search(number, text):
                visit.search(number, text)
            case Keep(days):
                visit.keep(days)
            case Reconnect():
                if self._connection is not None:
                    self._connection.reconnect_now()
            case _:
                assert_never(command)

    def _tick(self) -> None:
        if self._visit is not None:
            self._visit.tick()

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
        room = Room(keys, name, history.chain, history.peers, now(), random.SystemRandom())
        history.save_chain()
        history.save_pins()
        history.commit()
        will = room.will()
        self._connections += 1
        visit = Visit(broker, topic, keys, history, room, self._show, self._publish, self._acknowledge)
        connection = Connection(
            broker,
            password=history.password(broker.user, broker.place),
            client_id=history.chain.client_id,
            subscriptions=visit.topics,
            will=(visit.topic_of(will.channel), will.token),
            inbox=self._inlet(self._connections),
        )
        self._visit, self._connection, self._wish = visit, connection, wish
        self._show(Entered(broker, topic, name, room.device.hex(), keys.fingerprint, visit.keep_days))
        visit.show_page(PageKind.LAST, None)
        if history.chain.suppliers:
            self._show(room.supplied())
        connection.start()

    def _publish(self, topic: str, token: bytes, qos: int, number: int) -> None:
        if self._connection is not None:
            self._connection.publish(topic, token, qos, number)

    def _acknowledge(self, receipt: int) -> None:
        if self._connection is not None:
            self._connection.acknowledge(receipt)

    def _start_anew_if_cloned(self, visit: Visit) -> None:
        """Become a new device when this one's key turns out to have said more than is known here: a backup was put back."""
        if not visit.room.cloned or self._wish is None:
            return
        wish, name = self._wish, visit.room.name
        visit.history.start_anew(visit.room.device)
        visit.commit()
        self._leave()
        self._show(
            Notice("The data of this computer is older than what it has said before: a backup was put back. It goes on as a new device.")
        )
        self._enter(wish, name, visit.topic, visit.keys, open_history(self._data_folder, visit.keys))

    def _delete_data(self) -> None:
        if self._visit is None:
            return
        keys, topic = self._visit.keys, self._visit.topic
        self._leave()
        try:
            records, in_use = delete_room(self._data_folder, keys)
        except StorageError as error:
            self._show(Deleted(str(error)))
            return
        sentence = f"Deleted from this computer: {records:,} records of {topic}, and its key there. The others still have what was said."
        if in_use:
            sentence += f" {in_use} other programs use this room here; what they keep is still there."
        self._show(Deleted(sentence))

    def _inlet(self, number: int) -> Callable[[NetworkEvent], None]:
        def put(event: NetworkEvent) -> None:
            # Runs on the network's thread. Pausing it here is what bounds the memory that a flood can take.
            while isinstance(event, Arrived) and self._inbox.qsize() > INBOX_PACKETS and number == self._connections:
                time.sleep(0.005)
            self._inbox.put(_FromNetwork(number, event))

        return put

    def _leave(self) -> None:
        visit, connection = self._visit, self._connection
        if visit is None or connection is None:
            return
        visit.commit()
        if visit.up:
            self._settle(visit)
        farewell = visit.room.farewell() if visit.up else None
        # From here on the network thread no longer waits for this one, so that closing can't wait for itself.
        self._connections += 1
        connection.close((visit.topic_of(Channel.CONTROL), farewell.token) if farewell else None, CLOSE_SECONDS)
        self._visit = self._connection = None
        self._show(Left(visit.topic, tuple(visit.close(forget_unsent=self._forget_unsent))))

    def _settle(self, visit: Visit) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while visit.unconfirmed and visit.up and (left := deadline - time.monotonic()) > 0:
            match self._take(left):
                case None:
                    pass
                case _FromNetwork() as item:
                    self._handle(item)
                    visit.commit()
                case command:
                    self._later.append(command)

    def _network_event(self, visit: Visit, event: NetworkEvent) -> None:
        match event:
            case Connecting():
                self._show(LinkChanged(Link.CONNECTING, f"Connecting to {visit.broker.place}…"))
            case Connected():
                self._show(LinkChanged(Link.CONNECTED, "Connected", security=event.security))
                visit.connected()
            case Disconnected():
                self._disconnected(visit, event)
            case Arrived():
                for channel in Channel:
                    if event.topic == visit.topic_of(channel):
                        visit.arrived(channel, event.payload, event.receipt if event.qos else None)
            case Acknowledged(token):
                visit.confirmed(token)
            case Rejected(token, sentence):
                visit.refused(token, sentence)
            case _:
                assert_never(event)

    def _disconnected(self, visit: Visit, event: Disconnected) -> None:
        visit.disconnected()
        will = visit.room.will()
        if self._connection is not None:
            self._connection.set_will(visit.topic_of(will.channel), will.token)
        link = Link.STOPPED if event.retry_at is None else Link.WAITING
        self._show(LinkChanged(link, event.sentence, event.retry_at))
