"""The thread that reads, writes, seals and opens files, so that neither the conversation nor the window waits for them.

Rooms and connections tell it what happens (`post`), and it answers the session with `FromFiles`; see `file_messages.py`.
"""

import contextlib
import mimetypes
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, assert_never

from chat.errors import StorageError
from chat.events import FileChanged, FileRefused, FileStage
from chat.file_messages import (
    Accept,
    Answered,
    Chunk,
    Down,
    Drop,
    Entered,
    FromFiles,
    Gone,
    Heard,
    Limit,
    Link,
    Offered,
    Pause,
    Present,
    Ready,
    Remember,
    RoomInput,
    Share,
    Stop,
    Tell,
    ToFiles,
    Unheard,
    Up,
)
from chat.file_names import safe_name
from chat.file_transfer import FileTransfer, read_through
from chat.kept_file import Kept, Role
from chat.part_file import SourceFile
from chat.protocol import limits
from chat.protocol.chunks import chunk_bytes_for
from chat.protocol.merkle import Tree
from chat.protocol.records import ID_BYTES, FileOffer
from chat.words import _

TOLD_SECONDS: Final = 0.2
"""How often it is told how far a file is."""
WINDOW: Final = 16
"""Chunks that the broker has not confirmed."""
SLOW_SECONDS: Final = 1.0
"""When a confirmation takes longer, fewer are sent at once, so that messages do not wait behind them."""
LOST_SECONDS: Final = 30.0
"""After this long a confirmation is not waited for any more."""
COURTEOUS_RATE: Final = 256 * 1024
COURTEOUS_SIZE: Final = 25_000_000
"""Bytes a second, and in a file, on a broker that belongs to others."""
REMEMBERED: Final = 500
"""Files of one room."""
ANNOUNCED: Final = 20
"""Of so many of the newest it is said after each connecting who has them."""
OPEN_FILES: Final = 16
ITEMS_AT_ONCE: Final = 32
"""Inputs that are taken in before it is looked whether anything can be sent."""


@dataclass(slots=True)
class _Reading:
    """An own file that is read before it is offered."""

    source: SourceFile
    parts: Iterator[list[bytes]]
    leaves: list[bytes] = field(default_factory=list)
    tree: Tree | None = None


@dataclass(slots=True)
class _Room:
    name: str
    device: bytes
    topic: str
    files: dict[bytes, FileTransfer] = field(default_factory=dict)
    readings: dict[Path, _Reading] = field(default_factory=dict)
    link: Link | None = None
    known_link: Link | None = None
    """The last one, on which this device listens to the topics of `listening`."""
    listening: set[bytes] = field(default_factory=set)
    packet_bytes: int | None = None
    is_public: bool = True
    widest: int = WINDOW
    window: float = WINDOW
    under_way: dict[int, tuple[bytes, float]] = field(default_factory=dict)
    """Of which file each chunk is that the broker has not confirmed, and when it was published."""
    paid_at: float = 0.0
    """When more may be sent at the courteous rate."""
    online: frozenset[bytes] = frozenset()
    changed: set[bytes] = field(default_factory=set)
    told: dict[bytes, FileChanged] = field(default_factory=dict)
    tell_at: float = 0.0


