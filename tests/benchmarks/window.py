"""Does the window stutter? Real messages, signed and encrypted, flood a room through a broker and a session into a real window.

    python -m tests.benchmarks.window [records already in the room] [seconds] [scale in percent]

Meanwhile somebody scrolls and types there. A plain `tk.Text`, which is given as many lines of plain text each second, is the yardstick.
"""

import itertools
import os
import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from chat.address import parse_broker
from chat.client import FRAME_MS, ChatClient
from chat.config import Places, Settings
from chat.encryption import Cipher, RoomKeys, derive_root, room_keys
from chat.events import Join, MessageShown
from chat.protocol.identity import DeviceKey
from chat.protocol.records import NO_RECORD, Text, make_record
from tests.benchmarks.keeping import ROOT, TOPIC, made
from tests.brokers import Mosquitto, wait_until
from tests.people import PASSPHRASE
from tests.screens import virtual_screen

PER_SECOND: Final = 1000
DEVICES: Final = 400
"""Each then says less than what is folded as a flood."""
SIZE: Final = (1180, 760)
PROBE_MS: Final = 10
LINE: Final = "message {} of a flood, about as long as most of them are"


class Clockwork:
    """Times every tick of a window, and how late its event loop is, while it scrolls and types."""

    def __init__(self, root: tk.Tk, tick: Callable[[], object]) -> None:
        self._root, self._tick = root, tick
        self.ticks: list[float] = []
        self.late: list[float] = []
        self._due = time.perf_counter()
        self._running = True

    def run(self, seconds: float, scrolled: tk.Misc, typed: tk.Text) -> None:
        """Let the event loop run for so long."""
        keys = itertools.cycle("hello there ")
        wheel = itertools.cycle(["<Button-4>"] * 25 + ["<Button-5>"] * 40)
        self._every(60, lambda: scrolled.event_generate(next(wheel)))
        self._every(120, lambda: typed.insert("insert", next(keys)))
        self._every(FRAME_MS, self._timed)
        self._root.after(PROBE_MS, self._probe)
        self._due = time.perf_counter() + PROBE_MS / 1000
        self._root.after(round(seconds * 1000), self._root.quit)
        self._root.mainloop()
        self._running = False

    def _every(self, milliseconds: int, act: Callable[[], object]) -> None:
        if self._running:
            act()
            self._root.after(milliseconds, self._every, milliseconds, act)

    def _timed(self) -> None:
        began = time.perf_counter()
        self._tick()
        self._root.update_idletasks()
        self.ticks.append(1000 * (time.perf_counter() - began))

    def _probe(self) -> None:
        now = time.perf_counter()
        self.late.append(1000 * (now - self._due))
        self._due = now + PROBE_MS / 1000
        if self._running:
            self._root.after(PROBE_MS, self._probe)


def flood(url: str, room: str, seconds: int) -> None:
    """Publish real packets of many devices; made before the first goes out, when a line comes in."""
    keys = room_keys(derive_root(PASSPHRASE, TOPIC))
    packets = _packets(keys, PER_SECOND * seconds)
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(5000)
    parsed = parse_broker(url)
    client.connect(parsed.host, parsed.port)
    client.loop_start()
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    for number, packet in enumerate(packets):
        wait = began + number / PER_SECOND - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        client.publish(f"{TOPIC}/{room}/m", packet, qos=1)
    client.disconnect()


