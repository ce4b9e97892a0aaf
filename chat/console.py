"""The room in a terminal: the same session as the window's, with names in colour, or plain on a pipe."""

import os
import queue
import sys
import threading
import time
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TextIO, assert_never

import colorama
from colorama import Fore, Style

from chat.address import parse_broker
from chat.errors import EntryError
from chat.events import (
    Close,
    Closed,
    Delivery,
    DeliveryChanged,
    Entered,
    Event,
    ForeignCounted,
    Join,
    JoinRefused,
    Left,
    Link,
    LinkChanged,
    Member,
    MembersChanged,
    Message,
    MessagesFolded,
    MessageShown,
    Notice,
    Progress,
    Say,
    SayRefused,
    Trust,
)
from chat.session import Session
from chat.text import clean_line, clean_text

CLOSE_SECONDS: Final = 2.0
_COLOURS: Final = (Fore.RED, Fore.GREEN, Fore.YELLOW, Fore.BLUE, Fore.MAGENTA, Fore.CYAN, Fore.LIGHTRED_EX, Fore.LIGHTCYAN_EX)
_HELP: Final = """\
/who            who is here, and their fingerprints
/topic [NAME]   show the topic, or go to another one
/broker [URL]   show the broker, or go to another one
/help           this list
/quit           leave
Everything else is sent. To begin a message with /, write //."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """A line from the keyboard or the pipe; None at its end."""

    line: str | None


class Console:
    """Reads lines and events from one queue, on the thread that called `run`."""

    def __init__(self, join: Join, data_folder: Path, source: TextIO, out: TextIO) -> None:
        self._join = join
        self._source = source
        self._out = out
        self._colour = out.isatty() and "NO_COLOR" not in os.environ
        self._interactive = source.isatty()
        self._inbox: queue.SimpleQueue[Event | _Typed] = queue.SimpleQueue()
        self._session = Session(data_folder, self._inbox.put)
        self._members: tuple[Member, ...] = ()
        self._foreign = 0
        self._texts: dict[str, str] = {}
        """What the broker does not have yet, by key."""
        self._asked: Join | None = None
        self._exit_code: int | None = None
        self._ending = False

    def run(self) -> int:
        """Talk until /quit, the end of the input, or the end of the session. Gives the exit code."""
        if self._colour:
            colorama.just_fix_windows_console()
        self._session.start()
        self._session.post(self._join)
        try:
            while self._exit_code is None:
                self._handle(self._inbox.get())
        except KeyboardInterrupt:
            self._exit_code = 130
        except BrokenPipeError:
            self._exit_code = 0
            sys.stdout = None
        finally:
            self._session.post(Close())
            self._session.join(CLOSE_SECONDS)
        return self._exit_code or 0

    def _handle(self, item: Event | _Typed) -> None:
        if isinstance(item, _Typed):
            self._typed(item.line)
        else:
            self._show(item)
        if self._ending and not self._texts:
            self._exit_code = self._exit_code or 0

    # What is typed

    def _read(self) -> None:
        """Runs on a thread of its own, because nothing else can wait for a line and for events."""
        for line in self._source:
            self._inbox.put(_Typed(line.rstrip("\n")))
        self._inbox.put(_Typed(None))

    def _typed(self, line: str | None) -> None:
        if line is None:
            self._ending = True
            return
        command, _, rest = line.partition(" ")
        argument = rest.strip()
        match command:
            case "/quit":
                self._exit_code = 0
            case "/help":
                self._print(_HELP)
            case "/who":
                self._who()
            case "/topic" if argument:
                self._move(replace(self._join, topic=argument))
            case "/topic":
                self._print(self._join.topic)
            case "/broker" if argument:
                self._move_to_broker(argument)
            case "/broker":
                self._print(self._join.broker.place)
            case _ if command.startswith("/") and not command.startswith("//"):
                self._print(f"There is no command {clean_line(command)}. /help lists them.")
            case _:
                text = line[1:] if line.startswith("//") else line
                if text.strip():
                    self._session.post(Say(text))
                    # Held under its own text until the session gives it a key.
                    self._texts[f"typed {time.monotonic_ns()}"] = text

    def _move_to_broker(self, url: str) -> None:
        try:
            self._move(replace(self._join, broker=parse_broker(url), password=None))
        except EntryError as error:
            self._print(str(error))

    def _move(self, join: Join) -> None:
        self._asked = replace(join, passphrase="")
        self._session.post(self._asked)

    def _who(self) -> None:
        for member in self._members:
            state = "you" if member.own else "here" if member.online else "away"
            mark = "  (another key than before!)" if member.trust is Trust.CHANGED else ""
            self._print(f"{self._name(member.device, member.name)}  {state}  {member.fingerprint}{mark}")
        if self._foreign:
            self._print(self._dim(f"{self._foreign} foreign packets ignored"))

    # What is shown

    def _show(self, event: Event) -> None:
        match event:
            case Progress(sentence) | Notice(sentence):
                self._print(self._dim(sentence))
            case Entered():
                self._entered(event)
            case JoinRefused(_, sentence):
                self._refused(sentence)
            case LinkChanged(link, sentence, _, security):
                self._print(self._dim(f"{sentence} ({security})" if link is Link.CONNECTED else sentence))
                if link is Link.STOPPED and self._ending:
                    self._exit_code = 1
            case MessageShown(message, delivery):
                self._message(message, delivery)
            case DeliveryChanged():
                self._delivery(event)
            case MessagesFolded(device, name, count, _):
                if count == 1 or count % 100 == 0:
                    self._print(self._dim(f"{self._name(device, name)} sends very fast; {count} messages are not shown"))
            case SayRefused(text, sentence):
                self._forget_typed(text)
                self._print(f"{sentence}\n    {clean_text(text)[0]}")
            case MembersChanged(members):
                self._members_changed(members)
            case ForeignCounted(total):
                self._foreign = total
            case Left(topic, unsent):
                for text in unsent:
                    self._print(f"Not sent in {topic}: {clean_text(text)[0]}")
                self._texts.clear()
            case Closed():
                self._exit_code = self._exit_code or 1
            case _:
                assert_never(event)

    def _entered(self, event: Entered) -> None:
        first = self._asked is None and not self._members
        self._join = replace(self._asked or self._join, broker=event.broker, topic=event.topic)
        self._asked = None
        self._members = ()
        self._foreign = 0
        self._print(self._dim(f"In {event.topic} at {event.broker.place} as {event.username}. Room fingerprint {event.fingerprint}."))
        if first:
            if self._interactive:
                self._print(self._dim("Type a message and press Return. /help lists the commands."))
            threading.Thread(target=self._read, name="keyboard", daemon=True).start()

    def _refused(self, sentence: str) -> None:
        self._print(sentence)
        if self._asked is None:
            self._exit_code = 1
        self._asked = None

    def _message(self, message: Message, delivery: Delivery | None) -> None:
        if message.own:
            self._forget_typed(message.text)
            self._texts[message.key] = message.text
            if delivery is Delivery.WAITING:
                self._print(self._dim("That was fast: it waits a moment and goes out by itself."))
            return
        stamp = self._dim(time.strftime("%H:%M", time.localtime(message.time)))
        mark = " (another key than before!)" if message.trust is Trust.CHANGED else ""
        text = "needs a newer version of this program to show" if message.newer else clean_text(message.text)[0].replace("\n", "\n      ")
        self._print(f"{stamp} {self._name(message.device, message.name)}{mark}: {text}")

    def _delivery(self, event: DeliveryChanged) -> None:
        if event.delivery is Delivery.FAILED:
            self._print(f"Not sent: {event.reason}\n    {clean_text(self._texts.pop(event.key, ''))[0]}")
        elif event.delivery is Delivery.AT_BROKER:
            self._texts.pop(event.key, None)

    def _forget_typed(self, text: str) -> None:
        for key, typed in self._texts.items():
            if typed == text and key.startswith("typed "):
                del self._texts[key]
                return

    def _members_changed(self, members: tuple[Member, ...]) -> None:
        before = {member.device for member in self._members if member.online}
        now = {member.device for member in members if member.online}
        for member in members:
            if not member.own and (member.device in now) != (member.device in before):
                self._print(self._dim(f"{clean_line(member.name)} {'is here' if member.online else 'has left'}"))
        self._members = members

    def _name(self, device: str, name: str) -> str:
        shown = clean_line(name)
        return f"{_COLOURS[zlib.crc32(device.encode()) % len(_COLOURS)]}{shown}{Style.RESET_ALL}" if self._colour else shown

    def _dim(self, text: str) -> str:
        return f"{Style.DIM}{text}{Style.RESET_ALL}" if self._colour else text

    def _print(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()
