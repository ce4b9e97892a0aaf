"""The room in a terminal: the same session as the window's, with names in colour, or plain on a pipe."""

import os
import queue
import sys
import time
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TextIO, assert_never

import colorama
from colorama import Fore, Style

from chat.address import parse_broker
from chat.errors import EntryError
from chat.events import (
    Close,
    Closed,
    Deleted,
    DeleteData,
    Delivery,
    DeliveryChanged,
    Edit,
    Entered,
    Event,
    ForeignCounted,
    Found,
    GapsChanged,
    Join,
    JoinRefused,
    Keep,
    Left,
    Link,
    LinkChanged,
    Member,
    MembersChanged,
    Message,
    MessageChanged,
    MessagesFolded,
    MessageShown,
    Notice,
    Page,
    PageKind,
    Progress,
    React,
    ReceiptsChanged,
    Resend,
    Retract,
    Say,
    SayRefused,
    Search,
    Supplied,
    Trust,
)
from chat.line_reader import LineReader, Typed
from chat.session import Session
from chat.text import clean_line, clean_text

SHOWN_BEFORE: Final = 20
"""Messages of before that a terminal shows when a room is entered."""
CLOSE_SECONDS: Final = 2.0
WAKE_SECONDS: Final = 0.5
"""Windows notices Ctrl-C only between waits."""
UNDER_WAY: Final = 16
"""How many lines of a pipe are said before the broker has them: fewer than the sending limit refuses."""
FOLDED_STEP: Final = 100
_COLOURS: Final = (Fore.RED, Fore.GREEN, Fore.YELLOW, Fore.BLUE, Fore.MAGENTA, Fore.CYAN, Fore.LIGHTRED_EX, Fore.LIGHTCYAN_EX)
_CHANGED: Final = "(another key than before!)"
_HELP: Final = """\
/who            who is here, their fingerprints, and how many foreign packets were ignored
/topic [NAME]   show the topic, or go to another one
/broker [URL]   show the broker, or go to another one
/reply TEXT     answer the last message of another member
/react EMOJI    put an emoji under it
/edit TEXT      give your last message another text
/delete         take your last message back
/retry          send again what the broker refused
/search WORDS   find messages: words, "phrases", from:name, since:2026-11-01, since:7d
/keep DAYS      keep what is said for so many days; all and 0 are possible too
/delete-data    leave, and delete what this computer keeps of the room
/help           this list
/quit           leave
Everything else is sent. To begin a message with /, write //."""


@dataclass(slots=True)
class _Sent:
    """What was said and is not at the broker yet."""

    saying: deque[str] = field(default_factory=deque)
    """Handed to the session, which answers in order."""
    under_way: dict[str, str] = field(default_factory=dict)
    """Texts by key."""
    waiting: set[str] = field(default_factory=set)
    """Keys that the sending limit holds back."""

    def __len__(self) -> int:
        return len(self.saying) + len(self.under_way)


