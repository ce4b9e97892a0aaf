"""`send` and `listen`: a room for scripts. Both use a session like every other face."""

import json
import queue
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
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
    Join,
    JoinRefused,
    Link,
    LinkChanged,
    Message,
    MessagesFolded,
    MessageShown,
    Say,
    SayRefused,
)
from chat.session import Session
from chat.text import clean_line, clean_text

CLOSE_SECONDS: Final = 2.0


def send(join: Join, data_folder: Path, texts: Iterable[str], timeout: float) -> None:
    """Send the texts in order and return once the broker has them all.

    `timeout` is how many seconds may pass without any progress. Raises `ChatError`.
    """
    shown: queue.SimpleQueue[Event] = queue.SimpleQueue()
    session = Session(data_folder, shown.put)
    session.start()
    session.post(join)
    try:
        _Sending(session, deque(text for text in texts if text.strip()), timeout).run(shown)
    finally:
        session.post(Close())
        session.join(CLOSE_SECONDS)


@dataclass
class _Sending:
    """Says a few texts at a time, so that the session's own limit sets the pace, and counts what the broker has."""

    session: Session
    texts: deque[str]
    timeout: float
    trouble: str = "The broker did not answer in time."
    under_way: set[str] = field(default_factory=set)
    saying: int = 0

    def run(self, shown: "queue.SimpleQueue[Event]") -> None:
        deadline = time.monotonic() + self.timeout
        while self.texts or self.saying or self.under_way:
            try:
                event = shown.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise ChatError(self.trouble) from None
            if self._take(event):
                deadline = time.monotonic() + self.timeout

    def _take(self, event: Event) -> bool:
        match event:
            case JoinRefused(_, sentence) | LinkChanged(Link.STOPPED, sentence):
                raise ChatError(sentence)
            case LinkChanged(Link.WAITING, sentence):
                self.trouble = sentence
                return False
            case SayRefused(_, sentence):
                raise ChatError(sentence)
            case Closed():
                raise ChatError("The session ended before everything was sent.")
            case Entered():
                self._say_next()
            case MessageShown(message, _) if message.own:
                self.saying -= 1
                self.under_way.add(message.key)
                self._say_next()
            case DeliveryChanged(key, Delivery.AT_BROKER):
                self.under_way.discard(key)
                self._say_next()
            case DeliveryChanged(_, Delivery.FAILED, reason):
                raise ChatError(reason)
            case _:
                return False
        return True

    def _say_next(self) -> None:
        # The sending limit lets eight through and holds twenty; a few fewer are never refused.
        while self.texts and self.saying + len(self.under_way) < 16:
            self.session.post(Say(self.texts.popleft()))
            self.saying += 1


def listen(join: Join, data_folder: Path, as_json: bool, count: int | None, out: TextIO) -> None:
    """Print what arrives, a line each, until a signal, a closed pipe, or `count` messages. Raises `ChatError`."""
    shown: queue.SimpleQueue[Event] = queue.SimpleQueue()
    session = Session(data_folder, shown.put)
    session.start()
    session.post(join)
    # A handler that raises would break a `get` anywhere; this one only adds an event.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: shown.put(Closed()))
    left = count
    try:
        while left is None or left > 0:
            messages = _messages(shown.get())
            if messages is None:
                return
            for message in messages[:left]:
                out.write((_as_json(message) if as_json else _as_line(message)) + "\n")
                out.flush()
            left = None if left is None else left - len(messages)
    except BrokenPipeError:
        # Whoever read has gone; Python would complain once more when it flushes at its end.
        sys.stdout = None
    finally:
        session.post(Close())
        session.join(CLOSE_SECONDS)


def _messages(event: Event) -> list[Message] | None:
    """The others' messages in an event; None when it is the end."""
    match event:
        case Closed():
            return None
        case JoinRefused(_, sentence) | LinkChanged(Link.STOPPED, sentence):
            raise ChatError(sentence)
        case LinkChanged(Link.WAITING | Link.CONNECTED, sentence):
            print(sentence, file=sys.stderr, flush=True)
        case MessageShown(message, _) if not message.own:
            return [message]
        case MessagesFolded(_, _, _, messages):
            return list(messages)
        case _:
            pass
    return []


def _as_line(message: Message) -> str:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(message.time))
    text = clean_text(message.text, sys.maxsize, sys.maxsize)[0].replace("\n", "\n    ")
    return f"{stamp} {clean_line(message.name)}: {text}"


def _as_json(message: Message) -> str:
    """One object; docs/scripting.md names its fields."""
    fields = {
        "id": message.key,
        "time": round(message.time, 3),
        "name": message.name,
        "device": message.device,
        "trust": message.trust.value,
        "text": message.text,
    }
    return json.dumps(fields)
