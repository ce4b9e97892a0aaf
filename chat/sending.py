"""`send`: messages from scripts; docs/scripting.md is its manual."""

import queue
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Final, TextIO

from chat.errors import ChatError
from chat.events import (
    Close,
    Closed,
    Delivery,
    DeliveryChanged,
    Entered,
    Event,
    FileChanged,
    FileRefused,
    FileStage,
    Join,
    JoinRefused,
    Link,
    LinkChanged,
    MessageShown,
    Say,
    SayRefused,
    SendFile,
)
from chat.line_reader import LineReader, Typed
from chat.session import Session
from chat.words import _

CLOSE_SECONDS: Final = 2.0
WAKE_SECONDS: Final = 0.5
"""Windows notices signals only between waits."""
UNDER_WAY: Final = 16
"""How many texts are said before the broker has them: fewer than the sending limit refuses, so its pace is ours."""


def send(join: Join, data_folder: Path, text: str, timeout: float) -> None:
    """Send one message and return once the broker has it.

    `timeout` is how many seconds may pass without any progress. Raises `ChatError`.
    """
    if not text.strip():
        raise ChatError(_("There is nothing to send."))
    _Sending(join, data_folder, timeout, deque([text, None])).run()


def send_lines(join: Join, data_folder: Path, source: TextIO, timeout: float) -> None:
    """Send every line of `source` that is not blank, as it comes, and return once it has ended and the broker has them all.

    A line is read when there is room for it, so a long pipe goes out at the pace of the sending limit. `timeout` is as in `send`; waiting
    for a line is no lack of progress. Raises `ChatError`.
    """
    sending = _Sending(join, data_folder, timeout, deque())
    sending.read(source)
    sending.run()


def send_file(join: Join, data_folder: Path, path: Path, receivers: int, timeout: float) -> None:
    """Offer a file, and return once so many members have all of it.

    `timeout` is as in `send`; while nobody has accepted the file, nothing goes forward. Raises `ChatError`.
    """
    sending = _Sending(join, data_folder, timeout, deque([None]))
    sending.offer(path, receivers)
    sending.run()


class _Sending:
    """Says texts a few at a time and counts what the broker has."""

    def __init__(self, join: Join, data_folder: Path, timeout: float, texts: deque[str | None]) -> None:
        self._join = join
        self._timeout = timeout
        self._texts = texts
        """What is to be sent; None is the end."""
        self._inbox: queue.SimpleQueue[Event | Typed] = queue.SimpleQueue()
        self._session = Session(data_folder, self._inbox.put)
        self._reader: LineReader | None = None
        self._entered = False
        self._connected = False
        """Whether the room has heard the name, which then stands beside the first message too."""
        self._saying = 0
        self._under_way: set[str] = set()
        self._trouble = _("The broker did not answer in time. Try again later.")
        self._deadline = 0.0
        self._path: Path | None = None
        """The file to offer, until that was asked for."""
        self._receivers = self._received = 0
        """How many are to have it, and have it."""
        self._moved = (0, 0)
        """How far the file was last: bytes, and members who have it."""

    def read(self, source: TextIO) -> None:
        """Take the texts from the lines of `source`."""
        self._reader = LineReader(source, self._inbox.put)
        self._reader.start()

    def offer(self, path: Path, receivers: int) -> None:
        """Offer a file to so many."""
        self._path, self._receivers = path, receivers
        self._trouble = _("Not enough members received the file in time. Try again when they are here.")

    def run(self) -> None:
        self._session.start()
        self._session.post(replace(self._join, alone=True))
        self._progress()
        try:
            while not self._done():
                self._take_next()
                self._say_next()
        finally:
            if self._reader is not None:
                self._reader.close()
            self._session.post(Close(forget_unsent=True))
            self._session.join(CLOSE_SECONDS)

    def _done(self) -> bool:
        is_sent = self._texts == deque([None]) and not self._busy()
        return self._connected and is_sent and self._path is None and self._received >= self._receivers

    def _busy(self) -> bool:
        return bool(self._saying or self._under_way or self._received < self._receivers)

    def _progress(self) -> None:
        self._deadline = time.monotonic() + self._timeout

    def _take_next(self) -> None:
        try:
            item = self._inbox.get(timeout=WAKE_SECONDS)
        except queue.Empty:
            item = None
        if isinstance(item, Typed):
            self._take_line(item.line)
        elif item is not None and self._take(item):
            self._progress()
        if not self._entered or (self._connected and not self._busy()):
            # Neither deriving the key nor waiting for a line says anything about the broker.
            self._progress()
        elif time.monotonic() > self._deadline:
            raise ChatError(self._trouble)

    def _take_line(self, line: str | None) -> None:
        if line is None or line.strip():
            self._texts.append(line)
        elif self._reader is not None:
            self._reader.taken()

    def _take(self, event: Event) -> bool:
        """Whether the event brings the sending on. Raises `ChatError` for one that ends it."""
        match event:
            case JoinRefused(_, sentence) | LinkChanged(Link.STOPPED, sentence) | SayRefused(_, sentence):
                raise ChatError(sentence)
            case DeliveryChanged(_, Delivery.FAILED, reason):
                raise ChatError(reason)
            case Closed():
                raise ChatError(_("The connection ended before everything was sent. Try again."))
            case FileRefused(_, sentence) | FileChanged(stage=FileStage.FAILED, sentence=sentence):
                raise ChatError(sentence)
            case FileChanged() if self._receivers:
                moved = (event.done, event.received) != self._moved
                self._moved, self._received = (event.done, event.received), event.received
                return moved
            case LinkChanged(Link.WAITING, sentence):
                self._trouble = sentence
                return False
            case LinkChanged(Link.CONNECTED, _):
                self._connected = True
            case Entered():
                self._entered = True
            case MessageShown(message, _) if message.own:
                self._saying -= 1
                self._under_way.add(message.key)
            case DeliveryChanged(key, Delivery.AT_BROKER):
                self._under_way.discard(key)
            case _:
                return False
        return True

    def _say_next(self) -> None:
        if self._connected and self._path is not None:
            self._session.post(SendFile(self._path))
            self._path = None
            self._saying += 1
        while self._connected and self._texts and self._saying + len(self._under_way) < UNDER_WAY:
            text = self._texts[0]
            if text is None:
                return
            self._texts.popleft()
            self._session.post(Say(text))
            self._saying += 1
            if self._reader is not None:
                self._reader.taken()
