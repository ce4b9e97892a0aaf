"""One connection to a broker: a paho-mqtt client on a thread of its own that reconnects for as long as it makes sense.

Above this file nobody knows paho: wishes go in as method calls that only enqueue, and what happens comes out as typed events with
sentences for people. All of paho runs on the one thread (its external-loop interface), so none of its locks are ever contended.
"""

import contextlib
import queue
import random
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from chat.address import BrokerAddress
from chat.bounded_client import BoundedClient
from chat.errors import EntryError
from chat.network_events import (
    MQTT_LARGEST_PACKET,
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
    Trouble,
)
from chat.protocol.limits import PACKET_BYTES
from chat.reasons import refusal, rejection
from chat.tls import distrust, tls_context
from chat.words import _

KEEP_ALIVE_SECONDS: Final = 30
CONNECT_SECONDS: Final = 10.0
ACCEPT_SECONDS: Final = 15.0
"""How long the broker may take to answer CONNECT and SUBSCRIBE."""
FIRST_RETRY_SECONDS: Final = 1.0
LAST_RETRY_SECONDS: Final = 60.0
STEADY_SECONDS: Final = 10.0
"""A connection that held for this long was a good one; after it, retries begin again with the shortest pause."""
SESSION_SECONDS: Final = 7 * 24 * 3600
CONTROL_EXPIRY_SECONDS: Final = 60
LARGEST_PACKET: Final = PACKET_BYTES + 1024
"""What we let a broker send: the largest payload with its topic and properties."""
GOODBYE_SECONDS: Final = 0.5
PACKETS_AT_ONCE: Final = 50
"""How many are taken in before what is to be sent has its turn."""
RECEIPTS: Final = 1 << 16
"""Packet identifiers are below this; a receipt is one of them plus this for each attempt, since a new session uses them again."""
IN_FLIGHT: Final = 20
"""QoS 1 packets under way at once; paho's own limit can't follow the broker's, which is known only after CONNACK."""


_FINAL: Final = frozenset({Trouble.CERTIFICATE, Trouble.NOT_AUTHORISED, Trouble.TAKEN_OVER, Trouble.PACKET_TOO_LARGE})
"""Trying again by itself would not mend these."""


@dataclass(frozen=True, slots=True)
class _Publish:
    topic: str
    payload: bytes
    qos: int
    token: int


@dataclass(frozen=True, slots=True)
class _Receipt:
    number: int


@dataclass(frozen=True, slots=True)
class _Will:
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Subscribe:
    name: str
    topics: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Unsubscribe:
    name: str


class _Ended(Exception):  # noqa: N818
    """Carries the reason for an attempt's end to where it is told."""

    def __init__(self, trouble: Trouble, sentence: str) -> None:
        super().__init__(sentence)
        self.trouble = trouble
        self.sentence = sentence


