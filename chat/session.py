"""The session: one thread that owns the rooms, their stores and the connections. Commands in, events out.

Every face (window, console, scripts, tests) uses it in the same way: `start`, `post` commands, read the events that `show` is given,
and end with `Close`. Whatever comes from outside the thread comes through its one inbox.
"""

import itertools
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar, assert_never

from chat.address import BrokerAddress, normalise_topic, parse_broker
from chat.encryption import RoomKeys, derive_root, room_keys
from chat.errors import ChatError, EntryError, StorageError
from chat.events import (
    AcceptFile,
    After,
    Around,
    Close,
    Closed,
    Command,
    DeclineFile,
    Deleted,
    DeleteData,
    Edit,
    Event,
    FromRoom,
    Join,
    JoinBeside,
    JoinRefused,
    Keep,
    Leave,
    Left,
    LimitFiles,
    Mute,
    Newer,
    Notice,
    Older,
    Open,
    PageKind,
    PauseFile,
    Progress,
    React,
    Read,
    Reconnect,
    Resend,
    ResumeFile,
    Retract,
    RoomCommand,
    RoomEvent,
    RoomsChanged,
    Say,
    SayRefused,
    Search,
    SendFile,
    ToRoom,
    Type,
)
from chat.file_messages import FromFiles, Limit
from chat.files import Files
from chat.history import History, Remembered, delete_room, open_history
from chat.moment import now
from chat.passphrase import Strength, normalise_passphrase, rate_passphrase
from chat.protocol.names import normalise_name
from chat.protocol.room import Room
from chat.protocol.step import Channel
from chat.salvage import open_or_salvage
from chat.shared_connection import FromBroker, SharedConnection
from chat.visit import Visit
from chat.words import _, digits, many, marked

SETTLE_SECONDS: Final = 0.8
"""How long leaving waits for the broker to confirm what was sent last."""
CLOSE_SECONDS: Final = 0.8
LIST_SECONDS: Final = 0.2
"""The list of rooms is looked at, and told if it changed, at most this often."""
RESTORED: Final = marked("The data on this computer is from a backup. This computer is a new device now.")
_Input = Command | FromBroker | FromFiles
_Wish = TypeVar("_Wish", Join, JoinBeside)


