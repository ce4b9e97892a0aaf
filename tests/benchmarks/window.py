"""Does the window stutter? Real messages, signed and encrypted, flood a room through a broker and a session into a real window.

    python -m tests.benchmarks.window [--records N] [--seconds N] [--scale PERCENT ...]

Meanwhile somebody scrolls and types there. A plain `tk.Text` in a process of its own, which is given as many lines of plain text each
second, is the yardstick.
"""

import argparse
import itertools
import multiprocessing
import queue
import shutil
import statistics
import tempfile
import threading
import time
import tkinter as tk
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from unittest import mock

from chat.address import parse_broker
from chat.client import ChatClient
from chat.config import Places, Settings
from chat.encryption import derive_root
from chat.events import Join, MessageShown
from tests.benchmarks.flood import LINE, PER_SECOND, Sender
from tests.benchmarks.keeping import TOPIC, made
from tests.benchmarks.memory import resident
from tests.brokers import Mosquitto
from tests.people import PASSPHRASE
from tests.screens import virtual_screen

SIZE: Final = (1180, 760)
PROBE_MS: Final = 10
FRAME: Final = 16.0
WHEEL_MS: Final = 60
KEY_MS: Final = 120
PAGE: Final = 100
ROUNDS: Final = 9
TICK, LATE, LOGIN, OPEN, SWITCH, SCROLL, RESIZE, THEME = (
    "tick", "event loop late", "login: key to painted", "open a room", "switch to a room", "scroll step", "resize step", "another theme",
)  # fmt: skip


@dataclass(slots=True)
class Measured:
    """Milliseconds of everything that was timed, by its name, and sentences about the rest."""

    times: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Clockwork:
    """Times how late a window's event loop is while somebody scrolls and types there."""

    def __init__(self, root: tk.Tk) -> None:
        self._root = root
        self.late: list[float] = []
        self._due = 0.0
        self._running = True

    def run(self, seconds: float, scrolled: tk.Misc, typed: tk.Text) -> None:
        """Let the event loop run for so long."""
        keys = itertools.cycle("hello<there<")
        wheel = itertools.cycle(["<Button-4>"] * 25 + ["<Button-5>"] * 40)
        typed.focus_force()
        self.every(WHEEL_MS, lambda: scrolled.event_generate(next(wheel)))
        self.every(KEY_MS, lambda: typed.event_generate(f"<Key-{next(keys).replace('<', 'space')}>"))
        self._due = time.perf_counter() + PROBE_MS / 1000
        self._root.after(PROBE_MS, self._probe)
        self._root.after(round(seconds * 1000), self._root.quit)
        self._root.mainloop()
        self._running = False

    def every(self, milliseconds: int, act: Callable[[], object]) -> None:
        """Do something again and again, as long as the clockwork runs."""
        if self._running:
            act()
            self._root.after(milliseconds, self.every, milliseconds, act)

    def _probe(self) -> None:
        now = time.perf_counter()
        self.late.append(1000 * (now - self._due))
        self._due = now + PROBE_MS / 1000
        if self._running:
            self._root.after(PROBE_MS, self._probe)


def chat_window(folder: Path, url: str, seconds: int, scale: int) -> Measured:
    """Measure the chat's window."""
    found = Measured()
    settings = Settings(broker=url, topic=TOPIC, username="Ada", theme="light", scale=scale)
    client = ChatClient(settings, Places(folder / "settings.toml", folder))
    root = client.root
    # What is loaded while a person types is no part of what he waits for.
    _rest(root, 1)
    found.times[LOGIN] = [_log_in(client, url, scale)]
    _run_until(root, lambda: _connected(client))
    sender = Sender(url, seconds)
    ready = threading.Thread(target=sender.wait)
    ready.start()
    _run_until(root, lambda: not ready.is_alive())
    _rest(root)
    found.times[OPEN], found.times[SWITCH] = _open(client)
    _flood(client, sender, seconds, found)
    _look(client, scale, found)
    client.close()
    client.run()
    return found


def _log_in(client: ChatClient, url: str, scale: int) -> float:
    """From the key on, which takes half a second by design, until the conversation is painted."""
    derived: list[float] = []

    def timed(passphrase: str, topic: str) -> bytes:
        root = derive_root(passphrase, topic)
        derived.append(time.perf_counter())
        return root

    with mock.patch("chat.session.derive_root", timed):
        client.enter(Join(parse_broker(url), TOPIC, "Ada", PASSPHRASE), _geometry(SIZE[0], scale))
        _run_until(client.root, lambda: _shows(client))
    _paint(client.root)
    return 1000 * (time.perf_counter() - derived[0])


