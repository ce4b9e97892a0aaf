"""Rooms in a terminal: the same session as the window's. What is typed becomes commands; `Screen` shows what the session tells."""

import os
import queue
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TextIO, assert_never

import colorama

from chat.address import BrokerAddress, parse_broker
from chat.console_files import ConsoleFiles
from chat.console_screen import RoomState, Screen, indented
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
    FileChanged,
    FileRefused,
    ForeignCounted,
    Found,
    FromRoom,
    GapsChanged,
    Join,
    JoinBeside,
    JoinRefused,
    Keep,
    Leave,
    Left,
    Link,
    LinkChanged,
    MembersChanged,
    Message,
    MessageChanged,
    MessagesFolded,
    MessageShown,
    Notice,
    Open,
    Page,
    PageKind,
    Progress,
    React,
    Read,
    ReceiptsChanged,
    Resend,
    Retract,
    RoomCommand,
    RoomEvent,
    RoomsChanged,
    RoomSummary,
    Say,
    SayRefused,
    Search,
    SendFile,
    Supplied,
    ToRoom,
    TypistsChanged,
)
from chat.line_reader import LineReader, Typed
from chat.session import Session
from chat.slash import TERMINAL, as_place, refusal, split_command
from chat.text import clean_line
from chat.words import _, many