class Connection:
    """See the module. Every method may be called from any thread, and none but `close` waits."""

    def __init__(
        self,
        broker: BrokerAddress,
        *,
        password: str,
        client_id: str,
        will: tuple[str, bytes],
        inbox: Callable[[NetworkEvent], None],
    ) -> None:
        self._broker = broker
        self._password = password
        self._client_id = client_id
        self._will = _Will(*will)
        self._inbox = inbox
        self._wishes: queue.SimpleQueue[_Publish | _Receipt | _Will | _Subscribe | _Unsubscribe] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._retry = threading.Event()
        self._is_woken = False
        """Whether the thread will look at the wishes without being woken once more."""
        self._wake_end, self._waker = socket.socketpair()
        self._wake_end.setblocking(False)
        self._waker.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        # From here on only the thread's own.
        self._version = MQTTProtocolVersion.MQTTv5
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._client: BoundedClient | None = None
        self._limits = BrokerLimits()
        self._tokens: dict[int, int] = {}
        """What was published with QoS 1 and is not acknowledged, by packet identifier."""
        self._held: deque[_Publish] = deque()
        """What waits because the broker allows no more of those."""
        self._accepted: Connected | None = None
        self._accepted_at = 0.0
        self._subscriptions: dict[str, _Subscribe] = {}
        self._unanswered: dict[int, str] = {}
        """Whose subscriptions the broker has not answered, by packet identifier."""
        self._asked_at = 0.0
        self._end: _Ended | None = None
        self._answered = False
        self._attempts = 0

    def start(self) -> None:
        """Start the thread and the first attempt."""
        self._thread.start()

    def publish(self, topic: str, payload: bytes, qos: int, token: int) -> None:
        """Publish while connected. A QoS 1 packet is answered with `Acknowledged` or `Rejected`, unless the connection breaks first."""
        self._wishes.put(_Publish(topic, payload, qos, token))
        self._wake()

    def acknowledge(self, receipt: int) -> None:
        """Tell the broker that a packet of QoS 1 is safe here. Receipts of an earlier connection are forgotten: it sends those again."""
        self._wishes.put(_Receipt(receipt))
        self._wake()

    def subscribe(self, name: str, topics: Sequence[tuple[str, int]]) -> None:
        """Listen to these topics, each with its QoS, on this connection and all later ones. Each time, `Subscribed` or
        `SubscriptionRefused` answers with `name`."""
        self._wishes.put(_Subscribe(name, tuple(topics)))
        self._wake()

    def unsubscribe(self, name: str) -> None:
        """Listen no longer to what was subscribed under this name."""
        self._wishes.put(_Unsubscribe(name))
        self._wake()

    def set_will(self, topic: str, payload: bytes) -> None:
        """The will for the next attempt."""
        self._wishes.put(_Will(topic, payload))

    def reconnect_now(self) -> None:
        """Cut a countdown short, or try again after a final trouble."""
        self._retry.set()
        self._wake()

    def stop(self) -> None:
        """Publish what was asked for until now, say DISCONNECT, and end the thread; `close` waits for that."""
        self._stopping.set()
        self._wake()

    def close(self, timeout: float) -> None:
        """`stop`, and wait for at most `timeout` seconds."""
        self.stop()
        if self._thread.ident is None:
            self._wake_end.close()
            self._waker.close()
            return
        self._thread.join(timeout * 0.75)
        if self._thread.is_alive() and self._client is not None:
            # It waits inside a connect or a handshake; without the socket it can't.
            self._client.shut_down()
            self._thread.join(timeout * 0.25)
        self._waker.close()

    def _wake(self) -> None:
        if self._is_woken:
            return
        self._is_woken = True
        # A full pipe means that it is being woken already, a closed one that it has ended.
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    # The thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._emit(Connecting())
            end = self._attempt()
            if self._stopping.is_set():
                break
            if self._answered or end.trouble is not Trouble.LOST:
                self._wait_to_retry(end)
            elif self._version is MQTTProtocolVersion.MQTTv5:
                # A broker that knows only MQTT 3.1.1 may just hang up on an MQTT 5 greeting.
                self._version = MQTTProtocolVersion.MQTTv311
            else:
                self._version = MQTTProtocolVersion.MQTTv5
                self._wait_to_retry(end)
        self._wake_end.close()

    def _emit(self, event: NetworkEvent) -> None:
        if not self._stopping.is_set():
            self._inbox(event)

    def _wait_to_retry(self, end: _Ended) -> None:
        if self._accepted is not None and time.monotonic() - self._accepted_at >= STEADY_SECONDS:
            self._retry_seconds = FIRST_RETRY_SECONDS
        seconds = self._retry_seconds * random.uniform(0.5, 1.0)  # noqa: S311
        self._retry_seconds = min(self._retry_seconds * 2, LAST_RETRY_SECONDS)
        retry_at = None if end.trouble in _FINAL else time.monotonic() + seconds
        self._retry.clear()
        self._emit(Disconnected(end.trouble, end.sentence, retry_at))
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_end, selectors.EVENT_READ)
            while not self._stopping.is_set() and not self._retry.is_set():
                left = None if retry_at is None else retry_at - time.monotonic()
                if left is not None and left <= 0:
                    break
                selector.select(left)
                self._clear_wake()

    def _clear_wake(self) -> None:
        # In this order: whoever wishes something from here on wakes the thread again.
        with contextlib.suppress(BlockingIOError):
            self._wake_end.recv(4096)
        self._is_woken = False

    def _attempt(self) -> _Ended:
        """Connect and serve until the end, whose reason is returned."""
        self._answered = False
        self._attempts += 1
        self._accepted = None
        self._end = None
        self._tokens.clear()
        self._held.clear()
        self._unanswered.clear()
        try:
            self._take_wishes(None)
            client = self._client = self._make_client()
            self._connect(client)
            self._serve(client)
        except _Ended as end:
            return end
        except EntryError as error:
            return _Ended(Trouble.CERTIFICATE, str(error))
        finally:
            if self._client is not None:
                self._close_socket(self._client)
        return self._end or self._how_it_was_lost()

    def _how_it_was_lost(self) -> _Ended:
        place = self._broker.place
        if self._client is not None and self._client.oversize:
            return _Ended(
                Trouble.PACKET_TOO_LARGE,
                _("{place} sent a packet that is too large, so the connection was closed.").format(place=place),
            )
        if self._accepted is not None and time.monotonic() - self._accepted_at < STEADY_SECONDS:
            # Two programs with one client identifier end each other's connections in turn, and not every broker says so.
            told = [
                _("The connection to {place} was lost at once.").format(place=place),
                _("If this happens again, another program may use a copy of this data folder."),
            ]
            return _Ended(Trouble.LOST, " ".join(told))
        if not self._answered:
            return _Ended(Trouble.LOST, _("{place} closed the connection without an answer. Is it an MQTT broker?").format(place=place))
        return _Ended(Trouble.LOST, _("The connection to {place} was lost.").format(place=place))

    def _make_client(self) -> BoundedClient:
        broker = self._broker
        modern = self._version is MQTTProtocolVersion.MQTTv5
        client = BoundedClient(
            LARGEST_PACKET,
            callback_api_version=CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=self._version,
            transport="websockets" if broker.websocket else "tcp",
            reconnect_on_failure=False,
            manual_ack=True,
            clean_session=None if modern else False,
        )
        client.connect_timeout = CONNECT_SECONDS
        client.will_set(
            self._will.topic, self._will.payload, qos=0, retain=False, properties=_expiry(PacketTypes.WILLMESSAGE) if modern else None
        )
        if broker.user:
            client.username_pw_set(broker.user, self._password or None)
        if broker.encrypted:
            client.tls_set_context(tls_context(broker))
        if broker.websocket:
            client.ws_set_options(path=broker.path or "/mqtt")
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        return client

    def _connect(self, client: BoundedClient) -> None:
        """Name look-up, TCP, TLS and websocket, and the CONNECT packet. Raises `_Ended`."""
        broker, place = self._broker, self._broker.place
        options: dict[str, Any] = {}
        if self._version is MQTTProtocolVersion.MQTTv5:
            properties = _properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = SESSION_SECONDS
            properties.MaximumPacketSize = LARGEST_PACKET
            options = {"clean_start": False, "properties": properties}
        try:
            client.connect(broker.host, broker.port, keepalive=KEEP_ALIVE_SECONDS, **options)
        except socket.gaierror:
            raise _Ended(
                Trouble.NAME_NOT_FOUND,
                _("The name {host} was not found. Check the address, and this computer’s network.").format(host=broker.host),
            ) from None
        except ssl.SSLCertVerificationError as error:
            raise _Ended(Trouble.CERTIFICATE, distrust(error, broker)) from None
        except ssl.SSLError:
            raise _Ended(
                Trouble.UNREACHABLE,
                _("{place} does not use TLS on this port, or it refused your certificate. Check both.").format(place=place),
            ) from None
        except TimeoutError:
            raise _Ended(
                Trouble.UNREACHABLE,
                _("{place} does not answer. Check the address, and that no firewall is in the way.").format(place=place),
            ) from None
        except ConnectionRefusedError:
            raise _Ended(
                Trouble.UNREACHABLE, _("Nothing listens at {place}. Check the port, or start the broker there.").format(place=place)
            ) from None
        except (OSError, mqtt.WebsocketConnectionError, ValueError, IndexError):
            # The last two are what paho's websocket raises for a malformed answer.
            raise _Ended(
                Trouble.UNREACHABLE, _("{place} can’t be reached. Check the address, and this computer’s network.").format(place=place)
            ) from None

    def _serve(self, client: BoundedClient) -> None:
        """Move bytes until the connection ends."""
        deadline = time.monotonic() + ACCEPT_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_end, selectors.EVENT_READ)
            while self._end is None and client.socket() is not None:
                if self._stopping.is_set():
                    self._say_goodbye(client)
                    return
                if self._unanswered:
                    deadline = self._asked_at + ACCEPT_SECONDS
                if (self._accepted is None or self._unanswered) and time.monotonic() > deadline:
                    raise _Ended(
                        Trouble.UNREACHABLE,
                        _("{place} took the connection, but does not answer. Is it an MQTT broker?").format(place=self._broker.place),
                    )
                if not self._step(client, selector):
                    return

    def _step(self, client: BoundedClient, selector: selectors.BaseSelector) -> bool:
        """Wait for something to do and do it. Says whether the connection still stands."""
        sock = client.socket()
        if sock is None:
            return False
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.want_write() else 0)
        if sock not in selector.get_map():
            selector.register(sock, events)
        elif selector.get_key(sock).events != events:
            selector.modify(sock, events)
        ready = selector.select(0 if client.has_pending() else 1.0)
        self._clear_wake()
        try:
            readable = client.has_pending() or any(key.fileobj is sock and mask & selectors.EVENT_READ for key, mask in ready)
            for _packet in range(PACKETS_AT_ONCE if readable else 0):
                if client.loop_read() is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return False
                if self._end is not None or not client.has_pending():
                    break
            self._take_wishes(client if self._accepted else None)
            if client.want_write() and client.loop_write() is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                return False
            return client.loop_misc() is MQTTErrorCode.MQTT_ERR_SUCCESS
        except Exception as error:  # noqa: BLE001
            # paho parses what the broker sends and raises whatever its parser stumbles over; none of it is worth more than this.
            raise _Ended(
                Trouble.PROTOCOL,
                _("{place} sent something that is not MQTT ({name}). Check the address.").format(
                    place=self._broker.place, name=type(error).__name__
                ),
            ) from None

    def _take_wishes(self, client: BoundedClient | None) -> None:
        """Carry out what was asked for; without a client that is connected, publishes are forgotten."""
        while True:
            try:
                wish = self._wishes.get_nowait()
            except queue.Empty:
                return
            if isinstance(wish, _Will):
                self._will = wish
            elif isinstance(wish, _Subscribe):
                self._subscriptions[wish.name] = wish
                if client is not None:
                    self._subscribe(client, wish)
            elif isinstance(wish, _Unsubscribe):
                given_up = self._subscriptions.pop(wish.name, None)
                if client is not None and given_up is not None:
                    client.unsubscribe([topic for topic, _ in given_up.topics])
            elif client is not None and isinstance(wish, _Receipt):
                attempt, identifier = divmod(wish.number, RECEIPTS)
                if attempt == self._attempts:
                    client.ack(identifier, 1)
            elif client is not None and isinstance(wish, _Publish):
                self._held.append(wish)
                self._publish_held(client)

    def _subscribe(self, client: mqtt.Client, wish: _Subscribe) -> None:
        """Ask for all topics of one name in one packet, so that one answer is about all of them."""
        if self._version is MQTTProtocolVersion.MQTTv5:
            retained = SubscribeOptions.RETAIN_DO_NOT_SEND
            modern = [(topic, SubscribeOptions(qos=qos, noLocal=True, retainHandling=retained)) for topic, qos in wish.topics]
            _, identifier = client.subscribe(modern)
        else:
            _, identifier = client.subscribe(list(wish.topics))
        if identifier is not None:
            self._unanswered[identifier] = wish.name
            self._asked_at = time.monotonic()

    def _publish_held(self, client: mqtt.Client) -> None:
        while self._held and (self._held[0].qos == 0 or len(self._tokens) < min(IN_FLIGHT, self._limits.receive_maximum)):
            self._publish(client, self._held.popleft())

    def _publish(self, client: mqtt.Client, wish: _Publish) -> None:
        overhead = len(wish.topic.encode()) + 32
        if len(wish.payload) + overhead > self._limits.packet_bytes:
            kibibytes = self._limits.packet_bytes // 1024
            self._emit(
                Rejected(
                    wish.token,
                    _("This broker takes at most {most} KiB at once. Send the message in parts.").format(most=kibibytes),
                )
            )
            return
        qos = min(wish.qos, self._limits.maximum_qos)
        properties = None
        if self._version is MQTTProtocolVersion.MQTTv5:
            properties = _expiry(PacketTypes.PUBLISH, SESSION_SECONDS if wish.qos else CONTROL_EXPIRY_SECONDS)
        information = client.publish(wish.topic, wish.payload, qos=qos, properties=properties)
        if wish.qos:
            self._tokens[information.mid] = wish.token

    def _say_goodbye(self, client: BoundedClient) -> None:
        deadline = time.monotonic() + GOODBYE_SECONDS
        self._take_wishes(client if self._accepted else None)
        client.disconnect()
        while client.want_write() and (sock := client.socket()) is not None and time.monotonic() < deadline:
            with selectors.DefaultSelector() as selector:
                selector.register(sock, selectors.EVENT_WRITE)
                selector.select(0.1)
            if client.loop_write() is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                return

    def _close_socket(self, client: BoundedClient) -> None:
        client.shut_down()
        if client.raw_socket is not None:
            client.raw_socket.close()
        with contextlib.suppress(OSError):
            client._sock_close()

    # paho's callbacks, on the thread

    def _on_connect(
        self, client: mqtt.Client, _data: Any, flags: mqtt.ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            unknown_version = self._version is MQTTProtocolVersion.MQTTv5 and reason.value in (0x84, 0x81, 0x82)
            # A refused version counts as no answer, so that the next attempt is made with MQTT 3.1.1 at once.
            self._answered = not unknown_version
            self._end = _Ended(Trouble.LOST, "") if unknown_version else _Ended(*refusal(reason, self._broker.place))
            return
        self._answered = True
        self._limits = BrokerLimits(
            packet_bytes=getattr(properties, "MaximumPacketSize", MQTT_LARGEST_PACKET),
            receive_maximum=getattr(properties, "ReceiveMaximum", 65535),
            maximum_qos=getattr(properties, "MaximumQoS", 2),
        )
        modern = self._version is MQTTProtocolVersion.MQTTv5
        version = self._client.tls_version.replace("TLSv", "TLS ") if self._client else ""
        self._accepted = Connected(
            limits=self._limits,
            security=version or _("not encrypted on the way"),
            protocol="MQTT 5" if modern else "MQTT 3.1.1",
            resumed=flags.session_present,
        )
        self._accepted_at = time.monotonic()
        self._emit(self._accepted)
        for wish in self._subscriptions.values():
            self._subscribe(client, wish)

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, mid: int, reasons: list[ReasonCode], _properties: Properties | None) -> None:
        name = self._unanswered.pop(mid, None)
        if name is None or name not in self._subscriptions:
            return
        if any(reason.is_failure for reason in reasons):
            words = _("{place} does not let you read this topic. Ask whoever runs it, or choose another topic.")
            self._emit(SubscriptionRefused(name, words.format(place=self._broker.place)))
        else:
            self._emit(Subscribed(name))

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = "" if message.retain else message.topic
        except UnicodeDecodeError:
            topic = ""
        if not topic:
            if message.qos:
                client.ack(message.mid, message.qos)
            return
        self._emit(Arrived(topic, bytes(message.payload), message.qos, self._attempts * RECEIPTS + message.mid))

    def _on_publish(self, client: mqtt.Client, _data: Any, mid: int, reason: ReasonCode, _properties: Properties) -> None:
        token = self._tokens.pop(mid, None)
        if token is None:
            return
        if reason.is_failure:
            self._emit(Rejected(token, rejection(reason)))
        else:
            self._emit(Acknowledged(token))
        self._publish_held(client)

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, flags: mqtt.DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server and self._end is None and not self._stopping.is_set():
            self._end = _Ended(*refusal(reason, self._broker.place))


def _expiry(packet: int, seconds: int = CONTROL_EXPIRY_SECONDS) -> Any:
    properties = _properties(packet)
    properties.MessageExpiryInterval = seconds
    return properties


def _properties(packet: int) -> Any:
    # paho sets the attributes of this class by name at run time, so no type can be given for them.
    return Properties(packet)  # type: ignore[no-untyped-call]