def _packets(keys: RoomKeys, count: int) -> list[bytes]:
    devices = [DeviceKey(bytes([1, *number.to_bytes(2), *bytes(29)])) for number in range(DEVICES)]
    heads, seal = [NO_RECORD] * DEVICES, Cipher(keys.messages).seal
    now, packets = int(time.time() * 1000), []
    for number in range(count):
        turn = number % DEVICES
        text = Text(LINE.format(number))
        record = make_record(devices[turn], keys.room, number // DEVICES + 1, heads[turn], (now + number) << 16, text)
        heads[turn] = record.hash
        packets.append(seal(record.packet))
    return packets


def chat_window(folder: Path, broker: Mosquitto, seconds: int, scale: int) -> None:
    """Measure the chat's window."""
    settings = Settings(broker=broker.url(), topic=TOPIC, username="Ada", theme="light", scale=scale)
    client = ChatClient(settings, Places(folder / "settings.toml", folder))
    root = client.root
    client.enter(Join(parse_broker(broker.url()), TOPIC, "Ada", PASSPHRASE), f"{SIZE[0] * scale // 100}x{SIZE[1] * scale // 100}+0+0")
    wait_until(lambda: client.view is not None and len(client.view.transcript.rows) > 20 and _connected(client), 60, root.update)
    rooms = client.rooms
    assert rooms is not None
    room = rooms.current
    command = [sys.executable, "-c", "from tests.benchmarks.window import *; flood(sys.argv[1], sys.argv[2], int(sys.argv[3]))"]
    sender = subprocess.Popen(
        [*command, broker.url(), room, str(seconds)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert sender.stdin is not None
    assert sender.stdout is not None
    line = queue.SimpleQueue[str]()
    threading.Thread(target=lambda: line.put(sender.stdout.readline()), daemon=True).start()  # type: ignore[union-attr]
    wait_until(lambda: not line.empty(), 120, root.update)

    def choose() -> None:
        rooms.choose(room)
        wait_until(lambda: client.view is not None and client.view.transcript.visible(), 10, root.update)

    times = []
    for _ in range(9):
        rooms.frame.drop(room)
        times.append(_took(choose))
    _say("open the room", times)
    view = client.view
    assert view is not None
    root.after_cancel(client._timer)
    client._timer = ""
    shown: list[int] = []
    show = rooms.show_messages

    def count(room: str, messages: list[MessageShown]) -> None:
        shown.append(len(messages))
        show(room, messages)

    setattr(rooms, "show_messages", count)  # noqa: B010
    sender.stdin.write("\n")
    sender.stdin.flush()

    def tick() -> None:
        client._take_events()
        rooms.mark_read()

    work = Clockwork(root, tick)
    work.run(seconds, view.transcript, view.composer.text)
    _say("tick", work.ticks)
    _say("event loop late", work.late)
    print(f"  shown {sum(shown):,} of {PER_SECOND * seconds:,} so far; memory {_memory():.0f} MB")
    began, before = time.perf_counter(), 0
    while sum(shown) > before:
        before = sum(shown)
        until = time.perf_counter() + 3
        wait_until(lambda until=until: time.perf_counter() > until, pump=frame_of(client))  # type: ignore[misc]
    print(f"  shown {sum(shown):,} after {time.perf_counter() - began - 3:.0f} s more")
    transcript = view.transcript

    def scroll() -> None:
        transcript.scroll(-60)
        root.update_idletasks()

    _say("scroll step", [_took(scroll) for _ in range(300)])
    _resize(root, scale)

    def switch(theme: str) -> None:
        client._change_look(replace(client.settings, theme=theme))
        root.update_idletasks()

    _say("another theme", [_took(lambda theme=theme: switch(theme)) for theme in ("dark", "light") * 4])  # type: ignore[misc]
    client._timer = root.after(FRAME_MS, client._frame)
    client.close()
    client.run()


def frame_of(client: ChatClient) -> Callable[[], None]:
    """Lets a window whose own timer was stopped go on."""

    def pump() -> None:
        client._take_events()
        client.root.update()
        time.sleep(0.005)

    return pump


def text_window(seconds: int, scale: int) -> None:
    """Measure a plain Text in the same way."""
    root = tk.Tk()
    root.geometry(f"{SIZE[0] * scale // 100}x{SIZE[1] * scale // 100}+0+0")
    entry, text = tk.Text(root, height=2), tk.Text(root, wrap="word")
    entry.pack(side="bottom", fill="x")
    text.pack(fill="both", expand=True)
    lines = queue.SimpleQueue[str]()

    def feed() -> None:
        began = time.perf_counter()
        for number in range(PER_SECOND * seconds):
            wait = began + number / PER_SECOND - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            lines.put(LINE.format(number))

    def tick() -> None:
        while not lines.empty():
            text.insert("end", f"{lines.get()}\n")
        text.see("end")

    root.update()
    threading.Thread(target=feed, daemon=True).start()
    work = Clockwork(root, tick)
    work.run(seconds, text, entry)
    _say("tick", work.ticks)
    _say("event loop late", work.late)

    def scroll() -> None:
        text.yview_scroll(-3, "units")
        root.update_idletasks()

    _say("scroll step", [_took(scroll) for _ in range(300)])
    _resize(root, scale)
    root.destroy()


def _resize(root: tk.Tk, scale: int) -> None:
    def to(width: int) -> None:
        root.geometry(f"{width * scale // 100}x{SIZE[1] * scale // 100}")
        root.update()

    _say("resize step", [_took(lambda width=width: to(width)) for width in range(SIZE[0], SIZE[0] - 200, -10)])  # type: ignore[misc]


def _connected(client: ChatClient) -> bool:
    link = client.view.header.link if client.view is not None else None
    return link is not None and link.link.name == "CONNECTED"


def _took(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


def _say(what: str, times: list[float]) -> None:
    ordered = sorted(times)
    high = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    print(
        f"  {what:16} median {statistics.median(ordered):6.1f}  p99 {high:6.1f}  longest {ordered[-1]:6.1f} ms"
        f"  over 16 ms: {sum(each > 16 for each in ordered)} of {len(ordered)}",
        flush=True,
    )


def _memory() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Measure both windows."""
    records, seconds, scale = (*map(int, sys.argv[1:]), *(1_000_000, 15, 100)[len(sys.argv) - 1 :])
    with virtual_screen(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(made(records), folder / "data")
        broker = Mosquitto(folder / "broker", "max_queued_messages 0\nmax_inflight_messages 0\n")
        broker.start()
        try:
            print(f"Chat, {records:,} records, {PER_SECOND:,} messages a second, {scale} %")
            chat_window(folder / "data", broker, seconds, scale)
        finally:
            broker.stop()
        print(f"tk.Text, {PER_SECOND:,} lines a second")
        text_window(seconds, scale)


if __name__ == "__main__":
    main()