CLOSE_SECONDS: Final = 2.0
WAKE_SECONDS: Final = 0.5
"""Windows notices Ctrl-C only between waits."""
UNDER_WAY: Final = 16
"""How many lines of a pipe are said before the broker has them: fewer than the sending limit refuses."""


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

    def __init__(self, join: Join, data_folder: Path, downloads: Path, source: TextIO, out: TextIO) -> None:
        self._join = join
        self._downloads = downloads
        self._files: dict[str, ConsoleFiles] = {}
        self._out = out
        self._inbox: queue.SimpleQueue[Event | Typed] = queue.SimpleQueue()
        self._session = Session(data_folder, self._inbox.put)
        self._reader = LineReader(source, self._inbox.put)
        self._lines: deque[str | None] = deque()
        self._colour = out.isatty() and "NO_COLOR" not in os.environ
        self._screen = Screen(self._write, colour=self._colour, interactive=self._reader.interactive)
        self._sent = _Sent()
        self._login = self._current = ""
        """The rooms of the login and where what is typed goes."""
        self._rooms: dict[str, RoomState] = {}
        self._listed: tuple[RoomSummary, ...] = ()
        self._moving: Join | JoinBeside | None = None
        """What was asked for and not answered yet."""
        self._asking: JoinBeside | None = None
        """What the next line is the passphrase of."""
        self._searches = 0
        self._lost = False
        """Whether some text did not come to the broker."""
        self._ending = False
        self._exit_code: int | None = None

    def _files_of(self, room: str) -> ConsoleFiles:
        return self._files.setdefault(room, ConsoleFiles(self._downloads))

    @property
    def _room(self) -> RoomState:
        return self._rooms.setdefault(self._current, RoomState())

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
            item = self._inbox.get()
            event = item.event if isinstance(item, FromRoom) else item
            if isinstance(event, Left):
                self._show_left(event)

    # What is typed

    def _may_take_line(self) -> bool:
        if self._moving is not None or self._ending:
            return False
        # A person sees at once what happens to a line; a pipe can't, so it waits until the line can go out.
        return self._reader.interactive or (self._room.link is Link.CONNECTED and len(self._sent) < UNDER_WAY)

    def _take_line(self, line: str | None) -> None:
        if self._asking is not None:
            self._moving, self._asking = replace(self._asking, passphrase=line or ""), None
            self._session.post(self._moving)
            return
        line = "/quit" if line is None else line
        command, argument = split_command(line)
        if command and (refused := refusal(command, argument, TERMINAL)):
            self._screen.line(refused)
            return
        match command:
            case "/quit":
                self._ending = True
                if self._reader.interactive:
                    self._exit_code = 0
            case "/help":
                self._show_help()
            case "/who":
                self._screen.who(self._room)
            case "/topic" | "/broker" | "/rooms" | "/join" | "/leave":
                self._about_rooms(command, argument)
            case "/reply" | "/react" | "/edit" | "/delete" | "/retry":
                self._about_last(command, argument)
            case "/send" if argument:
                self._post(SendFile(Path(argument).expanduser()))
            case "/files":
                self._screen.line("\n".join(self._files_of(self._current).lines()))
            case "/accept" | "/pause" | "/resume" | "/decline" if argument:
                self._about_file(command, argument)
            case "/search" if argument:
                self._searches += 1
                self._post(Search(self._searches, argument))
            case "/keep" if argument == "all" or (argument.isascii() and argument.isdecimal() and len(argument) < 6):
                self._post(Keep(None if argument == "all" else int(argument)))
                self._show_kept(argument)
            case "/delete-data" if argument == "yes":
                self._post(DeleteData())
            case "/delete-data":
                self._screen.line(_("This deletes the conversation and your key from this computer. Type /delete-data yes to do it."))
            case "":
                self._say(argument)
            case _:
                self._screen.line(_("Type something after {command}.").format(command=command))

    def _post(self, command: RoomCommand) -> None:
        self._session.post(ToRoom(self._current, command))

    def _about_rooms(self, command: str, argument: str) -> None:
        present = next((room for room in self._listed if room.room == self._current), None)
        match command:
            case "/topic" if argument and self._current == self._login:
                self._move(replace(self._join, topic=argument))
            case "/topic" if argument:
                self._screen.line(_("Another topic is another room. /join enters it, /leave leaves this one."))
            case "/topic":
                self._screen.line(clean_line(self._room.topic))
            case "/broker" if argument:
                self._move_to_broker(argument, present)
            case "/broker":
                self._screen.line((present.broker if present else self._join.broker).place)
            case "/join" if argument:
                self._ask_for_passphrase(argument)
            case "/join":
                self._screen.line(_("Type something after {command}.").format(command=command))
            case "/leave":
                self._post(Leave())
            case _ if place := as_place(argument, len(self._listed)):
                self._go_into(self._listed[place - 1].room)
            case _ if argument:
                self._screen.line(_("There is no such room. /rooms shows them with their numbers."))
            case _:
                self._screen.rooms(self._listed, self._current)

    def _go_into(self, room: str) -> None:
        self._current = room
        self._screen.label = ""
        self._post(Open())

    def _ask_for_passphrase(self, argument: str) -> None:
        topic, _space, url = argument.partition(" ")
        try:
            broker = self._broker(url) if url else self._join.broker
        except EntryError as error:
            self._screen.line(str(error))
            return
        self._asking = JoinBeside(broker, topic, self._join.username)
        self._screen.line(_("The passphrase of {topic}:").format(topic=clean_line(topic)))
        self._reader.hide_next()

    def _say(self, text: str) -> None:
        if text.strip():
            self._sent.saying.append(text)
            self._post(Say(text))

    def _about_last(self, command: str, argument: str) -> None:
        """Do something about the last message of another member or one's own."""
        room = self._room
        key = room.last_own if command in ("/edit", "/delete", "/retry") else room.last_other
        if not key or (command in ("/reply", "/edit", "/react") and not argument):
            words = _("There is no such message yet.") if argument or not key else _("Type something after {command}.")
            self._screen.line(words.format(command=command))
            return
        match command:
            case "/reply":
                self._sent.saying.append(argument)
                self._post(Say(argument, key))
            case "/react":
                self._post(React(key, argument))
            case "/edit":
                self._post(Edit(key, argument))
            case "/delete":
                self._post(Retract(key))
            case _:
                for refused in room.refused:
                    self._post(Resend(refused))
                room.refused.clear()

    def _about_file(self, command: str, argument: str) -> None:
        if wish := self._files_of(self._current).command(command, argument):
            self._post(wish)
        else:
            self._screen.line(_("There is no such file. /files shows them with their numbers."))

    def _move_to_broker(self, url: str, present: RoomSummary | None) -> None:
        try:
            broker = self._broker(url)
        except EntryError as error:
            self._screen.line(str(error))
            return
        if self._current == self._login or present is None:
            self._move(replace(self._join, broker=broker, password=None))
        else:
            self._move(JoinBeside(broker, present.topic, present.name))

    def _broker(self, url: str) -> BrokerAddress:
        present, broker = self._join.broker, parse_broker(url)
        if broker.host != present.host:
            return broker
        # Certificates belong to a host; another one must neither be judged by them nor see them.
        return replace(broker, ca_file=present.ca_file, certificate=present.certificate, key_file=present.key_file)

    def _move(self, join: Join | JoinBeside) -> None:
        self._moving = replace(join, passphrase="")
        self._session.post(self._moving)

    # What is shown

    def _show(self, event: Event) -> None:
        match event:
            case Progress(sentence):
                self._screen.remark(sentence)
            case JoinRefused(_, sentence):
                self._show_join_refused(sentence)
            case RoomsChanged(rooms):
                self._listed = rooms
            case FromRoom(room, told):
                self._show_in(room, told)
            case Closed():
                self._exit_code = 1
            case Entered(room=room):
                if self._current == self._login:
                    self._current = room
                self._login = room
                self._show_in(room, event)
            case _:
                self._show_in(self._login, event)

    def _show_in(self, room: str, event: RoomEvent) -> None:
        state = self._rooms.setdefault(room, RoomState())
        if isinstance(event, Entered):
            self._show_entered(state, event)
            return
        elsewhere = room != self._current
        self._screen.label = clean_line(state.topic) if elsewhere else ""
        match event:
            case MessageShown(message, delivery) if message.own:
                state.last_own = message.key
                self._files_of(room).heard(message)
                self._show_own(message, delivery)
            case MessageShown(message):
                state.last_other = message.key
                self._screen.message(message)
                if words := self._files_of(room).heard(message):
                    self._screen.remark(words)
                if not elsewhere:
                    self._post(Read(message.order))
            case DeliveryChanged():
                self._show_delivery(state, event)
            case SayRefused(text, sentence):
                self._answered()
                self._lost = True
                self._screen.line(f"{sentence}\n{indented(text)}")
            case Left():
                self._show_left(event)
                if not elsewhere and room != self._login and self._moving is None:
                    self._go_into(self._login)
            case Deleted(sentence):
                self._screen.line(sentence)
                if room == self._login:
                    self._exit_code = 0
            case LinkChanged():
                self._show_link(state, event, elsewhere=elsewhere)
            case ForeignCounted(total):
                state.foreign = total
            case MembersChanged(members):
                self._screen.members(state, members)
            case MessagesFolded():
                self._screen.folded(state, event)
            case Page(PageKind.LAST, messages) if not elsewhere:
                self._screen.page(messages)
                for message, _delivery in messages:
                    self._files_of(room).heard(message)
                if messages:
                    self._post(Read(messages[-1][0].order))
            case Notice(sentence):
                self._screen.remark(sentence)
            case MessageChanged(message):
                self._screen.changed(message)
            case Found(number, _, complete):
                if complete and number == self._searches:
                    self._screen.found(event)
            case Supplied(names):
                self._screen.remark(_("What was said before you came is from {names}.").format(names=", ".join(map(clean_line, names))))
            case GapsChanged(gaps):
                self._screen.gaps(gaps)
            case FileChanged():
                if words := self._files_of(room).changed(event):
                    self._screen.remark(words)
            case FileRefused(_, sentence):
                self._lost = True
                self._screen.line(sentence)
            case ReceiptsChanged() | TypistsChanged() | Page():
                pass
            case _:
                assert_never(event)

    def _show_entered(self, state: RoomState, event: Entered) -> None:
        state.topic, state.link, state.foreign = event.topic, Link.CONNECTING, 0
        state.members = ()
        state.folded.clear()
        if event.room == self._login:
            # The passphrase stays with the session, which takes an empty one for the same.
            present = self._moving if isinstance(self._moving, Join) else self._join
            self._join = replace(present, topic=event.topic, passphrase="", password=None)
        elif isinstance(self._moving, JoinBeside):
            self._current = event.room
        self._moving = None
        self._screen.label = ""
        self._screen.entered(event)
        if not self._reader.started:
            if self._reader.interactive:
                self._screen.remark(_("Type a message and press Return. /help lists the commands."))
            self._reader.start()

    def _show_join_refused(self, sentence: str) -> None:
        self._screen.line(sentence)
        if not self._reader.started or not self._reader.interactive:
            self._exit_code = 1
        self._moving = None

    def _show_link(self, state: RoomState, event: LinkChanged, *, elsewhere: bool) -> None:
        state.link = event.link
        if not elsewhere or event.link is Link.STOPPED:
            self._screen.link(event)
        if event.link is Link.STOPPED and not self._reader.interactive and not elsewhere:
            self._exit_code = 1

    def _show_help(self) -> None:
        names = [f"{command.name} {command.argument}".rstrip() for command in TERMINAL]
        width = max(map(len, names)) + 2
        lines = [f"{name:{width}}{_(command.words)}" for name, command in zip(names, TERMINAL, strict=True)]
        self._screen.line("\n".join([*lines, _("Everything else is sent. To begin a message with /, write //.")]))

    def _show_kept(self, days: str) -> None:
        if days == "all":
            self._screen.remark(_("Kept for good."))
        else:
            self._screen.remark(many("Kept for {count} day.", "Kept for {count} days.", int(days)).format(count=int(days)))

    def _show_own(self, message: Message, delivery: Delivery | None) -> None:
        self._answered()
        self._sent.under_way[message.key] = message.text
        if delivery is Delivery.WAITING:
            if self._reader.interactive and not self._sent.waiting:
                self._screen.remark(_("That was fast. It waits a moment, and goes out by itself."))
            self._sent.waiting.add(message.key)
        elif self._reader.interactive and self._room.link is not Link.CONNECTED:
            self._screen.remark(_("It goes out when the broker can be reached."))

    def _show_delivery(self, state: RoomState, event: DeliveryChanged) -> None:
        if event.delivery is not Delivery.WAITING:
            self._sent.waiting.discard(event.key)
        if event.delivery is Delivery.FAILED:
            state.refused.append(event.key)
            self._lost = True
            self._screen.not_sent(event, self._sent.under_way.pop(event.key, ""))
        elif event.delivery is Delivery.AT_BROKER:
            self._sent.under_way.pop(event.key, None)

    def _show_left(self, event: Left) -> None:
        self._lost |= bool(event.unsent)
        for text in event.unsent:
            words = _("Not sent yet. It goes out when you are back in {topic}:").format(topic=clean_line(event.topic))
            self._screen.line(f"{words}\n{indented(text)}")
        self._sent.under_way.clear()
        self._sent.waiting.clear()

    def _answered(self) -> None:
        if self._sent.saying:
            self._sent.saying.popleft()

    def _write(self, text: str) -> None:
        self._out.write(self._reader.above(text))
        self._out.flush()
