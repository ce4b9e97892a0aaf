"""`listen`: what arrives in a room, for scripts; docs/scripting.md is its manual."""

import json
import queue
import signal
import sys
import time
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Final, TextIO

from chat.errors import ChatError
from chat.events import (
    After,
    Close,
    Closed,
    Entered,
    Event,
    Join,
    JoinRefused,
    Link,
    LinkChanged,
    Message,
    MessageChanged,
    MessagesFolded,
    MessageShown,
    Newer,
    Page,
    PageKind,
)
from chat.session import Session
from chat.text import clean_line, clean_text
from chat.words import _

CLOSE_SECONDS: Final = 2.0
WAKE_SECONDS: Final = 0.5
"""Windows notices signals only between waits."""
REMEMBERED: Final = 10_000
"""Messages whose last look is remembered, so that a change is printed once."""


def listen(join: Join, data_folder: Path, as_json: bool, count: int | None, since: float | None, out: TextIO) -> None:
    """Print what arrives, a line each, until SIGINT, SIGTERM or `count` messages; with `since` (Unix seconds) first what was said from
    then on, as far as it is kept here. Raises `ChatError`."""
    _Listening(join, data_folder, as_json, count, since, out).run()


class _Listening:
    def __init__(self, join: Join, data_folder: Path, as_json: bool, count: int | None, since: float | None, out: TextIO) -> None:
        self._join, self._as_json, self._left, self._out = join, as_json, count, out
        self._since = since
        self._inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._session = Session(data_folder, self._inbox.put)
        self._printed: OrderedDict[str, object] = OrderedDict()
        """How the messages that were printed last looked, by key."""
        self._held: list[Message] | None = [] if since is not None else None
        """What arrives while earlier messages are still being printed."""

    def run(self) -> None:
        # A handler that raises would break whatever runs; this one only adds an event.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._inbox.put(Closed()))
        self._session.start()
        self._session.post(replace(self._join, alone=True))
        try:
            while self._left is None or self._left > 0:
                try:
                    event = self._inbox.get(timeout=WAKE_SECONDS)
                except queue.Empty:
                    continue
                if isinstance(event, Closed):
                    return
                self._take(event)
        finally:
            self._session.post(Close())
            self._session.join(CLOSE_SECONDS)

    def _take(self, event: Event) -> None:
        match event:
            case JoinRefused(_, sentence) | LinkChanged(Link.STOPPED, sentence):
                raise ChatError(sentence)
            case LinkChanged(Link.WAITING | Link.CONNECTED, sentence):
                print(sentence, file=sys.stderr, flush=True)
            case Entered() if self._since is not None:
                self._session.post(After(self._since))
            case Page(PageKind.NEWER, messages, _, more_after):
                self._catch_up([message for message, _ in messages], more_after)
            case MessageShown(message, _):
                self._arrived([message])
            case MessagesFolded(_, _, _, messages):
                self._arrived(messages)
            case MessageChanged(message) if self._held is None:
                self._changed(message)
            case _:
                pass

    def _catch_up(self, messages: list[Message], more: bool) -> None:
        """Print what was said before; what arrived meanwhile comes after all of it."""
        self._print_all(messages)
        if more and messages:
            self._session.post(Newer(messages[-1].order))
            return
        held, self._held = self._held or [], None
        self._print_all(held)

    def _arrived(self, messages: list[Message] | tuple[Message, ...]) -> None:
        if self._held is not None:
            self._held.extend(messages)
        else:
            self._print_all(messages)

    def _print_all(self, messages: list[Message] | tuple[Message, ...]) -> None:
        for message in messages:
            if message.own or message.key in self._printed or self._left == 0:
                continue
            self._remember(message)
            self._write(_as_json(message, "message") if self._as_json else _as_line(message, message.text))
            if self._left is not None:
                self._left -= 1

    def _changed(self, message: Message) -> None:
        before = self._printed.get(message.key)
        if message.own or before == _look(message):
            return
        self._remember(message)
        if self._as_json:
            self._write(_as_json(message, "changed"))
        elif message.retracted:
            self._write(_as_line(message, _("(deleted)")))
        elif message.edited:
            self._write(_as_line(message, _("(changed)") + f" {message.text}"))

    def _remember(self, message: Message) -> None:
        self._printed[message.key] = _look(message)
        self._printed.move_to_end(message.key)
        if len(self._printed) > REMEMBERED:
            self._printed.popitem(last=False)

    def _write(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


def _look(message: Message) -> object:
    return (message.text, message.retracted, message.reactions)


def _as_line(message: Message, text: str) -> str:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(message.time))
    if message.newer:
        return f"{stamp} {clean_line(message.name)}: " + _("(this message needs a newer version of this program)")
    # One line, whatever was sent: a script that splits at line ends must not be fed a second message.
    one_line = clean_text(text, sys.maxsize, sys.maxsize)[0].replace("\n", " ⏎ ")
    return f"{stamp} {clean_line(message.name)}: {one_line}"


def _as_json(message: Message, event: str) -> str:
    """One object on one line of ASCII; docs/scripting.md names its fields."""
    fields = {
        "event": event,
        "id": message.key,
        "time": round(message.time, 3),
        "name": message.name,
        "device": message.device,
        "trust": message.trust.value,
        "text": message.text,
        "newer": message.newer,
        "reply_to": message.reply.key if message.reply else None,
        "edited": message.edited,
        "deleted": message.retracted,
        "reactions": {reaction.emoji: list(reaction.names) for reaction in message.reactions},
    }
    return json.dumps(fields)
