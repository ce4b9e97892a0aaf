"""Floods a room with real messages, signed and encrypted, from a process of its own.

They come from so many devices that none of them says more than is shown: what one device says too fast is folded.
"""

import subprocess
import sys
import time
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from chat.address import parse_broker
from chat.encryption import Cipher, RoomKeys, derive_root, room_keys
from chat.protocol.identity import DeviceKey
from chat.protocol.records import NO_RECORD, Body, Hello, Text, make_record
from tests.benchmarks.keeping import ROOT, TOPIC
from tests.people import PASSPHRASE

PER_SECOND: Final = 1000
DEVICES: Final = 400
LINE: Final = "message {} of a flood, about as long as most of them are"
_COMMAND: Final = "from tests.benchmarks.flood import *; send(sys.argv[1], int(sys.argv[2]))"


class Sender:
    """The process. It makes all messages first and says who sends them; `begin` lets them go."""

    def __init__(self, url: str, seconds: int) -> None:
        command = [sys.executable, "-c", _COMMAND, url, str(seconds)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def wait(self) -> None:
        """Until all messages are made and all senders have said their names."""
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def begin(self) -> None:
        """Send."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """Wait until all was sent."""
        self._process.communicate()


def send(url: str, seconds: int) -> None:
    """What the process does."""
    keys = room_keys(derive_root(PASSPHRASE, TOPIC))
    bodies: list[Body] = [Hello(f"Member {number}") for number in range(DEVICES)]
    bodies += [Text(LINE.format(number)) for number in range(PER_SECOND * seconds)]
    packets = _packets(keys, bodies)
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(5000)
    address = parse_broker(url)
    client.connect(address.host, address.port)
    client.loop_start()
    topic = f"{TOPIC}/{keys.tag}/m"
    for packet in packets[:DEVICES]:
        client.publish(topic, packet, qos=1).wait_for_publish(10)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    for number, packet in enumerate(packets[DEVICES:]):
        wait = began + number / PER_SECOND - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        sent = client.publish(topic, packet, qos=1)
    sent.wait_for_publish(10)
    client.disconnect()


def _packets(keys: RoomKeys, bodies: list[Body]) -> list[bytes]:
    devices = [DeviceKey(bytes([1, *number.to_bytes(2), *bytes(29)])) for number in range(DEVICES)]
    heads, seal = [NO_RECORD] * DEVICES, Cipher(keys.messages).seal
    now, packets = int(time.time() * 1000), []
    for number, body in enumerate(bodies):
        turn = number % DEVICES
        record = make_record(devices[turn], keys.room, number // DEVICES + 1, heads[turn], (now + number) << 16, body)
        heads[turn] = record.hash
        packets.append(seal(record.packet))
    return packets