class Files:
    """See the module. What is being received lies in `folder`; `answer` is called on the thread and must only enqueue."""

    def __init__(self, folder: Path, answer: Callable[[FromFiles], None]) -> None:
        self._folder = folder
        self._answer = answer
        self._inbox: queue.SimpleQueue[ToFiles] = queue.SimpleQueue()
        self._rooms: dict[str, _Room] = {}
        self._courtesy: bool | None = None
        self._numbers = 0
        """Those of chunks are negative, so that nobody takes them for records."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="files", daemon=True)

    @property
    def waiting(self) -> int:
        """How much was posted that the thread has not taken yet."""
        return self._inbox.qsize()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def post(self, item: ToFiles) -> None:
        """Tell it something, from any thread; never blocks."""
        self._inbox.put(item)

    def close(self, timeout: float) -> None:
        """End the thread, and wait for that for at most `timeout` seconds."""
        self.post(Stop())
        self._thread.join(timeout)

    # The thread

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._handle(self._inbox.get(timeout=self._seconds_to_wait()))
                for _item in range(ITEMS_AT_ONCE):
                    self._handle(self._inbox.get_nowait())
            except queue.Empty:
                pass
            now = time.monotonic()
            for room in list(self._rooms.values()):
                self._read_on(room)
                self._send(room, now)
                self._tell(room, now)
        for room in self._rooms.values():
            self._close(room)

    def _seconds_to_wait(self) -> float | None:
        now = time.monotonic()
        due: list[float] = []
        for room in self._rooms.values():
            if any(reading.tree is None for reading in room.readings.values()) or any(file.is_reading for file in room.files.values()):
                return 0.0
            due += [at for file in room.files.values() if (at := file.transfer.due(now)) is not None]
            if room.changed:
                due.append(room.tell_at)
            if room.link is not None and room.paid_at > now:
                due.append(room.paid_at)
        return max(0.0, min(due) - now) if due else None

    def _handle(self, item: ToFiles) -> None:
        now = time.monotonic()
        match item:
            case Stop():
                self._stopping = True
            case Limit(on):
                self._courtesy = on
            case Entered():
                self._enter(item, now)
            case Chunk():
                self._take(item, now)
            case Answered(number, sentence):
                self._answered(number, sentence, now)
            case _ if room := self._rooms.get(item.room):
                self._in_room(room, item, now)
            case _:
                pass

    def _in_room(self, room: _Room, item: RoomInput, now: float) -> None:
        match item:
            case Up():
                self._connected(room, item, now)
            case Down():
                room.link = None
                room.under_way.clear()
                for file in room.files.values():
                    file.transfer.disconnected()
            case Gone():
                self._leave(room, item, now)
            case Present(_, online):
                room.online = online
                for id_, file in room.files.items():
                    file.transfer.present(online)
                    if file.listens:
                        room.changed.add(id_)
            case Heard():
                self._heard(room, item, now)
            case Share():
                self._share(room, item)
            case Offered():
                self._offered(room, item, now)
            case Accept():
                self._accept(room, item, now)
            case Pause(_, id_, paused):
                if paused_one := room.files.get(id_):
                    paused_one.pause(now, paused=paused)
                    self._changed(room, id_)
            case Drop():
                self._drop(room, item, now)
            case Tell(_, ids):
                for id_ in ids:
                    room.told.pop(id_, None)
                    room.changed.update({id_} & room.files.keys())
            case Unheard(_, id_, sentence):
                if unheard := room.files.get(id_):
                    unheard.fail(StorageError(sentence))
                    self._changed(room, id_)
            case _:
                assert_never(item)

    # Rooms

    def _enter(self, item: Entered, now: float) -> None:
        room = self._rooms[item.room] = _Room(item.room, item.device, item.topic)
        for kept in item.kept:
            self._add(room, kept, now)

    def _add(self, room: _Room, kept: Kept, now: float) -> FileTransfer:
        # A folder for each device: two programs may use one data folder, and both may receive one file.
        file = FileTransfer(kept, room.device, self._folder / room.device.hex()[:16], now)
        file.transfer.present(room.online)
        if room.link is not None:
            file.transfer.connected(now, speaks=True)
        room.files[kept.id] = file
        return file

    def _connected(self, room: _Room, up: Up, now: float) -> None:
        if up.link is not room.known_link:
            room.listening.clear()
        room.link = room.known_link = up.link
        room.packet_bytes, room.is_public = up.packet_bytes, up.is_public
        room.widest = min(WINDOW, up.receive_maximum)
        room.window = room.widest
        for place, file in enumerate(reversed(room.files.values())):
            file.transfer.connected(now, speaks=file.listens or place < ANNOUNCED)
        self._listen(room)

    def _leave(self, room: _Room, gone: Gone, now: float) -> None:
        if gone.delete:
            for file in room.files.values():
                if file.kept.role is Role.RECEIVES:
                    file.discard(now)
        self._close(self._rooms.pop(gone.room))

    def _close(self, room: _Room) -> None:
        for file in room.files.values():
            file.close()
        for reading in room.readings.values():
            reading.source.close()

    def _listen(self, room: _Room) -> None:
        """Let only those chunks come that are wanted."""
        if room.link is None:
            return
        wanted = {id_ for id_, file in room.files.items() if file.listens}
        for id_ in wanted - room.listening:
            room.link.subscribe(f"{room.name}/f/{id_.hex()}", [(f"{room.topic}/{id_.hex()}", 1)])
        for id_ in room.listening - wanted:
            room.link.unsubscribe(f"{room.name}/f/{id_.hex()}")
        room.listening = wanted

    # Offering

    def _share(self, room: _Room, item: Share) -> None:
        if not item.on:
            if reading := room.readings.pop(item.path, None):
                reading.source.close()
            return
        if item.path in room.readings:
            return
        try:
            source = SourceFile(item.path, chunk_bytes_for(room.packet_bytes))
        except StorageError as error:
            self._show(room, FileRefused(item.path, str(error)))
            return
        most = COURTEOUS_SIZE if self._is_courteous(room) else limits.LARGEST_FILE
        if source.size > most:
            source.close()
            words = _("{name} is too large: on this broker a file may have {most} MB.")
            self._show(room, FileRefused(item.path, words.format(name=safe_name(item.path.name), most=most // 1_000_000)))
            return
        if source.count > limits.MOST_CHUNKS:
            source.close()
            words = _("{name} is too large for this broker, which takes only small packets.")
            self._show(room, FileRefused(item.path, words.format(name=safe_name(item.path.name))))
            return
        room.readings[item.path] = _Reading(source, read_through(source))

    def _read_on(self, room: _Room) -> None:
        for id_, file in room.files.items():
            if file.is_reading:
                file.read_on()
                room.changed.add(id_)
        for path, reading in list(room.readings.items()):
            source, name = reading.source, safe_name(path.name)
            try:
                reading.leaves += next(reading.parts)
                done = min(source.size, len(reading.leaves) * source.chunk_bytes)
                self._show(room, FileChanged("", name, FileStage.READING, source.size, done))
            except StopIteration:
                if reading.tree is None:
                    reading.tree = Tree.of(reading.leaves)
                    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
                    offer = FileOffer(name, source.size, media_type, source.chunk_bytes, reading.tree.root, secrets.token_bytes(32))
                    self._answer(FromFiles(room.name, Ready(path, offer)))
            except StorageError as error:
                room.readings.pop(path).source.close()
                self._show(room, FileRefused(path, str(error)))

    def _offered(self, room: _Room, item: Offered, now: float) -> None:
        reading = room.readings.pop(item.path, None)
        file = self._add(room, Kept(item.id, room.device, item.offer, Role.SHARES, str(item.path)), now)
        if reading is not None and reading.tree is not None:
            file.adopt(reading.source, reading.tree)
            self._rest(room)
        self._changed(room, item.id)

    # Receiving

    def _accept(self, room: _Room, item: Accept, now: float) -> None:
        present = room.files.get(item.id)
        if present is not None:
            if present.is_own or present.kept.role is Role.SHARES:
                return
            present.close()
        self._add(room, Kept(item.id, item.author, item.offer, Role.RECEIVES, str(item.folder)), now)
        self._finish_if_complete(room, item.id, now)
        self._changed(room, item.id)

    def _take(self, chunk: Chunk, now: float) -> None:
        prefix, _, name = chunk.topic.rpartition("/")
        for room in self._rooms.values():
            if room.topic != prefix or len(name) != 2 * ID_BYTES:
                continue
            with contextlib.suppress(ValueError):
                id_ = bytes.fromhex(name)
                file = room.files.get(id_)
                if file is not None and file.take(chunk.token, now):
                    room.changed.add(id_)
                    self._finish_if_complete(room, id_, now)
                    if not file.listens:
                        self._changed(room, id_)
        if chunk.receipt is not None:
            chunk.link.acknowledge(chunk.receipt)

    def _finish_if_complete(self, room: _Room, id_: bytes, now: float) -> None:
        file = room.files[id_]
        if file.complete:
            file.finish(now)

    def _drop(self, room: _Room, item: Drop, now: float) -> None:
        file = room.files.get(item.id)
        if file is None and item.offer is not None:
            file = self._add(room, Kept(item.id, item.author, item.offer, Role.DECLINED), now)
        elif file is not None:
            file.discard(now)
        if file is not None:
            self._changed(room, item.id)

    # Sending

    def _heard(self, room: _Room, item: Heard, now: float) -> None:
        file = room.files.get(item.told.transfer)
        if file is None:
            return
        file.transfer.heard(item.device, item.told, now)
        if item.told.wants and not file.is_open:
            self._rest(room)
            file.wake()
        room.changed.add(item.told.transfer)
        if file.remember_takers():
            self._remember(room)

    def _rest(self, room: _Room) -> None:
        """Keep no more than some files open that others may want."""
        opened = [file for file in room.files.values() if file.is_open and not file.is_reading]
        for file in opened[:-OPEN_FILES]:
            file.rest()

    def _send(self, room: _Room, now: float) -> None:
        for number, (_id, at) in list(room.under_way.items()):
            if now - at > LOST_SECONDS:
                del room.under_way[number]
        files = list(room.files.items())
        while files and room.link is not None:
            for id_, file in list(files):
                if len(room.under_way) >= int(room.window) or now < room.paid_at:
                    return
                failed_before = file.failure
                token = file.next_packet(now)
                if token is None:
                    files.remove((id_, file))
                    if file.failure != failed_before:
                        self._changed(room, id_)
                    continue
                self._numbers -= 1
                room.under_way[self._numbers] = (id_, now)
                room.link.publish(f"{room.topic}/{id_.hex()}", token, 1, self._numbers)
                room.changed.add(id_)
                if self._is_courteous(room):
                    room.paid_at = max(now, room.paid_at) + len(token) / COURTEOUS_RATE

    def _answered(self, number: int, sentence: str, now: float) -> None:
        for room in self._rooms.values():
            if number not in room.under_way:
                continue
            id_, sent_at = room.under_way.pop(number)
            if now - sent_at > SLOW_SECONDS:
                room.window = max(1.0, room.window / 2)
            else:
                room.window = min(float(room.widest), room.window + 1 / room.window)
            if sentence and (file := room.files.get(id_)):
                file.fail(StorageError(sentence))
                self._changed(room, id_)

    def _is_courteous(self, room: _Room) -> bool:
        return room.is_public if self._courtesy is None else self._courtesy

    # Telling

    def _changed(self, room: _Room, id_: bytes) -> None:
        """Something that has to be remembered is different now, and told at once."""
        room.changed.add(id_)
        room.tell_at = 0.0
        self._listen(room)
        self._remember(room)

    def _remember(self, room: _Room) -> None:
        for id_ in list(room.files)[:-REMEMBERED]:
            if not room.files[id_].listens:
                del room.files[id_]
        self._answer(FromFiles(room.name, Remember([file.kept for file in room.files.values()])))

    def _tell(self, room: _Room, now: float) -> None:
        for file in room.files.values():
            if holding := file.transfer.says(now):
                self._answer(FromFiles(room.name, holding))
        if not room.changed or now < room.tell_at:
            return
        room.tell_at = now + TOLD_SECONDS
        changed, room.changed = room.changed & room.files.keys(), set()
        for id_ in changed:
            told = room.files[id_].told(now)
            if told != room.told.get(id_):
                room.told[id_] = told
                self._show(room, told)
            if told.speed:
                room.changed.add(id_)

    def _show(self, room: _Room, event: FileChanged | FileRefused) -> None:
        self._answer(FromFiles(room.name, event))