def _open(client: ChatClient) -> tuple[list[float], list[float]]:
    """Choosing a room that was not looked at before, and one that was."""
    rooms = client.rooms
    assert rooms is not None
    room, opened, switched = rooms.current, list[float](), list[float]()
    for _ in range(ROUNDS):
        rooms.frame.drop(room)
        rooms.frame.show("another")
        _rest(client.root)
        began = time.perf_counter()
        rooms.choose(room)
        _run_until(client.root, lambda: _shows(client))
        _paint(client.root)
        opened.append(1000 * (time.perf_counter() - began))
        rooms.frame.show("another")
        _rest(client.root)
        switched.append(_took(lambda: rooms.choose(room), client.root))
    rooms.frame.drop("another")
    return opened, switched


def _flood(client: ChatClient, sender: Sender, seconds: int, found: Measured) -> None:
    rooms, view = client.rooms, client.view
    assert rooms is not None
    assert view is not None
    shown, ticks = 0, found.times.setdefault(TICK, [])
    show, frame = rooms.show_messages, client._frame

    def counted(room: str, messages: list[MessageShown]) -> None:
        nonlocal shown
        shown += len(messages)
        show(room, messages)

    def timed() -> None:
        began = time.perf_counter()
        frame()
        client.root.update_idletasks()
        ticks.append(1000 * (time.perf_counter() - began))

    setattr(rooms, "show_messages", counted)  # noqa: B010
    setattr(client, "_frame", timed)  # noqa: B010
    busy = _busy()
    sender.begin()
    work = Clockwork(client.root)
    work.run(seconds, view.transcript, view.composer.text)
    found.times[LATE] = work.late
    share = ", ".join(f"{name} {(after - busy.get(name, 0)) / seconds:.0%}" for name, after in _busy().items())
    found.notes.append(f"{shown:,} of {PER_SECOND * seconds:,} messages shown in these {seconds} s; busy: {share}; {resident():.0f} MB")
    began, before = time.perf_counter(), -1
    while shown > before:
        before = shown
        _rest(client.root, 2)
    setattr(client, "_frame", frame)  # noqa: B010
    sender.end()
    found.notes.append(f"{shown:,} messages shown {max(0.0, time.perf_counter() - began - 2):.0f} s later; {resident():.0f} MB")


def _look(client: ChatClient, scale: int, found: Measured) -> None:
    assert client.view is not None
    transcript, root = client.view.transcript, client.root
    found.times[SCROLL] = [_took(lambda: transcript.scroll(-60), root) for _ in range(300)]
    found.times[RESIZE] = _resize(root, scale)

    def switch(theme: str) -> None:
        client._change_look(replace(client.settings, theme=theme))

    found.times[THEME] = [_took(lambda theme=theme: switch(theme), root) for theme in ("dark", "light") * 4]  # type: ignore[misc]


def text_window(seconds: int, scale: int) -> Measured:
    """Measure a plain Text in the same way."""
    found = Measured()
    root = tk.Tk()
    root.geometry(_geometry(SIZE[0], scale))
    entry, text = tk.Text(root, height=2), tk.Text(root, wrap="word")
    entry.pack(side="bottom", fill="x")
    text.pack(fill="both", expand=True)
    _paint(root)

    def open_one() -> None:
        other = tk.Text(root, wrap="word")
        other.insert("end", "\n".join(LINE.format(number) for number in range(PAGE)))
        other.see("end")
        other.place(relwidth=1, relheight=1)

    found.times[OPEN] = [_took(open_one, root) for _ in range(ROUNDS)]
    for child in root.place_slaves():
        child.destroy()
    lines, ticks = queue.SimpleQueue[str](), found.times.setdefault(TICK, [])

    def feed() -> None:
        began = time.perf_counter()
        for number in range(PER_SECOND * seconds):
            wait = began + number / PER_SECOND - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            lines.put(LINE.format(number))

    def tick() -> None:
        began = time.perf_counter()
        while not lines.empty():
            text.insert("end", f"{lines.get()}\n")
        text.see("end")
        root.update_idletasks()
        ticks.append(1000 * (time.perf_counter() - began))

    threading.Thread(target=feed, name="feed", daemon=True).start()
    work = Clockwork(root)
    work.every(round(FRAME), tick)
    work.run(seconds, text, entry)
    found.times[LATE] = work.late
    found.times[SCROLL] = [_took(lambda: text.yview_scroll(-3, "units"), root) for _ in range(300)]
    found.times[RESIZE] = _resize(root, scale)
    looks = (("#101113", "#EDEEF0"), ("#FFFFFF", "#1C2024")) * 4
    found.times[THEME] = [_took(lambda look=look: text.configure(bg=look[0], fg=look[1]), root) for look in looks]  # type: ignore[misc]
    found.notes.append(f"{resident():.0f} MB")
    root.destroy()
    return found


