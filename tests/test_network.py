"""Connections to real brokers, and to hostile ones: every trouble has its sentence, and no broker can hurt us."""

import base64
import contextlib
import hashlib
import queue
import random
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from chat.address import BrokerAddress, parse_broker
from chat.network import Connection
from chat.network_events import (
    Acknowledged,
    Arrived,
    Connected,
    Disconnected,
    NetworkEvent,
    Rejected,
    Subscribed,
    SubscriptionRefused,
    Trouble,
)
from chat.tls import tls_context
from tests.brokers import PASSWORD, Certificates, Mosquitto, wait_until

Kind = TypeVar("Kind")
CONNACK_5 = b"\x20\x03\x00\x00\x00"


class Line:
    """A connection with what it told."""

    def __init__(self, broker: BrokerAddress, password: str = "", client_id: str = "", topic: str = "home") -> None:
        self.events: list[NetworkEvent] = []
        self._inbox: queue.SimpleQueue[NetworkEvent] = queue.SimpleQueue()
        self.connection = Connection(
            broker,
            password=password,
            client_id=client_id or random.randbytes(10).hex(),
            will=(f"{topic}/c", b"gone"),
            inbox=self._inbox.put,
        )
        self.connection.subscribe(topic, [(f"{topic}/m", 1), (f"{topic}/c", 0)])
        self.connection.start()

    def look(self) -> None:
        with contextlib.suppress(queue.Empty):
            self.events.append(self._inbox.get(timeout=0.005))

    def wait_for(self, kind: type[Kind], count: int = 1, seconds: float = 20.0) -> Kind:
        wait_until(lambda: len(self.told(kind)) >= count, seconds, self.look)
        return self.told(kind)[count - 1]

    def told(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    def ready(self, times: int = 1) -> Connected:
        """Wait until it is connected and listens, for so many times in all."""
        self.wait_for(Subscribed, times)
        return self.told(Connected)[times - 1]

    def close(self) -> None:
        self.connection.close(1.5)
        assert not self.connection._thread.is_alive()


@pytest.fixture
def line() -> Iterator[Callable[..., Line]]:
    lines: list[Line] = []

    def make(*arguments: object, **options: object) -> Line:
        lines.append(Line(*arguments, **options))  # type: ignore[arg-type]
        return lines[-1]

    yield make
    for made in lines:
        if made.connection._thread.is_alive():
            made.close()


Lines = Callable[..., Line]


@pytest.fixture
def raw_broker() -> Iterator[Callable[[Callable[[socket.socket], None]], BrokerAddress]]:
    """A server on a socket that does with each connection what the test says."""
    servers: list[socket.socket] = []

    def start(serve: Callable[[socket.socket], None]) -> BrokerAddress:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def accept() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client, contextlib.suppress(OSError):
                    serve(client)

        threading.Thread(target=accept, daemon=True).start()
        return parse_broker(f"mqtt://127.0.0.1:{server.getsockname()[1]}")

    yield start
    for server in servers:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


@pytest.mark.parametrize(
    ("kind", "security"),
    [("mqtt", "not encrypted on the way"), ("mqtts", "TLS 1.3"), ("ws", "not encrypted on the way"), ("wss", "TLS 1.3")],
)
def test_every_scheme(line: Lines, broker: Mosquitto, kind: str, security: str) -> None:
    address = parse_broker(broker.url(kind), ca_file=broker.certificates.ca)
    one, other = line(address, topic=kind), line(address, topic=kind)
    connected = one.ready()
    assert (connected.security, connected.protocol) == (security, "MQTT 5")
    other.ready()
    one.connection.publish(f"{kind}/m", b"x" * 60_000, 1, 7)
    arrived = other.wait_for(Arrived)
    assert (arrived.topic, arrived.payload, arrived.qos) == (f"{kind}/m", b"x" * 60_000, 1)
    assert one.wait_for(Acknowledged).token == 7
    assert one.told(Arrived) == []


def test_a_certificate_of_an_unknown_ca_is_not_trusted(line: Lines, broker: Mosquitto) -> None:
    ended = line(parse_broker(broker.url("mqtts"))).wait_for(Disconnected)
    assert (ended.trouble, ended.retry_at) == (Trouble.CERTIFICATE, None)
    assert "not trusted" in ended.sentence


@pytest.mark.parametrize(("host", "days", "words"), [("elsewhere.example", 2, "another host name"), ("localhost", -1, "has expired")])
def test_what_is_wrong_with_a_certificate_is_said(
    line: Lines, start_broker: Callable[..., Mosquitto], tmp_path: Path, host: str, days: int, words: str
) -> None:
    certificates = Certificates(tmp_path / "wrong")
    broker = start_broker(certificate=certificates.issue("server", host, days))
    ended = line(parse_broker(broker.url("mqtts"), ca_file=certificates.ca)).wait_for(Disconnected)
    assert (ended.trouble, ended.retry_at) == (Trouble.CERTIFICATE, None)
    assert words in ended.sentence


def test_a_client_certificate(line: Lines, broker: Mosquitto) -> None:
    certificate, key = broker.certificates.issue("ada")
    ca = broker.certificates.ca
    line(parse_broker(broker.url("certificate"), ca_file=ca, certificate=certificate, key_file=key)).ready()
    without = line(parse_broker(broker.url("certificate"), ca_file=ca))
    assert without.wait_for(Disconnected).trouble in {Trouble.UNREACHABLE, Trouble.LOST}


def test_a_file_that_holds_no_certificate_is_named(line: Lines, broker: Mosquitto, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    ended = line(parse_broker(broker.url("mqtts"), ca_file=tmp_path / "ca.pem")).wait_for(Disconnected)
    assert "ca.pem" in ended.sentence
    assert ended.retry_at is None


def test_user_and_password(line: Lines, broker: Mosquitto) -> None:
    address = parse_broker(broker.url("password"))
    line(address, PASSWORD).ready()
    ended = line(address, "a wrong password").wait_for(Disconnected)
    assert (ended.trouble, ended.retry_at) == (Trouble.NOT_AUTHORISED, None)
    assert "wrong password" not in ended.sentence


def test_a_topic_that_may_not_be_read(line: Lines, raw_broker: Callable[..., BrokerAddress]) -> None:
    def serve(client: socket.socket) -> None:
        _greet(client, 0x87)
        client.recv(4096)

    refused = line(raw_broker(serve)).wait_for(SubscriptionRefused)
    assert refused.name == "home"
    assert "read this topic" in refused.sentence


def test_rooms_share_a_connection_and_one_that_is_left_is_heard_no_more(line: Lines, broker: Mosquitto) -> None:
    one, other = line(parse_broker(broker.url()), topic="first"), line(parse_broker(broker.url()), topic="other")
    one.ready()
    other.ready()
    one.connection.subscribe("second", [("second/m", 1)])
    assert one.wait_for(Subscribed, 2).name == "second"
    other.connection.publish("second/m", b"in the second", 1, 1)
    assert one.wait_for(Arrived).topic == "second/m"
    one.connection.unsubscribe("first")
    # The broker takes wishes in order: once this one is answered, the first topic is given up.
    one.connection.subscribe("third", [("third/m", 1)])
    one.wait_for(Subscribed, 3)
    for topic in ("first/m", "third/m"):
        other.connection.publish(topic, b"x", 1, 2)
    assert one.wait_for(Arrived, 2).topic == "third/m"


def test_a_topic_that_may_not_be_written(line: Lines, start_broker: Callable[..., Mosquitto], tmp_path: Path) -> None:
    rights = tmp_path / "rights"
    rights.write_text("topic read home/#\n")
    broker = start_broker(listener_extra={"mqtt": f"acl_file {rights}\n"})
    reader = line(parse_broker(broker.url()))
    reader.ready()
    reader.connection.publish("home/m", b"x", 1, 3)
    rejected = reader.wait_for(Rejected)
    assert rejected.token == 3
    assert "write to this topic" in rejected.sentence


@pytest.mark.parametrize(
    ("code", "trouble", "words", "retried"),
    [
        (0x8E, Trouble.TAKEN_OVER, "took this connection over", False),
        (0x87, Trouble.NOT_AUTHORISED, "user or password", False),
        (0x95, Trouble.PACKET_TOO_LARGE, "too large", False),
        (0x8B, Trouble.UNREACHABLE, "is busy", True),
        (0x97, Trouble.UNREACHABLE, "takes no more", True),
        (0x9D, Trouble.UNREACHABLE, "moved", True),
    ],
)
def test_what_the_broker_says_when_it_ends_a_connection(
    line: Lines, raw_broker: Callable[..., BrokerAddress], code: int, trouble: Trouble, words: str, retried: bool
) -> None:
    def serve(client: socket.socket) -> None:
        _greet(client, 0)
        client.sendall(bytes([0xE0, 2, code, 0]))

    one = line(raw_broker(serve))
    ended = one.wait_for(Disconnected)
    assert len(one.told(Connected)) == 1
    assert (ended.trouble, ended.retry_at is not None) == (trouble, retried)
    assert words in ended.sentence


def test_two_programs_with_one_session_are_told(line: Lines, broker: Mosquitto) -> None:
    first = line(parse_broker(broker.url()), client_id="the same")
    first.ready()
    line(parse_broker(broker.url()), client_id="the same").ready()
    assert "copy of this data folder" in first.wait_for(Disconnected).sentence


def test_a_broker_that_is_killed_is_tried_again_at_the_stated_time(line: Lines, start_broker: Callable[..., Mosquitto]) -> None:
    broker = start_broker()
    one = line(parse_broker(broker.url()))
    one.ready()
    broker.kill()
    first = one.wait_for(Disconnected)
    assert first.trouble is Trouble.LOST
    assert first.retry_at is not None
    assert 0.0 < first.retry_at - time.monotonic() <= 1.0
    second = one.wait_for(Disconnected, 2)
    assert second.trouble is Trouble.UNREACHABLE
    assert time.monotonic() >= first.retry_at
    assert second.retry_at is not None
    assert second.retry_at - time.monotonic() <= 2.0
    broker.start()
    one.ready(2)


def test_names_and_ports_that_lead_nowhere(line: Lines) -> None:
    nowhere = line(parse_broker("mqtt://no-such-host.invalid")).wait_for(Disconnected)
    assert nowhere.trouble is Trouble.NAME_NOT_FOUND
    assert "no-such-host.invalid was not found" in nowhere.sentence
    assert nowhere.retry_at is not None
    closed = line(parse_broker("mqtt://127.0.0.1:1")).wait_for(Disconnected)
    assert closed.trouble is Trouble.UNREACHABLE
    assert "Nothing listens" in closed.sentence


def test_a_packet_larger_than_the_broker_takes_is_rejected_alone(line: Lines, start_broker: Callable[..., Mosquitto]) -> None:
    broker = start_broker(extra="max_packet_size 2000")
    one = line(parse_broker(broker.url()))
    assert one.ready().limits.packet_bytes == 2000
    one.connection.publish("home/m", b"x" * 3000, 1, 1)
    one.connection.publish("home/m", b"x" * 1000, 1, 2)
    assert one.wait_for(Rejected).token == 1
    assert one.wait_for(Acknowledged).token == 2
    assert one.told(Disconnected) == []


def test_no_more_is_under_way_than_the_broker_allows(line: Lines, start_broker: Callable[..., Mosquitto]) -> None:
    broker = start_broker(extra="max_inflight_messages 3")
    one = line(parse_broker(broker.url()))
    one.ready()
    for token in range(1, 101):
        one.connection.publish("home/m", b"x", 1, token)
    one.wait_for(Acknowledged, 100)
    assert [event.token for event in one.told(Acknowledged)] == list(range(1, 101))


def test_a_broker_of_mqtt_311_is_spoken_to_in_that(line: Lines, raw_broker: Callable[..., BrokerAddress]) -> None:
    greetings: list[int] = []

    def serve(client: socket.socket) -> None:
        data = client.recv(4096)
        greetings.append(data[data.index(b"MQTT") + 4])
        if greetings[-1] == 5:
            return
        client.sendall(b"\x20\x02\x00\x00")
        while data := client.recv(4096):
            if data[0] == 0x82:
                client.sendall(bytes([0x90, 4]) + data[2:4] + b"\x01\x00")

    one = line(raw_broker(serve))
    assert one.ready().protocol == "MQTT 3.1.1"
    assert greetings == [5, 4]


def _greet(client: socket.socket, answer: int) -> None:
    """Accept an MQTT 5 connection, and answer its two subscriptions, which come in one packet, with one reason code."""
    client.recv(4096)
    client.sendall(CONNACK_5)
    data = client.recv(4096)
    client.sendall(bytes([0x90, 5]) + data[2:4] + bytes([0, answer, answer]))


def test_the_will_is_published_when_the_connection_breaks_and_not_after_goodbye(line: Lines, broker: Mosquitto) -> None:
    watcher = line(parse_broker(broker.url()), topic="will")
    watcher.ready()
    broken = line(parse_broker(broker.url()), topic="will")
    broken.ready()
    assert broken.connection._client is not None
    broken.connection._client.shut_down()
    assert watcher.wait_for(Arrived).payload == b"gone"
    polite = line(parse_broker(broker.url()), topic="will")
    polite.ready()
    polite.connection.publish("will/c", b"goodbye", 0, 0)
    polite.close()
    assert watcher.wait_for(Arrived, 2).payload == b"goodbye"
    watcher.connection.publish("will/m", b"", 1, 1)
    watcher.wait_for(Acknowledged)
    assert len(watcher.told(Arrived)) == 2


def test_retained_packets_are_dropped(line: Lines, broker: Mosquitto) -> None:
    vandal = mqtt.Client(CallbackAPIVersion.VERSION2)
    vandal.connect("localhost", broker.ports["mqtt"])
    vandal.loop_start()
    vandal.publish("kept/m", b"retained", qos=1, retain=True).wait_for_publish(5)
    one = line(parse_broker(broker.url()), topic="kept")
    one.ready()
    vandal.publish("kept/m", b"fresh", qos=1).wait_for_publish(5)
    assert one.wait_for(Arrived).payload == b"fresh"
    vandal.publish("kept/m", b"", qos=1, retain=True).wait_for_publish(5)
    vandal.disconnect()
    vandal.loop_stop()


@pytest.mark.parametrize("websocket", [False, True])
def test_a_broker_that_pushes_200_mib_gains_nothing(line: Lines, raw_broker: Callable[..., BrokerAddress], websocket: bool) -> None:
    pushed = 0

    def serve(client: socket.socket) -> None:
        nonlocal pushed
        client.recv(4096)
        size = 200 * 1024 * 1024
        client.sendall(CONNACK_5 + b"\x30" + _remaining_length(size))
        chunk = bytes(1 << 20)
        for _ in range(200):
            client.sendall(chunk)
            pushed += len(chunk)

    def serve_frame(client: socket.socket) -> None:
        nonlocal pushed
        _accept_websocket(client)
        client.recv(4096)
        client.sendall(b"\x82\x7f" + (200 * 1024 * 1024).to_bytes(8, "big"))
        for _ in range(200):
            client.sendall(b"\xd0\x00" * (1 << 19))
            pushed += 1 << 20

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    address = raw_broker(serve_frame if websocket else serve)
    one = line(parse_broker(address.place.replace("mqtt://", "ws://")) if websocket else address)
    ended = one.wait_for(Disconnected)
    assert (ended.trouble, ended.retry_at) == (Trouble.PACKET_TOO_LARGE, None)
    assert pushed < 50 * 1024 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


def _remaining_length(size: int) -> bytes:
    out = bytearray()
    while size >= 128:
        out.append(size % 128 | 128)
        size //= 128
    return bytes([*out, size])


def _accept_websocket(client: socket.socket) -> None:
    request = client.recv(4096)
    key = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest())
    client.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def test_a_websocket_answer_without_end_is_cut_off(line: Lines, raw_broker: Callable[..., BrokerAddress]) -> None:
    def serve(client: socket.socket) -> None:
        while True:
            client.sendall(b"x" * 4096)

    address = raw_broker(serve)
    ended = line(parse_broker(address.place.replace("mqtt://", "ws://"))).wait_for(Disconnected)
    assert ended.trouble is Trouble.UNREACHABLE


def test_garbage_from_a_broker_raises_nowhere(line: Lines, raw_broker: Callable[..., BrokerAddress]) -> None:
    failures: list[object] = []
    hook, threading.excepthook = threading.excepthook, failures.append
    chance = random.Random(11)
    rounds = 0

    def serve(client: socket.socket) -> None:
        nonlocal rounds
        rounds += 1
        client.recv(4096)
        body = chance.randbytes(chance.randrange(0, 120))
        start = CONNACK_5 if chance.random() < 0.7 else b""
        kind = bytes([chance.randrange(256)])
        client.sendall(start + kind + _remaining_length(len(body)) + body + chance.randbytes(chance.randrange(0, 60)))

    one = line(raw_broker(serve))

    def push() -> None:
        one.look()
        one.connection.reconnect_now()

    wait_until(lambda: rounds >= 300, 60, push)
    one.close()
    threading.excepthook = hook
    assert failures == []
    assert all(event.sentence for event in one.told(Disconnected))


@pytest.mark.parametrize("answer", [b"", CONNACK_5])
def test_closing_takes_no_longer_than_it_may_while_a_broker_is_silent(
    line: Lines, raw_broker: Callable[..., BrokerAddress], answer: bytes
) -> None:
    waiting = threading.Event()

    def serve(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(answer)
        waiting.set()
        while client.recv(4096):
            pass

    one = line(raw_broker(serve))
    wait_until(waiting.is_set)
    started = time.monotonic()
    one.close()
    assert time.monotonic() - started < 2


def test_closing_in_the_middle_of_a_tls_handshake(line: Lines, raw_broker: Callable[..., BrokerAddress]) -> None:
    waiting = threading.Event()

    def serve(client: socket.socket) -> None:
        client.recv(4096)
        waiting.set()
        while client.recv(4096):
            pass

    address = raw_broker(serve)
    one = line(parse_broker(address.place.replace("mqtt://", "mqtts://")))
    wait_until(waiting.is_set)
    started = time.monotonic()
    one.close()
    assert time.monotonic() - started < 2


def test_tls_below_1_2_is_not_spoken(broker: Mosquitto) -> None:
    context = tls_context(parse_broker(broker.url("mqtts"), ca_file=broker.certificates.ca))
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_packets_of_a_qos_that_was_not_asked_for_end_the_connection(line: Lines, raw_broker: Callable[..., BrokerAddress]) -> None:
    pushed = 0

    def serve(client: socket.socket) -> None:
        nonlocal pushed
        _greet(client, 0)
        for number in range(1, 2001):
            body = b"\x00\x06home/m" + number.to_bytes(2, "big") + b"\x00" + bytes(60_000)
            client.sendall(b"\x34" + _remaining_length(len(body)) + body)
            pushed += len(body)

    one = line(raw_broker(serve))
    assert one.wait_for(Disconnected).trouble is Trouble.PROTOCOL
    assert pushed < 20 * 1024 * 1024
    assert one.told(Arrived) == []


def test_a_broker_that_floods_and_never_reads_is_left(line: Lines, raw_broker: Callable[..., BrokerAddress]) -> None:
    small = threading.Event()

    def serve(client: socket.socket) -> None:
        # A small window, not a small buffer: from a full buffer the system drops packets, and the flood stalls.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, 2048)
        _greet(client, 0)
        small.wait(20)
        while True:
            client.sendall(b"\x33\x0b\x00\x06home/m\x00\x01\x00" * 20_000)

    flooded = line(raw_broker(serve))
    flooded.ready()
    # The system would take a million answers before the first one waits.
    assert flooded.connection._client is not None
    assert flooded.connection._client.raw_socket is not None
    flooded.connection._client.raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    small.set()
    assert flooded.wait_for(Disconnected, seconds=60).trouble is Trouble.LOST


def test_a_receipt_of_an_earlier_connection_is_forgotten(line: Lines, raw_broker: Callable[..., BrokerAddress]) -> None:
    answers: list[bytes] = []

    def serve(client: socket.socket) -> None:
        _greet(client, 0)
        if not answers:
            answers.append(b"")
            client.sendall(b"\x32\x0c\x00\x06home/m\x00\x01\x00x")
            return
        client.sendall(b"\x32\x0c\x00\x06home/m\x00\x02\x00x")
        answers.append(client.recv(4))

    one = line(raw_broker(serve))
    early = one.wait_for(Arrived)
    one.ready(2)
    late = one.wait_for(Arrived, 2)
    one.connection.acknowledge(early.receipt)
    one.connection.acknowledge(late.receipt)
    wait_until(lambda: len(answers) == 2, pump=one.look)
    assert answers[1] == b"\x40\x02\x00\x02"


def test_a_connection_that_was_never_started_can_be_closed() -> None:
    address = parse_broker("mqtt://127.0.0.1:1")
    will = ("home/c", b"gone")
    Connection(address, password="", client_id="x", will=will, inbox=lambda _event: None).close(1.5)
