"""What one message costs, how long it takes to the other side, and what a room takes while nothing happens."""

import os
import queue
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from chat.encryption import Cipher, room_keys
from chat.events import MessageShown
from chat.protocol.clock import Moment
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Chain, Peers
from chat.protocol.records import NO_RECORD, Text, make_record
from chat.protocol.room import Room
from chat.protocol.step import Channel
from tests.benchmarks.table import Figure
from tests.brokers import Mosquitto, wait_until
from tests.people import PASSPHRASE, Person

MESSAGES = 5000
ROUNDS = 25
ROOT = Path(__file__).parent.parent.parent
WINDOW = """
import sys
from pathlib import Path
from chat.address import parse_broker
from chat.client import ChatClient
from chat.config import Places, Settings
from chat.events import Join
folder = Path(sys.argv[1])
client = ChatClient(Settings(broker=sys.argv[2], topic="memory", username="Ada"), Places(folder / "s.toml", folder))
client.enter(Join(parse_broker(sys.argv[2]), "memory", "Ada", sys.stdin.readline().strip()))
client.root.after(6000, lambda: print(open("/proc/self/statm").read().split()[1], flush=True))
client.root.after(6100, client.close)
client.run()
"""


def receive_cost() -> list[Figure]:
    """A packet verified, decrypted and judged by a room, beside opening its token and checking its signature alone."""
    keys = room_keys(bytes(32))
    key, seal, head = DeviceKey(bytes(32)), Cipher(keys.messages).seal, NO_RECORD
    tokens = []
    for number in range(1, MESSAGES + 1):
        record = make_record(key, keys.room, number, head, number, Text(f"message {number}, about as long as most of them are"))
        head = record.hash
        tokens.append(seal(record.packet))
    room = Room(keys, "Ada", Chain(bytes(32), "c"), Peers(), Moment(0, 1e9), random.Random(1))
    started = time.perf_counter()
    for number, token in enumerate(tokens):
        room.receive(Channel.RECORDS, token, Moment(number / 4, 1e9))
    ours = (time.perf_counter() - started) / MESSAGES
    cipher, public = Cipher(keys.messages), key.public
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = key.sign(b"", b"", b"x" * 120)[:64]
    started = time.perf_counter()
    for token in tokens:
        cipher.open(token, 65536)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, b"mqtt-chat/1/" + b"x" * 120)
    bare = (time.perf_counter() - started) / MESSAGES
    return [Figure("receive one message", ours * 1e6, bare * 1e6, "µs", "Fernet and Ed25519 alone")]


def latency(folder: Path, broker: Mosquitto) -> list[Figure]:
    """From `say` to the other session's `show`, beside a publish that comes back to a plain paho client."""
    ada, bob = Person(folder, broker.url(), "latency", "Ada"), Person(folder, broker.url(), "latency", "Bob")
    ada.wait_for_online("Bob")
    bob.wait_for_online("Ada")
    ours = []
    for number in range(ROUNDS):
        started = time.perf_counter()
        ada.say(f"message {number}")
        while len(bob.told(MessageShown)) <= number:
            bob.events.append(bob._shown.get())
        ours.append(time.perf_counter() - started)
        # The sending limit lets one message through each second.
        wait_until(lambda started=started: time.perf_counter() - started > 1.05, pump=bob.look)  # type: ignore[misc]
    ada.close()
    bob.close()
    echo = _echo(broker)
    return [Figure("say to shown, loopback", 1000 * statistics.median(ours), 1000 * echo, "ms", "a plain paho echo")]


def _echo(broker: Mosquitto) -> float:
    arrived: queue.SimpleQueue[float] = queue.SimpleQueue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda *_: arrived.put(time.perf_counter())
    client.connect("localhost", broker.ports["mqtt"])
    client.loop_start()
    client.subscribe("echo", 1)
    times = []
    for _ in range(200):
        started = time.perf_counter()
        client.publish("echo", b"x" * 569, qos=1)
        times.append(arrived.get(timeout=5) - started)
    client.disconnect()
    client.loop_stop()
    return statistics.median(times)


def idle_memory(folder: Path, broker: Mosquitto) -> list[Figure]:
    """A window in a room, six seconds after it was opened, beside an empty Tk window."""
    command = [sys.executable, "-c", WINDOW, str(folder / "memory"), broker.url()]
    window = subprocess.run(command, cwd=ROOT, input=f"{PASSPHRASE}\n", capture_output=True, text=True, check=True)
    bare = "import tkinter; tkinter.Tk().update(); print(open('/proc/self/statm').read().split()[1])"
    empty = subprocess.run([sys.executable, "-c", bare], capture_output=True, text=True, check=True)
    page = os.sysconf("SC_PAGE_SIZE") / 1e6
    return [Figure("memory, idle in a room", int(window.stdout) * page, int(empty.stdout) * page, "MB", "an empty Tk window")]