class Console:
    """Reads lines and events from one queue, on the thread that called `run`."""

    def __init__(self, join: Join, data_folder: Path, source: TextIO, out: TextIO) -> None:
        self._join = join
        self._out = out
        self._colour = out.isatty() and "NO_COLOR" not in os.environ
        self._inbox: queue.SimpleQueue[Event | Typed] = queue.SimpleQueue()
        self._session = Session(data_folder, self._inbox.put)
        self._reader = LineReader(source, self._inbox.put)
        self._lines: deque[str | None] = deque()
        self._sent = _Sent()
        self._link = Link.CONNECTING
        self._members: tuple[Member, ...] = ()
        self._foreign = 0
        self._folded: dict[str, int] = {}
        """How many of a device's folded messages were told, by device."""
        self._entered = False
        self._moving: Join | None = None
        self._last_own = self._last_other = ""
        """The keys of the messages that commands are about."""
        self._refused: list[str] = []
        self._searches = 0
        self._lost = False
        """Whether some text did not come to the broker."""
        self._ending = False
        self._exit_code: int | None = None

    def run(self) -> int:
        """Talk until /quit, the end of the input, or the end of the session. Gives the exit code."""
        if self._colour:
            colorama.just_fix_windows_console()
        self._session.start()
        self._session.post(self._join)
        try:
            while self._exit_code is None:
                self._handle_next()
        except KeyboardInterrupt:
            self._exit_code = 130
        finally:
            self._reader.close()
            self._session.post(Close())
            self._session.join(CLOSE_SECONDS)
            self._show_unsent()
        return self._exit_code or int(self._lost and not self._reader.interactive)

    def _handle_next(self) -> None:
        try:
            item = self._inbox.get(timeout=WAKE_SECONDS)
        except queue.Empty:
            return
        if isinstance(item, Typed):
            self._lines.append(item.line)
        else:
            self._show(item)
        while self._lines and self._exit_code is None and self._may_take_line():
            self._take_line(self._lines.popleft())
            if self._exit_code is None:
                self._reader.taken()
        if self._ending and not self._sent and self._exit_code is None:
            self._exit_code = 0

    def _show_unsent(self) -> None:
        """After the end: the texts that never came to the broker."""
        while not self._inbox.empty():
            event = self._inbox.get()
            if isinstance(event, Left):
                self._show(event)

    # What is typed

    def _may_take_line(self) -> bool:
        if self._moving is not None or self._ending:
            return False
        # A person sees at once what happens to a line; a pipe can't, so it waits until the line can go out.
        return self._reader.interactive or (self._link is Link.CONNECTED and len(self._sent) < UNDER_WAY)

    def _take_line(self, line: str | None) -> None:
        line = "/quit" if line is None else line
        command, _, rest = line.partition(" ")
        argument = rest.strip()
        match command:
            case "/quit":
                self._ending = True
                if self._reader.interactive:
                    self._exit_code = 0
            case "/help":
                self._print(_HELP)
            case "/who":
                self._who()
            case "/topic" if argument:
                self._move(replace(self._join, topic=argument))
            case "/topic":
                self._print(clean_line(self._join.topic))
            case "/broker" if argument:
                self._move_to_broker(argument)
            case "/broker":
                self._print(self._join.broker.place)
            case "/reply" | "/react" | "/edit" | "/delete" | "/retry":
                self._about_last(command, argument)
            case "/search" if argument:
                self._searches += 1
                self._session.post(Search(self._searches, argument))
            case "/keep" if argument == "all" or (argument.isascii() and argument.isdecimal() and len(argument) < 6):
                self._session.post(Keep(None if argument == "all" else int(argument)))
                self._print(self._dim("Kept for good." if argument == "all" else f"Kept for {int(argument)} days."))
            case "/delete-data" if argument == "yes":
                self._session.post(DeleteData())
            case "/delete-data":
                self._print("This deletes the conversation and your key in this room from this computer. Type /delete-data yes to do it.")
            case _ if command.startswith("/") and not command.startswith("//"):
                self._print(f"There is no command {clean_line(command)}. /help lists them.")
            case _:
                self._say(line.removeprefix("/") if command.startswith("//") else line)

    def _say(self, text: str) -> None:
        if text.strip():
            self._sent.saying.append(text)
            self._session.post(Say(text))

    def _about_last(self, command: str, argument: str) -> None:
        """Do something about the last message of another member or one's own."""
        key = self._last_own if command in ("/edit", "/delete", "/retry") else self._last_other
        if not key or (command in ("/reply", "/edit", "/react") and not argument):
            self._print("There is no such message yet." if argument or not key else f"What? {command} needs something after it.")
            return
        match command:
            case "/reply":
                self._sent.saying.append(argument)
                self._session.post(Say(argument, key))
            case "/react":
                self._session.post(React(key, argument))
            case "/edit":
                self._session.post(Edit(key, argument))
            case "/delete":
                self._session.post(Retract(key))
            case _:
                for refused in self._refused:
                    self._session.post(Resend(refused))
                self._refused.clear()

    def _move_to_broker(self, url: str) -> None:
        present = self._join.broker
        try:
            broker = parse_broker(url)
        except EntryError as error:
            self._print(str(error))
            return
        if broker.host == present.host:
            # Certificates belong to a host; another one must neither be judged by them nor see them.
            broker = replace(broker, ca_file=present.ca_file, certificate=present.certificate, key_file=present.key_file)
        self._move(replace(self._join, broker=broker, password=None))

    def _move(self, join: Join) -> None:
        self._moving = replace(join, passphrase="")
        self._session.post(self._moving)

    def _who(self) -> None:
        for member in self._members:
            state = "you" if member.own else "here" if member.online else "away"
            mark = f"  {_CHANGED}" if member.trust is Trust.CHANGED else ""
            self._print(f"{self._name(member.device, member.name)}  {state}  {member.fingerprint}{mark}")
        self._print(self._dim(f"{self._foreign} foreign packets ignored"))

    # What is shown

    def _show(self, event: Event) -> None:
        match event:
            case Progress(sentence) | Notice(sentence):
                self._print(self._dim(sentence))
            case Entered():
                self._show_entered(event)
            case JoinRefused(_, sentence):
                self._show_join_refused(sentence)
            case LinkChanged(link, sentence, _, security):
                self._link = link
                self._print(self._dim(f"{sentence} ({security})" if link is Link.CONNECTED else sentence))
                if link is Link.STOPPED and not self._reader.interactive:
                    self._exit_code = 1
            case Page(kind, messages):
                if kind is PageKind.LAST:
                    self._show_page(messages)
            case MessageShown(message, delivery):
                if message.own:
                    self._last_own = message.key
                    self._show_own(message, delivery)
                else:
                    self._last_other = message.key
                    self._show_message(message)
            case DeliveryChanged(key, delivery, reason):
                if delivery is Delivery.FAILED:
                    self._refused.append(key)
                self._show_delivery(key, delivery, reason)
            case MessagesFolded(device, name, count, _):
                self._show_folded(device, name, count)
            case SayRefused(text, sentence):
                self._answered()
                self._lost = True
                self._print(f"{sentence}\n{_indented(text)}")
            case MembersChanged(members):
                self._show_members(members)
            case ForeignCounted(total):
                self._foreign = total
            case MessageChanged(message):
                self._show_change(message)
            case Found():
                self._show_found(event)
            case Supplied(names):
                self._print(self._dim(f"What was said before you came is from {', '.join(map(clean_line, names))}."))
            case GapsChanged(gaps):
                for gap in gaps[:3]:
                    self._print(self._dim(f"{gap.count:,} messages from {clean_line(gap.name)} are missing; nobody who is here has them."))
            case ReceiptsChanged():
                pass
            case Deleted(sentence):
                self._print(sentence)
                self._exit_code = 0
            case Left(topic, unsent):
                self._lost |= bool(unsent)
                for text in unsent:
                    self._print(f"Not sent yet; it goes out when you are back in {clean_line(topic)}:\n{_indented(text)}")
                self._sent.under_way.clear()
                self._sent.waiting.clear()
            case Closed():
                self._exit_code = 1
            case _:
                assert_never(event)

    def _show_change(self, message: Message) -> None:
        if message.retracted:
            self._print(self._dim(f"{clean_line(message.name)} deleted a message."))
        elif message.edited:
            self._print(self._dim(f"{clean_line(message.name)} changed a message to: {clean_text(message.text)[0]}"))
        for reaction in message.reactions:
            self._print(
                self._dim(f"{clean_line(reaction.emoji)} from {', '.join(map(clean_line, reaction.names))}: {clean_line(message.text, 60)}")
            )

    def _show_found(self, event: Found) -> None:
        if event.complete and event.number == self._searches:
            for message in reversed(event.messages):
                self._show_message(message)
            self._print(self._dim(f"{len(event.messages)} found."))

    def _show_entered(self, event: Entered) -> None:
        # The passphrase stays with the session, which takes an empty one for the same.
        self._join = replace(self._moving or self._join, topic=event.topic, passphrase="", password=None)
        self._moving = None
        self._link = Link.CONNECTING
        self._members = ()
        self._foreign = 0
        self._folded.clear()
        self._print(
            self._dim(f"In {clean_line(event.topic)} at {event.broker.place} as {event.username}. Room fingerprint {event.fingerprint}.")
        )
        if not self._entered:
            self._entered = True
            if self._reader.interactive:
                self._print(self._dim("Type a message and press Return. /help lists the commands."))
            self._reader.start()

    def _show_join_refused(self, sentence: str) -> None:
        self._print(sentence)
        if not self._entered or not self._reader.interactive:
            self._exit_code = 1
        self._moving = None

    def _show_own(self, message: Message, delivery: Delivery | None) -> None:
        self._answered()
        self._sent.under_way[message.key] = message.text
        if delivery is Delivery.WAITING:
            if self._reader.interactive and not self._sent.waiting:
                self._print(self._dim("That was fast: it waits a moment and goes out by itself."))
            self._sent.waiting.add(message.key)
        elif self._reader.interactive and self._link is not Link.CONNECTED:
            self._print(self._dim("It goes out when the broker can be reached."))

    def _show_page(self, messages: Sequence[tuple[Message, Delivery | None]]) -> None:
        """At a terminal, the last of what was said before; a pipe gets only what is new."""
        if self._reader.interactive:
            for message, _ in messages[-SHOWN_BEFORE:]:
                self._show_message(message)

    def _show_message(self, message: Message) -> None:
        then, now = time.localtime(message.time), time.localtime()
        stamp = time.strftime("%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)
        mark = f" {_CHANGED}" if message.trust is Trust.CHANGED else ""
        text = "(a kind of message that needs a newer version of this program)" if message.newer else _indented(message.text).lstrip(" ")
        self._print(f"{self._dim(stamp)} {self._name(message.device, message.name)}{mark}: {text}")

    def _show_delivery(self, key: str, delivery: Delivery, reason: str) -> None:
        if delivery is not Delivery.WAITING:
            self._sent.waiting.discard(key)
        if delivery is Delivery.FAILED:
            self._lost = True
            self._print(f"Not sent: {reason}\n{_indented(self._sent.under_way.pop(key, ''))}")
        elif delivery is Delivery.AT_BROKER:
            self._sent.under_way.pop(key, None)

    def _show_folded(self, device: str, name: str, count: int) -> None:
        told = self._folded.get(device, 0)
        if count < told or told == 0 or count >= told + FOLDED_STEP:
            self._folded[device] = count
            self._print(self._dim(f"{count} more from {clean_line(name)}, too fast to show"))

    def _show_members(self, members: tuple[Member, ...]) -> None:
        before = {member.device for member in self._members if member.online}
        for member in members:
            if not member.own and member.online != (member.device in before):
                self._print(self._dim(f"{clean_line(member.name)} {'is here' if member.online else 'has left'}"))
        self._members = members

    def _answered(self) -> None:
        if self._sent.saying:
            self._sent.saying.popleft()

    def _name(self, device: str, name: str) -> str:
        shown = clean_line(name)
        return f"{_COLOURS[zlib.crc32(device.encode()) % len(_COLOURS)]}{shown}{Style.RESET_ALL}" if self._colour else shown

    def _dim(self, text: str) -> str:
        return f"{Style.DIM}{text}{Style.RESET_ALL}" if self._colour else text

    def _print(self, text: str) -> None:
        self._out.write(self._reader.above(text))
        self._out.flush()


def _indented(text: str) -> str:
    """A text from outside, whole, with every line set in, so that none can pass for a line of the console's own."""
    return "\n".join(f"      {line}" for line in clean_text(text, sys.maxsize, sys.maxsize)[0].split("\n"))
