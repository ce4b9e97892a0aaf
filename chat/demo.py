"""`python main.py demo`: a broker on this computer and two people who talk through it, and nothing left behind afterwards."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Final

from chat.address import parse_broker
from chat.broker import LOOPBACK, EmbeddedBroker
from chat.client import ChatClient
from chat.config import Places, Settings
from chat.events import Join
from chat.words import spoken

PEOPLE: Final = ("Ada", "Bob")
END_SECONDS: Final = 5.0


def run_demo() -> int:
    """Two windows side by side; closing either ends the demo. Gives the exit code."""
    with tempfile.TemporaryDirectory(prefix="mqtt-chat-demo-") as folder:
        broker = EmbeddedBroker(_two_free_ports(), LOOPBACK)
        broker.start()
        passphrase = secrets.token_hex(16)
        windows: list[subprocess.Popen[bytes]] = []
        # Ending the demo by a signal must take the same way out as Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            for place, name in enumerate(PEOPLE):
                windows.append(_open_window(place, name, broker.own_url, Path(folder) / name, passphrase))
            return _wait_for_one(windows)
        except KeyboardInterrupt:
            return 130
        finally:
            for window in windows:
                _end(window)
            broker.stop()


def _open_window(place: int, name: str, url: str, folder: Path, passphrase: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "chat.demo", str(place), name, url, str(folder)]
    root = Path(__file__).resolve().parent.parent
    spoken_here = {**os.environ, "LANGUAGE": spoken()}
    window = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=root, env=spoken_here)  # noqa: S603
    with contextlib.suppress(BrokenPipeError):
        # The pipe stays open: its end tells the window that the demo is over, even if this process is killed.
        if window.stdin is not None:
            window.stdin.write(f"{passphrase}\n".encode())
            window.stdin.flush()
    return window


def _wait_for_one(windows: "list[subprocess.Popen[bytes]]") -> int:
    ended = threading.Event()
    for window in windows:
        threading.Thread(target=_tell_end, args=(window, ended), daemon=True).start()
    # A wait without a limit could not be interrupted on Windows.
    while not ended.wait(1.0):
        pass
    return max(window.poll() or 0 for window in windows)


def _end(window: "subprocess.Popen[bytes]") -> None:
    if window.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            window.stdin.close()
    try:
        window.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        window.kill()
        window.wait()


def _two_free_ports() -> int:
    """The first of two neighbouring ports that are free, as the broker needs them."""
    while True:
        with socket.create_server((LOOPBACK, 0)) as first:
            port = int(first.getsockname()[1])
            with contextlib.suppress(OSError), socket.create_server((LOOPBACK, port + 1)):
                return port


def _window_process(place: int, name: str, url: str, folder: Path) -> None:
    """One of the two windows: logs in without asking, and ends when the demo does."""
    passphrase = sys.stdin.readline().strip()
    client = ChatClient(Settings(broker=url, topic="demo", username=name), Places(folder / "settings.toml", folder))
    demo_over = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(demo_over,), daemon=True).start()

    def look() -> None:
        if demo_over.is_set():
            client.close()
        else:
            client.root.after(200, look)

    look()
    width = min(760, client.root.winfo_screenwidth() // 2 - 20)
    client.enter(Join(parse_broker(url), "demo", name, passphrase), f"{width}x620+{10 + place * (width + 20)}+40")
    client.run()


def _wait_for_the_end(demo_over: threading.Event) -> None:
    sys.stdin.read()
    demo_over.set()


def _tell_end(window: "subprocess.Popen[bytes]", ended: threading.Event) -> None:
    window.wait()
    ended.set()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _window_process(int(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
