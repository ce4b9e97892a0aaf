"""Small pictures of files that may mean harm, decoded in another process, so that a hostile one can't take the window down."""

import contextlib
import queue
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SECONDS: Final = 5.0
"""How long the other process may take."""
_DECODER: Final = Path(__file__).with_name("decode_picture.py")
_HEAD: Final = struct.Struct(">4I")


@dataclass(frozen=True, slots=True)
class Preview:
    """A small picture: its size and its pixels (RGB), and how large the picture itself is."""

    width: int
    height: int
    size: tuple[int, int]
    pixels: bytes = field(repr=False)


def make_preview(path: Path, largest: tuple[int, int]) -> Preview | None:
    """A small picture of a file, within `largest`; None for what is no picture, or can't be made small in time."""
    command = [sys.executable, "-I", str(_DECODER), str(path), *map(str, largest)]
    most = _HEAD.size + 3 * largest[0] * largest[1]
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603
    except OSError:
        return None
    with child:
        end = threading.Timer(SECONDS, child.kill)
        end.start()
        try:
            # One byte more than there may be tells that there is too much.
            content = child.stdout.read(most + 1) if child.stdout is not None else b""
        finally:
            end.cancel()
            child.kill()
    return _read(content, largest)


def _read(content: bytes, largest: tuple[int, int]) -> Preview | None:
    if len(content) < _HEAD.size:
        return None
    width, height, *size = _HEAD.unpack_from(content)
    pixels = content[_HEAD.size :]
    fits = 0 < size[0] <= largest[0] and 0 < size[1] <= largest[1] and len(pixels) == 3 * size[0] * size[1]
    return Preview(width, height, (size[0], size[1]), pixels) if fits else None


class Previewer:
    """Makes previews one after the other, on a thread of its own; each answer carries the name it was asked for with."""

    def __init__(self, largest: tuple[int, int]) -> None:
        self._largest = largest
        self._asked: queue.SimpleQueue[tuple[tuple[str, str], Path]] = queue.SimpleQueue()
        self._made: queue.SimpleQueue[tuple[tuple[str, str], Preview]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="previews", daemon=True).start()

    def ask(self, name: tuple[str, str], path: Path) -> None:
        """Ask for a preview of a file."""
        self._asked.put((name, path))

    def take(self) -> tuple[tuple[str, str], Preview] | None:
        """A preview that was made, with its name, if there is one."""
        with contextlib.suppress(queue.Empty):
            return self._made.get_nowait()
        return None

    def _run(self) -> None:
        while True:
            name, path = self._asked.get()
            if (preview := make_preview(path, self._largest)) is not None:
                self._made.put((name, preview))
