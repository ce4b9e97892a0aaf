"""How fast files go, what that takes, and what it costs the conversation.

    python -m tests.benchmarks.files [--megabytes N]

The yardstick is paho alone, which publishes the same bytes in packets of the same size, with QoS 1, to one subscriber.
"""

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from chat.broker import EmbeddedBroker
from chat.client import SWITCH_SECONDS
from chat.events import AcceptFile, FileChanged, FileStage, LimitFiles, MessageShown, SendFile
from chat.protocol import limits
from chat.protocol.limits import CHUNK_BYTES
from tests.benchmarks.memory import resident
from tests.brokers import Mosquitto, free_port, wait_until
from tests.people import Person
from tests.proxy import Proxy

TOPIC: Final = "files"
MESSAGES: Final = 40
SAY_SECONDS: Final = 0.2
"""Not faster, because what a member says faster is folded at the others."""
WAIT: Final = 180.0
WAITING: Final = 100
"""Packets that paho alone has under way."""


def raw(port: int, size: int) -> float:
    """Seconds for the same bytes with paho alone."""
    came = 0
    # A broker drops what a receiver is too slow for, and paho looks at every waiting packet for each that is acknowledged.
    room = threading.Semaphore(WAITING)

    def count(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        nonlocal came
        came += len(message.payload)
        room.release()

    clients = [mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5) for _ in range(2)]
    receiver, sender = clients
    receiver.on_message = count
    subscribed: list[bool] = []
    receiver.on_subscribe = lambda *_: subscribed.append(True)
    for client in clients:
        client.connect("localhost", port)
        client.loop_start()
    wait_until(lambda: all(client.is_connected() for client in clients), WAIT)
    receiver.subscribe("raw", 1)
    wait_until(lambda: subscribed, WAIT)
    content = os.urandom(CHUNK_BYTES)
    began = time.perf_counter()
    for start in range(0, size, CHUNK_BYTES):
        room.acquire()
        sender.publish("raw", content[: min(CHUNK_BYTES, size - start)], 1)
    wait_until(lambda: came >= size, WAIT)
    took = time.perf_counter() - began
    for client in clients:
        client.disconnect()
        client.loop_stop()
    return took


def receive(folder: Path, url: str, name: str) -> float:
    """What a receiver does, in a process of its own. Gives the seconds from accepting the file until it is stored."""
    person = Person(folder, url, TOPIC, name)
    person.wait_until(lambda person: any(event.message.file for event in person.told(MessageShown)), WAIT)
    key = next(event.message.key for event in person.told(MessageShown) if event.message.file)
    began = time.perf_counter()
    person.session.post(AcceptFile(key, folder / name / "downloads"))
    person.wait_until(lambda person: any(event.stage is FileStage.SAVED for event in person.told(FileChanged)), WAIT)
    took = time.perf_counter() - began
    person.close()
    return took


def send(folder: Path, url: str, own_url: str, source: Path, receivers: int = 1) -> tuple[float, float]:
    """Send a file to so many, oneself by another way to the broker. Gives the seconds that one of them took, and the sender's memory."""
    before = most = resident()
    with ProcessPoolExecutor(receivers, multiprocessing.get_context("spawn")) as others:
        names = [f"Receiver {number}" for number in range(receivers)]
        waiting: list[Future[float]] = [others.submit(receive, folder, url, name) for name in names]
        ada = Person(folder, own_url, TOPIC, "Ada")
        ada.session.post(LimitFiles(False))
        ada.wait_for_online(*names, seconds=60)
        ada.session.post(SendFile(source))
        while not all(each.done() for each in waiting):
            ada.look()
            most = max(most, resident())
        ada.close()
    return waiting[0].result(), most - before


def latency(folder: Path, url: str, source: Path) -> tuple[list[float], list[float]]:
    """Milliseconds from saying a text until another member is shown it, while nothing else happens, and while a file is sent."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as others:
        ada, bob = Person(folder, url, TOPIC, "Ada"), Person(folder, url, TOPIC, "Bob")
        ada.wait_for_online("Bob")
        idle = [_say(ada, bob, number) for number in range(MESSAGES)]
        waiting = others.submit(receive, folder, url, "Receiver 0")
        ada.wait_for_online("Bob", "Receiver 0", seconds=60)
        ada.session.post(SendFile(source))
        ada.wait_until(lambda ada: any(event.done for event in ada.told(FileChanged) if event.key), WAIT)
        busy: list[float] = []
        while not waiting.done():
            busy.append(_say(ada, bob, MESSAGES + len(busy)))
        ada.close()
        bob.close()
    return idle, busy


def _say(ada: Person, bob: Person, number: int) -> float:
    deadline = time.monotonic() + SAY_SECONDS
    began = time.perf_counter()
    ada.say(f"message {number}")
    wait_until(lambda: any(message.text == f"message {number}" for message in bob.others()), WAIT, bob.look)
    took = 1000 * (time.perf_counter() - began)
    wait_until(lambda: time.monotonic() > deadline, 5, ada.look)
    return took


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.files")
    parser.add_argument("--megabytes", type=int, default=100)
    size = parser.parse_args().megabytes * 1_000_000
    # As in the window.
    sys.setswitchinterval(SWITCH_SECONDS)
    # Otherwise messages would wait for the sending limit.
    limits.SEND_BURST, limits.SEND_PER_SECOND = 100_000, 1000.0  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "file"
        with source.open("wb") as file:
            for _ in range(size // 1_000_000):
                file.write(os.urandom(1_000_000))
        mosquitto = Mosquitto(folder / "broker")
        mosquitto.start()
        embedded = EmbeddedBroker(free_port())
        embedded.start()
        try:
            for kind, url in (("mosquitto", mosquitto.url()), ("embedded", embedded.own_url)):
                yardstick = raw(int(url.rsplit(":", 1)[1]), size)
                took, grown = send(folder / kind, url, url, source)
                rates = f"{size / took / 1e6:6.0f} MB/s, paho alone {size / yardstick / 1e6:6.0f} MB/s: {yardstick / took:.0%}"
                print(f"{kind:10} {rates}; the sender's memory grows by {grown:.0f} MB", flush=True)
            for count in (1, 3):
                link = Proxy(int(mosquitto.url().rsplit(":", 1)[1]))
                send(folder / str(count), mosquitto.url(), link.url, source, count)
                print(f"the sender's link with {count} receivers: {link.passed / size:.3f} bytes for each of the file", flush=True)
                link.close()
            idle, busy = latency(folder / "latency", mosquitto.url(), source)
            median = statistics.median
            print(f"say -> shown: idle {median(idle):.1f} ms, while a file is sent {median(busy or [0]):.1f} ms ({len(busy)} messages)")
        finally:
            embedded.stop()
            mosquitto.stop()


if __name__ == "__main__":
    main()