def _resize(root: tk.Tk, scale: int) -> list[float]:
    widths = range(SIZE[0], SIZE[0] - 200, -10)
    return [_took(lambda width=width: root.geometry(_geometry(width, scale)), root) for width in widths]  # type: ignore[misc]


def _geometry(width: int, scale: int) -> str:
    return f"{width * scale // 100}x{SIZE[1] * scale // 100}+0+0"


def _connected(client: ChatClient) -> bool:
    link = client.view.header.link if client.view is not None else None
    return link is not None and link.link.name == "CONNECTED"


def _shows(client: ChatClient) -> bool:
    return client.view is not None and len(client.view.transcript.visible()) > 1


def _run_until(root: tk.Tk, condition: Callable[[], bool]) -> None:
    """Let the event loop run as it does in the program."""

    def look() -> None:
        if condition():
            root.quit()
        else:
            root.after(1, look)

    root.after_idle(look)
    root.mainloop()


def _rest(root: tk.Tk, seconds: float = 0.3) -> None:
    root.after(round(seconds * 1000), root.quit)
    root.mainloop()


def _took(act: Callable[[], object], root: tk.Tk) -> float:
    began = time.perf_counter()
    act()
    _paint(root)
    return 1000 * (time.perf_counter() - began)


def _paint(root: tk.Tk) -> None:
    """Draw all, and wait until the display has drawn it too, which answers questions in their turn."""
    root.update()
    root.winfo_pointerxy()


def _busy() -> dict[str, float]:
    """How many seconds of the processor each thread took so far."""
    return {
        thread.name: time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None and thread.is_alive()
    }


def _say(chat: Measured, text: Measured) -> None:
    print(f"  {'':22} {'median':>7} {'p99':>7} {'longest':>8}   over {FRAME:.0f} ms   the same of a tk.Text")
    for what, times in chat.times.items():
        print(f"  {what:22} {_row(times)}   {_row(text.times[what]) if what in text.times else ''}", flush=True)
    for note in chat.notes:
        print(f"  {note}")
    print(f"  tk.Text: {', '.join(text.notes)}", flush=True)


def _row(times: list[float]) -> str:
    ordered = sorted(times)
    high = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    stalls = f"{sum(each > FRAME for each in ordered)} of {len(ordered)}"
    return f"{statistics.median(ordered):7.1f} {high:7.1f} {ordered[-1]:8.1f}  {stalls:>11}"


def main() -> None:
    """Measure both windows, and print a table for each scale."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.window")
    parser.add_argument("--records", type=int, default=1_000_000, help="records that the room holds already")
    parser.add_argument("--seconds", type=int, default=15, help="how long the flood is")
    parser.add_argument("--scale", type=int, nargs="+", default=[100, 200], help="of the content, in percent")
    wanted = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with virtual_screen(), tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(1, spawn, max_tasks_per_child=1) as another:
        folder = Path(name)
        broker = Mosquitto(folder / "broker", "max_queued_messages 0\nmax_inflight_messages 0\n")
        broker.start()
        try:
            for scale in wanted.scale:
                data = folder / str(scale)
                shutil.copytree(made(wanted.records), data)
                chat = another.submit(chat_window, data, broker.url(), wanted.seconds, scale).result()
                text = another.submit(text_window, wanted.seconds, scale).result()
                shutil.rmtree(data)
                print(f"{wanted.records:,} records, {PER_SECOND:,} messages a second, {scale} %")
                _say(chat, text)
        finally:
            broker.stop()


if __name__ == "__main__":
    main()