class Session:
    """Runs the room of a login and others beside it. `show` is called on the session's thread and must only enqueue."""

    def __init__(self, data_folder: Path, show: Callable[[Event], None]) -> None:
        self._data_folder = data_folder
        self._show = show
        self._inbox: queue.SimpleQueue[_Input] = queue.SimpleQueue()
        self._later: deque[Command] = deque()
        self._visits: dict[str, Visit] = {}
        """The rooms that were entered."""
        self._login = ""
        """Which of them is that of the login."""
        self._beside: dict[str, Remembered] = {}
        """What is remembered of the others."""
        self._shared: dict[BrokerAddress, SharedConnection] = {}
        self._numbers = itertools.count(1)
        self._listed = RoomsChanged(())
        self._list_at = 0.0
        self._list_waits = False
        self._files = Files(data_folder / "files", self._inbox.put)
        self._passphrase = ""
        self._root_of: tuple[str, str] = ("", "")
        self._root = b""
        self._closing = self._forget_unsent = False
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def post(self, command: Command) -> None:
        """Ask for something, from any thread; never blocks."""
        self._inbox.put(command)

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the thread to end after `Close`; says whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._files.start()
        try:
            while not self._closing:
                self._handle(self._next_input())
                for visit in list(self._visits.values()):
                    visit.tick()
                    if visit.may_commit(quiet=self._inbox.empty()):
                        visit.commit()
                        self._start_anew_if_cloned(visit)
                self._list_rooms()
        finally:
            self._leave(list(self._visits.values()))
            self._files.close(CLOSE_SECONDS)
            self._show(Closed())

    def _next_input(self) -> _Input | None:
        if self._later:
            return self._later.popleft()
        return self._take(self._seconds_to_wait())

    def _take(self, seconds: float | None) -> _Input | None:
        try:
            return self._inbox.get(timeout=seconds)
        except queue.Empty:
            return None

    def _seconds_to_wait(self) -> float | None:
        times = [visit.due() for visit in self._visits.values()]
        if self._list_waits:
            times.append(self._list_at)
        due = min((at for at in times if at is not None), default=None)
        return None if due is None else max(0.0, due - time.monotonic())

    def _handle(self, item: _Input | None) -> None:
        match item:
            case None:
                pass
            case Join():
                self._refusing(self._join, item)
            case JoinBeside():
                self._refusing(self._join_beside, item)
            case Close(forget_unsent):
                self._closing, self._forget_unsent = True, forget_unsent
            case FromBroker(shared, number, event):
                shared.handle(number, event)
            case FromFiles(room):
                if visit := self._visits.get(room):
                    visit.from_files(item)
            case LimitFiles(on):
                self._files.post(Limit(on))
            case ToRoom(room, command):
                self._in_room(self._visits.get(room), command)
            case _:
                self._in_room(self._visits.get(self._login), item)

    def _in_room(self, visit: Visit | None, command: RoomCommand) -> None:
        if visit is None:
            self._show(SayRefused(command.text if isinstance(command, Say) else "", _("You are in no room. Join one first.")))
            return
        match command:
            case Open():
                visit.open()
            case Read(order):
                visit.mark_read(order)
            case Say(text, reply_to):
                visit.say(text, reply_to)
            case Type():
                visit.type()
            case Edit() | Retract() | React():
                visit.change(command)
            case Resend(key):
                visit.resend(key)
            case Older(order):
                visit.show_page(PageKind.OLDER, order)
            case Newer(order):
                visit.show_page(PageKind.NEWER, order)
            case After(seconds):
                visit.show_after(seconds)
            case Around(order):
                visit.show_page(PageKind.AROUND if order else PageKind.LAST, order)
            case Search(number, text):
                visit.search(number, text)
            case Keep(days):
                visit.keep(days)
            case Mute(on):
                visit.mute(on)
            case DeleteData():
                self._delete_data(visit)
            case Leave():
                self._forget(visit)
            case Reconnect():
                self._shared[visit.broker].reconnect(visit)
            case SendFile() | AcceptFile() | PauseFile() | ResumeFile() | DeclineFile():
                visit.offers.do(command)
            case _:
                assert_never(command)

    # Entering

    def _refusing(self, enter: Callable[[_Wish], None], wish: _Wish) -> None:
        try:
            enter(wish)
        except EntryError as error:
            self._show(JoinRefused(error.field, str(error)))
        except ChatError as error:
            self._show(JoinRefused("", str(error)))

    def _join(self, wish: Join) -> None:
        name, topic = normalise_name(wish.username), normalise_topic(wish.topic)
        passphrase = self._passphrase if not wish.passphrase and self._passphrase else _accept(wish.passphrase)
        keys = room_keys(self._derive(passphrase, topic))
        if present := self._visits.get(keys.tag):
            self._leave([present])
        opened = self._open(keys)
        self._leave([visit for room, visit in self._visits.items() if room == self._login or wish.alone])
        self._login = keys.tag
        self._enter(wish.broker, name, topic, keys, opened, wish.password)
        self._passphrase = passphrase
        if not wish.alone:
            self._enter_remembered(opened[0])

    def _join_beside(self, wish: JoinBeside) -> None:
        if self._login not in self._visits:
            raise ChatError(_("Log in to a room first."))
        name, topic = normalise_name(wish.username), normalise_topic(wish.topic)
        known = next((room.root for room in self._beside.values() if room.topic == topic), b"")
        root = known if known and not wish.passphrase else self._derive(_accept(wish.passphrase), topic)
        keys = room_keys(root)
        if keys.tag == self._login:
            raise EntryError("topic", _("You are in this room already."))
        if present := self._visits.get(keys.tag):
            self._leave([present])
        self._enter(wish.broker, name, topic, keys, self._open(keys), wish.password)
        self._remember({**self._beside, keys.tag: _remembered(wish.broker, topic, name, root)})

    def _enter_remembered(self, history: History) -> None:
        """Enter the rooms that are remembered with the login's; those that are open already stay, and are remembered with it too."""
        kept = {room_keys(room.root).tag: room for room in history.rooms}
        self._remember({tag: room for tag, room in {**kept, **self._beside}.items() if tag != self._login})
        for tag, room in self._beside.items():
            if tag in self._visits:
                continue
            try:
                keys = room_keys(room.root)
                self._enter(_address(room), room.name, room.topic, keys, self._open(keys), None)
            except ChatError as error:
                self._show(Notice(_("The room {topic} can’t be entered now. {error}").format(topic=room.topic, error=error)))

    def _remember(self, rooms: dict[str, Remembered]) -> None:
        self._beside = rooms
        history = self._visits[self._login].history
        if history.rooms != list(rooms.values()):
            history.remember(list(rooms.values()))

    def _derive(self, passphrase: str, topic: str) -> bytes:
        if self._root_of != (passphrase, topic):
            self._show(Progress(_("Making the key from the passphrase…")))
            self._root = derive_root(passphrase, topic)
            self._root_of = (passphrase, topic)
        return self._root

    def _open(self, keys: RoomKeys) -> tuple[History, str]:
        """The history of a room, and a sentence if it was damaged and is mended."""
        return open_or_salvage(self._data_folder, keys, lambda sentence: self._show(Progress(sentence)))

    def _enter(
        self, broker: BrokerAddress, name: str, topic: str, keys: RoomKeys, opened: tuple[History, str], password: str | None
    ) -> None:
        history, damage = opened
        shared = self._shared.get(broker) or SharedConnection(broker, self._inbox, self._files)
        if password is None and shared.visits:
            password = shared.password
        try:
            if password is not None:
                history.keep_password(broker.user, broker.place, password)
            room = Room(keys, name, history.chain, history.peers, now(), random.SystemRandom())
            history.save_chain()
            history.save_pins()
            history.commit()
            show, next_number = self._show_in(keys.tag), lambda: next(self._numbers)
            visit = Visit(broker, topic, keys, history, room, show, shared.publish, shared.acknowledge, next_number, self._files.post)
        except StorageError:
            history.close()
            raise
        self._visits[keys.tag], self._shared[broker] = visit, shared
        visit.open()
        if damage:
            self._show_in(keys.tag)(Notice(damage))
        shared.add(visit, history.password(broker.user, broker.place))

    def _show_in(self, room: str) -> Callable[[RoomEvent], None]:
        def show(event: RoomEvent) -> None:
            self._show(event if room == self._login else FromRoom(room, event))

        return show

    def _start_anew_if_cloned(self, visit: Visit) -> None:
        """Become a new device when this one's key turns out to have said more than is known here: a backup was put back."""
        if not visit.room.cloned:
            return
        show = self._show_in(visit.keys.tag)
        try:
            visit.history.start_anew(visit.room.device)
            visit.commit()
            self._leave([visit])
            show(Notice(_(RESTORED)))
            self._enter(visit.broker, visit.room.name, visit.topic, visit.keys, (open_history(self._data_folder, visit.keys), ""), None)
        except StorageError as error:
            self._leave([still for still in self._visits.values() if still is visit])
            show(Notice(str(error)))

    # Leaving

    def _forget(self, visit: Visit) -> None:
        room = visit.keys.tag
        if room == self._login:
            self._show(Notice(_("You logged in to this room. Close the program to leave it.")))
            return
        self._leave([visit])
        self._remember({tag: kept for tag, kept in self._beside.items() if tag != room})

    def _delete_data(self, visit: Visit) -> None:
        keys, topic, show = visit.keys, visit.topic, self._show_in(visit.keys.tag)
        visit.offers.leave(delete=True)
        if keys.tag == self._login:
            # What is remembered of the other rooms is deleted with it.
            self._leave(list(self._visits.values()))
            self._beside = {}
        else:
            self._forget(visit)
        try:
            records, in_use = delete_room(self._data_folder, keys)
        except StorageError as error:
            show(Deleted(str(error)))
            return
        told = [
            many(
                "Deleted here: {count} record of {topic}, and your key.", "Deleted here: {count} records of {topic}, and your key.", records
            ),
            _("The others still have what was said."),
        ]
        if in_use:
            told.append(many("{others} other program keeps a copy here.", "{others} other programs keep copies here.", in_use))
        show(Deleted(" ".join(told).format(count=digits(records), topic=topic, others=in_use)))

    def _leave(self, visits: Sequence[Visit]) -> None:
        for visit in visits:
            visit.commit()
        self._settle(visits)
        for visit in visits:
            shared = self._shared[visit.broker]
            if visit.up:
                shared.publish(visit.topic_of(Channel.CONTROL), visit.room.farewell().token, 0, 0)
            shared.remove(visit)
        unused = [shared for shared in self._shared.values() if not shared.visits]
        for shared in unused:
            shared.stop()
        for shared in unused:
            shared.close(CLOSE_SECONDS)
            del self._shared[shared.broker]
        for visit in visits:
            del self._visits[visit.keys.tag]
            unsent = visit.close(forget_unsent=self._forget_unsent)
            self._show_in(visit.keys.tag)(Left(visit.topic, tuple(unsent)))

    def _settle(self, visits: Sequence[Visit]) -> None:
        """Give the broker a moment to confirm what was sent last."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while any(visit.unconfirmed and visit.up for visit in visits) and (left := deadline - time.monotonic()) > 0:
            match self._take(left):
                case None:
                    pass
                case FromBroker() | FromFiles() as item:
                    self._handle(item)
                    for visit in self._visits.values():
                        visit.commit()
                case command:
                    self._later.append(command)

    # The list of rooms

    def _list_rooms(self) -> None:
        self._list_waits = time.monotonic() < self._list_at
        if self._list_waits:
            return
        self._list_at = time.monotonic() + LIST_SECONDS
        rooms = sorted(self._visits, key=lambda room: room != self._login)
        listed = RoomsChanged(tuple(self._visits[room].summary(login=room == self._login) for room in rooms))
        if listed != self._listed:
            self._listed = listed
            self._show(listed)


def _accept(typed: str) -> str:
    """The passphrase in its normal form. Raises `EntryError` for a bad one."""
    passphrase = normalise_passphrase(typed)
    rating = rate_passphrase(passphrase)
    if rating.strength is Strength.REFUSED:
        raise EntryError("passphrase", rating.sentence)
    return passphrase


def _remembered(broker: BrokerAddress, topic: str, name: str, root: bytes) -> Remembered:
    files = ("" if path is None else str(path) for path in (broker.ca_file, broker.certificate, broker.key_file))
    return Remembered(broker.url, topic, name, root, *files)


def _address(room: Remembered) -> BrokerAddress:
    files = (Path(path) if path else None for path in (room.ca_file, room.certificate, room.key_file))
    ca_file, certificate, key_file = files
    return parse_broker(room.broker, ca_file=ca_file, certificate=certificate, key_file=key_file)
