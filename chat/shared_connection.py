"""One connection to a broker, shared by the rooms there. The session's thread owns it."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, assert_never

from chat.address import BrokerAddress, is_public
from chat.events import Link, LinkChanged
from chat.file_messages import Answered, Chunk, Down, Unheard, Up
from chat.files import Files
from chat.network import Connection
from chat.network_events import (
    Acknowledged,
    Arrived,
    BrokerLimits,
    Connected,
    Connecting,
    Disconnected,
    NetworkEvent,
    Rejected,
    Subscribed,
    SubscriptionRefused,
)
from chat.protocol.step import Channel
from chat.visit import Visit
from chat.words import _

INBOX_PACKETS: Final = 1000
INBOX_CHUNKS: Final = 64
"""When this many wait, the network thread pauses reading; TCP then slows the broker down."""
FILES: Final = "/f/"
"""In the topics of files, between that of the room and the file's id."""


@dataclass(frozen=True, slots=True)
class FromBroker:
    """What a connection told. `number` counts the connections to one broker; what those before the last one told is dropped."""

    shared: "SharedConnection"
    number: int
    event: NetworkEvent


class SharedConnection:
    """See the module. What it tells goes into `inbox`, and from there to `handle`."""

    def __init__(self, broker: BrokerAddress, inbox: "queue.SimpleQueue[Any]", files: Files) -> None:
        self.broker = broker
        self._files = files
        self._limits = BrokerLimits()
        self.password = ""
        self.visits: dict[str, Visit] = {}
        self._inbox = inbox
        self._connection: Connection | None = None
        self._number = 0
        self._ended = threading.Event()
        self._state = LinkChanged(Link.CONNECTING, _("Connecting to {place}…").format(place=broker.place))
        self._security = ""

    # What rooms ask for

    def add(self, visit: Visit, password: str) -> None:
        """Let a room use the connection, which is made, or made again when the password is another one. The first room gives it its client
        identifier and its will: MQTT has one of each for a connection."""
        self.visits[visit.keys.tag] = visit
        if self._connection is not None and password == self.password:
            visit.change_link(
                self._state if self._state.link is not Link.CONNECTED else LinkChanged(Link.CONNECTING, _("Entering the room…"))
            )
            self._connection.subscribe(visit.keys.tag, visit.topics)
            return
        self.password = password
        self.close(0.0)
        self._connect()

    def remove(self, visit: Visit) -> None:
        """A room needs the connection no longer."""
        del self.visits[visit.keys.tag]
        if self._connection is not None:
            self._connection.unsubscribe(visit.keys.tag)

    def publish(self, topic: str, token: bytes, qos: int, number: int) -> None:
        """As `Connection.publish`."""
        if self._connection is not None:
            self._connection.publish(topic, token, qos, number)

    def acknowledge(self, receipt: int) -> None:
        """As `Connection.acknowledge`."""
        if self._connection is not None:
            self._connection.acknowledge(receipt)

    def reconnect(self, visit: Visit) -> None:
        """Try again now what a room waits for."""
        if self._connection is None:
            return
        if self._state.link is Link.CONNECTED:
            self._connection.subscribe(visit.keys.tag, visit.topics)
        else:
            self._connection.reconnect_now()

    def stop(self) -> None:
        """Begin to end the connection; `close` waits for it."""
        # From here on the network thread no longer waits for this one, so that closing can't wait for itself.
        self._ended.set()
        if self._connection is not None:
            self._connection.stop()

    def close(self, seconds: float) -> None:
        """End the connection within so much time."""
        self.stop()
        if self._connection is not None:
            self._connection.close(seconds)
            self._connection = None

    # What the connection tells

    def handle(self, number: int, event: NetworkEvent) -> None:
        """Pass on to the rooms what happened."""
        if number != self._number or self._connection is None:
            return
        match event:
            case Connecting():
                self._change(LinkChanged(Link.CONNECTING, _("Connecting to {place}…").format(place=self.broker.place)))
            case Connected():
                self._security, self._limits = event.security, event.limits
                self._state = LinkChanged(Link.CONNECTED, _("Connected"), security=event.security)
            case Subscribed(name):
                if visit := self.visits.get(name):
                    limits, link = self._limits, self._connection
                    self._files.post(Up(name, link, limits.packet_bytes, limits.receive_maximum, is_public(self.broker)))
                    visit.change_link(self._state)
            case SubscriptionRefused(name, sentence):
                if visit := self.visits.get(name):
                    visit.change_link(LinkChanged(Link.STOPPED, sentence))
            case Disconnected(_, sentence, retry_at):
                self._change(LinkChanged(Link.STOPPED if retry_at is None else Link.WAITING, sentence, retry_at))
                self._connection.set_will(*self._will())
            case Arrived():
                self._arrived(event)
            case Acknowledged(token):
                for visit in self.visits.values():
                    visit.confirmed(token)
            case Rejected(token, sentence):
                for visit in self.visits.values():
                    visit.refused(token, sentence)
            case _:
                assert_never(event)

    def _change(self, state: LinkChanged) -> None:
        self._state = state
        for visit in self.visits.values():
            self._files.post(Down(visit.keys.tag))
            visit.change_link(state)

    def _arrived(self, event: Arrived) -> None:
        receipt = event.receipt if event.qos else None
        for visit in self.visits.values():
            for channel in Channel:
                if event.topic == visit.topic_of(channel):
                    visit.arrived(channel, event.payload, receipt)
                    return
        if receipt is not None:
            # Of a room that was left meanwhile; the broker would keep sending it.
            self.acknowledge(receipt)

    def _connect(self) -> None:
        self._number += 1
        self._ended = threading.Event()
        first = next(iter(self.visits.values()))
        self._connection = Connection(
            self.broker,
            password=self.password,
            client_id=first.history.chain.client_id,
            will=self._will(),
            inbox=self._inlet(self._number, self._ended),
        )
        for name, visit in self.visits.items():
            self._connection.subscribe(name, visit.topics)
        self._change(LinkChanged(Link.CONNECTING, _("Connecting to {place}…").format(place=self.broker.place)))
        self._connection.start()

    def _is_behind(self) -> bool:
        return self._inbox.qsize() > INBOX_PACKETS or self._files.waiting > INBOX_CHUNKS

    def _is_for_files(self, event: NetworkEvent) -> bool:
        """Pass on what concerns files, on the network's thread, so that the conversation does not wait behind it."""
        connection = self._connection
        match event:
            case Arrived(topic, token, qos, receipt) if FILES in topic and connection is not None:
                self._files.post(Chunk(connection, topic, token, receipt if qos else None))
            case Acknowledged(number) if number < 0:
                self._files.post(Answered(number, ""))
            case Rejected(number, sentence) if number < 0:
                self._files.post(Answered(number, sentence))
            case SubscriptionRefused(name, sentence) if FILES in name:
                room, _, id_ = name.partition(FILES)
                self._files.post(Unheard(room, bytes.fromhex(id_), sentence))
            case _:
                return False
        return True

    def _will(self) -> tuple[str, bytes]:
        first = next(iter(self.visits.values()))
        will = first.room.will()
        return first.topic_of(will.channel), will.token

    def _inlet(self, number: int, ended: threading.Event) -> Callable[[NetworkEvent], None]:
        def put(event: NetworkEvent) -> None:
            # Runs on the network's thread. Pausing it here is what bounds the memory that a flood can take.
            while isinstance(event, Arrived) and self._is_behind() and not ended.is_set():
                time.sleep(0.005)
            if not self._is_for_files(event):
                self._inbox.put(FromBroker(self, number, event))

        return put
