"""What one device keeps of one room on disk: the records of everyone, what is still to be sent, its key, and the other devices.

A history is an SQLite file whose rows are tokens under a random database key; that key lies in the same file, sealed with a key from
the room's root. So the file opens with the passphrase alone. Whoever has only the file sees how many records there are, how long
they are, when each was written, the first eight bytes of its device's key, and which of them are about which.

Three tables are in the order in which they grow: `record` by the conversation's order, messages apart from the rest, `place` by device
and number, and `arrival` by the order in which words came here. So a new record costs the same however many there are. `part` holds
the parts of the search index (see `chat.index`), and `loose` the arrivals that are in none of them yet.

SQLite's exclusive locking makes sure that two programs never use one device at a time. A second program on the same data folder
gets the next file and is a device of its own.
"""

import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from chat.encryption import Cipher, RoomKeys, TokenError
from chat.errors import DamagedError, StorageError
from chat.pages import LARGEST_ROW, PAGE_BYTES, is_log_broken
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Chain, Peer, Peers
from chat.protocol.records import ID_BYTES, Edit, Record, Reference, Reply, Said, Text
from chat.protocol.spans import Span

DEVICES_PER_FOLDER: Final = 16
DEVICE_BYTES: Final = 8
"""How much of a device's key tells it from others on disk; nobody finds two keys that begin alike by chance or by trying."""
SHAPE: Final = 2
"""The number of this arrangement of tables, as SQLite's `user_version`."""
_TABLES: Final = f"""\
BEGIN EXCLUSIVE;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS peer (device BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (position BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS place (place BLOB PRIMARY KEY, position BLOB NOT NULL, arrival INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS arrival (number INTEGER PRIMARY KEY, position BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS loose (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS part (first INTEGER NOT NULL, last INTEGER NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS about (target BLOB, position BLOB, PRIMARY KEY (target, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (place BLOB PRIMARY KEY) WITHOUT ROWID;
PRAGMA user_version = {SHAPE};
COMMIT;
"""
FILL_SECONDS: Final = 60.0
"""An empty file that is older was not always empty."""
_FIRST_TABLES: Final = frozenset({"state", "peer", "record", "place", "about", "outbox"})
_FIRST_STATE: Final = frozenset({"chain", "pins", "passwords", "keep days"})
"""What every history has from its first moment."""
_NEWEST_SHAPE: Final = 1000
"""A higher number is no version but damage."""
_DAMAGE: Final = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
)
"""Operational errors that mean a file's content: what is asked of it is right, and the disk was asked only to read."""
_MESSAGE, _OTHER = b"\0", b"\1"
"""The first byte of a position: only messages are paged through."""
_CLOCK: Final = slice(1, 9)
_Content = TypeVar("_Content")


class Passwords(msgspec.Struct):
    """Broker passwords by "user at place"."""

    by_user: dict[str, str] = msgspec.field(default_factory=dict)


class Remembered(msgspec.Struct, frozen=True):
    """A room beside that of the login. `root` is what its keys are made of, so its passphrase is kept nowhere."""

    broker: str
    topic: str
    name: str
    root: bytes
    ca_file: str = ""
    certificate: str = ""
    key_file: str = ""


Order = tuple[int, str, int]
"""Where a message stands in the conversation: clock, device key in hex, sequence (as in `chat.events.Message`)."""


class History:
    """An open history. It belongs to the thread that opened it. What is written counts from `commit` on, and survives anything then."""

    def __init__(self, path: Path, database: sqlite3.Connection, keys: RoomKeys) -> None:
        self._path = path
        self._database = database
        self._fresh = False
        self._cipher = Cipher(keys.database)
        self._cipher = Cipher(self._load_or_make_key())
        self.chain = self._load("chain", Chain, _new_chain)
        self.peers = Peers(dict(self._peers()), self._load("pins", dict[str, bytes], dict))
        self._passwords = self._load("passwords", Passwords, Passwords)
        self.keep_days: int | None = self._load("keep days", int | None, _for_ever)
        """For how many days what is said is kept; None is for ever."""
        self.rooms: list[Remembered] = self._load("rooms", list[Remembered], list)
        """The rooms that are entered with this one."""
        self.read: Order = self._load("read", Order, _nothing)
        """Up to where the person has seen the conversation."""
        last = "SELECT coalesce(max(number), 0) FROM arrival UNION ALL SELECT coalesce(max(last), 0) FROM part"
        self._arrivals: int = max(row[0] for row in self._execute(last))
        self.commit()

    def commit(self) -> bool:
        """Make everything since the last time last: not even a power cut loses it. False if there was nothing."""
        if not self._database.in_transaction:
            return False
        with _sentences(self._path):
            self._database.execute("COMMIT")
        return True

    def roll_back(self, devices: Iterable[bytes]) -> None:
        """Give up what was written since the last `commit`, because it can't be written, these devices' states and the chain included.

        A chain that went on alone would leave numbers that nobody can ever fill.
        """
        if self._database.in_transaction:
            with _sentences(self._path):
                self._database.execute("ROLLBACK")
        chain = self._load("chain", Chain, _new_chain)
        for field in ("sequence", "head", "announced", "joined", "kept_from"):
            setattr(self.chain, field, getattr(chain, field))
        for device in devices:
            row = self._execute("SELECT sealed FROM peer WHERE device = ?", (device[:DEVICE_BYTES],)).fetchone()
            if row is None:
                self.peers.devices.pop(device, None)
            else:
                self.peers.devices[device] = self._decode(row[0], tuple[bytes, Peer])[1]

    # Records

    def add(self, record: Record, *, to_send: bool = False) -> int | None:
        """Keep a record, and with `to_send` note that the broker does not have it. Gives the number of its arrival if it holds words, 0
        if not, and None if it is there already."""
        place, position = _place(record.reference), _position(record)
        arrival = self._arrivals + 1 if isinstance(record.body, Text | Reply | Edit) else None
        if self._execute("INSERT OR IGNORE INTO place VALUES (?, ?, ?)", (place, position, arrival)).rowcount == 0:
            return None
        self._execute("INSERT INTO record VALUES (?, ?)", (position, self._cipher.seal(record.packet, padded=False)))
        if record.target is not None:
            self._execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (_place(record.target), position))
        if to_send:
            self._execute("INSERT INTO outbox VALUES (?)", (place,))
        if arrival is not None:
            self._arrivals = arrival
            self._execute("INSERT INTO arrival VALUES (?, ?)", (arrival, position))
            self._execute("INSERT INTO loose VALUES (?)", (arrival,))
        return arrival or 0

    def ids(self, device: bytes, sequence: int) -> list[bytes]:
        """The ids of the records that are kept under a device and a number."""
        start = _numbered(device, sequence)
        rows = self._execute("SELECT place FROM place WHERE place >= ? AND place < ?", (start, _numbered(device, sequence + 1)))
        return [row[0][-ID_BYTES:] for row in rows]

    def span(self, device: bytes, span: Span) -> list[bytes]:
        """The packets of the records with these numbers."""
        rows = self._execute(
            "SELECT sealed FROM place JOIN record USING (position) WHERE place >= ? AND place < ? ORDER BY place",
            (_numbered(device, span[0]), _numbered(device, span[1] + 1)),
        )
        return [self._open(row[0]) for row in rows]

    def get(self, reference: Reference) -> bytes | None:
        """The packet of one record, if it is kept."""
        row = self._execute("SELECT sealed FROM place JOIN record USING (position) WHERE place = ?", (_place(reference),)).fetchone()
        return None if row is None else self._open(row[0])

    def about(self, reference: Reference) -> list[bytes]:
        """The packets of the records about this one."""
        rows = self._execute("SELECT sealed FROM about JOIN record USING (position) WHERE target = ?", (_place(reference),))
        return [self._open(row[0]) for row in rows]

    def sent(self, reference: Reference) -> None:
        """The broker has a record, or will never have it."""
        self._execute("DELETE FROM outbox WHERE place = ?", (_place(reference),))

    def to_send(self) -> list[bytes]:
        """The records that the broker does not have, in their order, as the packets that tokens hold."""
        rows = self._execute("SELECT sealed FROM outbox JOIN place USING (place) JOIN record USING (position) ORDER BY place")
        return [self._open(row[0]) for row in rows]

    def before(self, order: Order | None, count: int) -> list[bytes]:
        """The `count` messages that stand last before `order` (or at the end), in their order, as packets."""
        return [self._open(sealed) for sealed in reversed(self.sealed_before(_ordered(order) if order else _OTHER, count)[0])]

    def after(self, order: Order, count: int) -> list[bytes]:
        """The `count` messages that stand first at `order` or after it, in their order, as packets."""
        rows = self._execute(
            "SELECT sealed FROM record WHERE position >= ? AND position < ? ORDER BY position LIMIT ?", (_ordered(order), _OTHER, count)
        )
        return [self._open(row[0]) for row in rows]

    def unread(self, most: int) -> int:
        """How many messages stand after the one that was seen last; `most` at most."""
        rows = self._execute(
            "SELECT count(*) FROM (SELECT 1 FROM record WHERE position > ? AND position < ? LIMIT ?)",
            (_ordered((*self.read[:2], self.read[2] + 1)), _OTHER, most),
        )
        count: int = rows.fetchone()[0]
        return count

    def sealed_before(self, position: bytes | None, count: int) -> tuple[list[bytes], bytes]:
        """The `count` messages that stand last before `position`, newest first, still sealed (see `open`), and where to go on."""
        rows = self._execute(
            "SELECT position, sealed FROM record WHERE position < ? ORDER BY position DESC LIMIT ?", (position or _OTHER, count)
        ).fetchall()
        return [row[1] for row in rows], rows[-1][0] if rows else b""

    def open(self, sealed: bytes) -> bytes:
        """The packet that a row holds."""
        return self._open(sealed)

    def drop_before(self, clock: int, count: int) -> dict[bytes, int]:
        """Delete up to `count` records that are older than a clock value and sent. Gives each device's highest number among them."""
        dropped: dict[bytes, int] = {}
        unsent = {row[0] for row in self._execute("SELECT place FROM outbox")}
        for kind in (_MESSAGE, _OTHER):
            rows = self._execute(
                "SELECT position FROM record WHERE position >= ? AND position < ? ORDER BY position LIMIT ?",
                (kind, kind + clock.to_bytes(8, "big"), count),
            ).fetchall()
            for (position,) in rows:
                place = position[_CLOCK.stop :]
                if place in unsent:
                    continue
                self._forget_words(place)
                start = place[:DEVICE_BYTES]
                dropped[start] = max(dropped.get(start, 0), int.from_bytes(place[DEVICE_BYTES:-ID_BYTES], "big"))
                self._execute("DELETE FROM record WHERE position = ?", (position,))
                self._execute("DELETE FROM place WHERE place = ?", (place,))
                self._execute("DELETE FROM about WHERE target = ?", (place,))
        return {device: dropped[device[:DEVICE_BYTES]] for device in self._devices() if device[:DEVICE_BYTES] in dropped}

    # What the search index needs

    def arrived(self, number: int) -> bytes | None:
        """The packet of the record that arrived under a number, if it is kept."""
        row = self._execute("SELECT sealed FROM arrival JOIN record USING (position) WHERE number = ?", (number,)).fetchone()
        return None if row is None else self._open(row[0])

    def loose(self) -> list[int]:
        """The arrivals that are in no part of the index, in their order."""
        return [row[0] for row in self._execute("SELECT number FROM loose ORDER BY number")]

    def parts(self) -> list[int]:
        """Numbers that `part` takes, those of the newest parts first."""
        return [row[0] for row in self._execute("SELECT rowid FROM part ORDER BY last DESC")]

    def part(self, number: int) -> bytes | None:
        """One part of the index, if it is still there."""
        row = self._execute("SELECT sealed FROM part WHERE rowid = ?", (number,)).fetchone()
        return None if row is None else self._open(row[0])

    def add_part(self, arrivals: list[int], content: bytes) -> None:
        """Keep a part of the index, which holds these arrivals."""
        self._execute("INSERT INTO part VALUES (?, ?, ?)", (min(arrivals), max(arrivals), self._cipher.seal(content, padded=False)))
        for arrival in arrivals:
            self._execute("DELETE FROM loose WHERE number = ?", (arrival,))

    def _forget_words(self, place: bytes) -> None:
        """Take a record out of the index: its part goes, and what else was in that is loose again."""
        (arrival,) = self._execute("SELECT arrival FROM place WHERE place = ?", (place,)).fetchone() or (None,)
        if arrival is None:
            return
        self._execute("DELETE FROM arrival WHERE number = ?", (arrival,))
        self._execute("DELETE FROM loose WHERE number = ?", (arrival,))
        parts = self._execute("SELECT rowid, first, last FROM part WHERE first <= ?1 AND last >= ?1", (arrival,)).fetchall()
        for part, first, last in parts:
            self._execute("DELETE FROM part WHERE rowid = ?", (part,))
            self._execute("INSERT OR IGNORE INTO loose SELECT number FROM arrival WHERE number BETWEEN ? AND ?", (first, last))

    # State

    def save_chain(self) -> None:
        """Keep the chain as it is now."""
        self._save("chain", self.chain)

    def save_peers(self, devices: Iterable[bytes]) -> None:
        """Keep what is known of these devices."""
        for device in devices:
            peer = self.peers.devices.get(device)
            if peer is None:
                self._execute("DELETE FROM peer WHERE device = ?", (device[:DEVICE_BYTES],))
            else:
                sealed = self._cipher.seal(msgspec.msgpack.encode((device, peer)), padded=False)
                self._execute("INSERT OR REPLACE INTO peer VALUES (?, ?)", (device[:DEVICE_BYTES], sealed))

    def save_pins(self) -> None:
        """Keep which name is pinned to whom."""
        self._save("pins", self.peers.pins)

    def keep_for(self, days: int | None) -> None:
        """Change `keep_days`; `drop_before` does the deleting."""
        self.keep_days = days
        self._save("keep days", days)

    def remember(self, rooms: list[Remembered]) -> None:
        """Change `rooms`."""
        self.rooms = rooms
        self._save("rooms", rooms)

    def mark_read(self, order: Order) -> None:
        """Change `read`."""
        self.read = order
        self._save("read", order)

    def start_anew(self, own: bytes) -> None:
        """Become a new device, because the old one, with this public key, has said more than is known here."""
        old = self.chain
        self.peers.devices[own] = Peer(name=old.announced, seen=[(1, old.sequence)] if old.sequence else [], kept_from=old.kept_from)
        self.chain = _new_chain()
        self.chain.former = [*old.former, own]
        self.chain.joined, self.chain.suppliers, self.chain.clock = old.joined, old.suppliers, old.clock
        self.peers.pins = {name: device for name, device in self.peers.pins.items() if device != own}
        self.save_chain()
        self.save_peers([own])
        self.save_pins()

    def copy_state(self, contents: dict[str, bytes]) -> None:
        """Take over the state of another history, as its rows hold it; it counts from the next opening on."""
        for name, content in contents.items():
            self._write(name, content)

    def password(self, user: str, place: str) -> str:
        """The password kept for a user of a broker, "" if none is."""
        return self._passwords.by_user.get(f"{user} at {place}", "")

    def keep_password(self, user: str, place: str, password: str) -> None:
        """Keep a password, or forget it when it is empty."""
        if password:
            self._passwords.by_user[f"{user} at {place}"] = password
        else:
            self._passwords.by_user.pop(f"{user} at {place}", None)
        self._save("passwords", self._passwords)
        self.commit()

    def close(self) -> None:
        """Release the file for other programs."""
        self._database.close()

    def _devices(self) -> list[bytes]:
        return [DeviceKey(self.chain.seed).public, *self.peers.devices]

    def _peers(self) -> Iterator[tuple[bytes, Peer]]:
        for (sealed,) in self._execute("SELECT sealed FROM peer"):
            yield self._decode(sealed, tuple[bytes, Peer])

    def _load_or_make_key(self) -> bytes:
        key = self._read("key")
        if key is None:
            if self._execute("SELECT 1 FROM state UNION ALL SELECT 1 FROM peer UNION ALL SELECT 1 FROM record LIMIT 1").fetchone():
                raise _damaged(self._path)
            self._fresh = True
            key = secrets.token_bytes(32)
            self._write("key", key)
        return key

    def _load(self, name: str, shape: Any, default: Callable[[], _Content]) -> _Content:
        content = self._read(name)
        if content is None:
            if name in _FIRST_STATE and not self._fresh:
                raise _damaged(self._path)
            fresh = default()
            self._save(name, fresh)
            return fresh
        try:
            decoded: _Content = msgspec.msgpack.decode(content, type=shape)
        except msgspec.MsgspecError:
            raise _damaged(self._path) from None
        return decoded

    def _decode(self, sealed: bytes, shape: type[_Content]) -> _Content:
        try:
            return msgspec.msgpack.decode(self._open(sealed), type=shape)
        except msgspec.MsgspecError:
            raise _damaged(self._path) from None

    def _save(self, name: str, content: object) -> None:
        self._write(name, msgspec.msgpack.encode(content))

    def _read(self, name: str) -> bytes | None:
        row = self._execute("SELECT sealed FROM state WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        content = unwrap_state(name, self._open(row[0], padded=True))
        if content is None:
            raise _damaged(self._path)
        return content

    def _write(self, name: str, content: bytes) -> None:
        sealed = self._cipher.seal(name.encode() + b"\0" + content)
        self._execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, sealed))

    def _open(self, sealed: bytes, *, padded: bool = False) -> bytes:
        if not isinstance(sealed, bytes):
            raise _damaged(self._path)
        try:
            return self._cipher.open(sealed, LARGEST_ROW, padded=padded)
        except TokenError:
            raise _damaged(self._path) from None

    def _execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        with _sentences(self._path):
            if not self._database.in_transaction and not statement.startswith("SELECT"):
                self._database.execute("BEGIN IMMEDIATE")
            cursor = self._database.cursor(_Cursor)
            cursor.path = self._path
            return cursor.execute(statement, values)


class _Cursor(sqlite3.Cursor):
    """Rows whose reading ends in a sentence as well when the file turns out to be damaged."""

    path: Path

    def fetchone(self) -> Any:
        with _sentences(self.path):
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with _sentences(self.path):
            return super().fetchall()

    def __next__(self) -> Any:
        with _sentences(self.path):
            return super().__next__()


def open_history(data_folder: Path, keys: RoomKeys) -> History:
    """Open the first history of this room that no other program uses, or make one. Raises `StorageError`.

    `DamagedError` names the file that is damaged; see `chat.salvage`.
    """
    folder = room_folder(data_folder, keys)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The folder {folder} can't be made: {error.strerror}. Choose another with --data-dir.") from None
    for number in range(1, DEVICES_PER_FOLDER + 1):
        history = open_file(folder / f"device-{number}.db", keys)
        if history is not None:
            return history
    raise StorageError(f"{DEVICES_PER_FOLDER} programs use this room on this computer already. Close one of them.")


def open_file(path: Path, keys: RoomKeys) -> History | None:
    """Open or make the history in one file, None if another program uses it. Raises `StorageError`."""
    with _sentences(path):
        database = open_exclusively(path)
    if database is None:
        return None
    try:
        return History(path, database, keys)
    except BaseException:
        database.close()
        raise


def damage_mark(path: Path) -> Path:
    """A file that stands beside a history's once damage was found in it, so that it is salvaged when it is opened next."""
    return path.with_name(f"{path.name}.salvage")


def unwrap_state(name: str, content: bytes) -> bytes | None:
    """What a row of state holds. Its name is sealed with it, so that swapped rows are noticed: then it is None."""
    prefix = name.encode() + b"\0"
    return content[len(prefix) :] if content.startswith(prefix) else None


def delete_room(data_folder: Path, keys: RoomKeys) -> tuple[int, int]:
    """Delete what is kept of a room. Gives the number of records deleted, and of histories that other programs use and that stay."""
    deleted = in_use = 0
    for path in sorted(room_folder(data_folder, keys).glob("device-*.db")):
        with suppress(DamagedError), _sentences(path):
            database = open_exclusively(path)
            if database is None:
                in_use += 1
                continue
            with closing(database):
                deleted += database.execute("SELECT count(*) FROM place").fetchone()[0]
        with _sentences(path):
            for file in path.parent.glob(f"{path.name}*"):
                file.unlink()
    return deleted, in_use


def room_folder(data_folder: Path, keys: RoomKeys) -> Path:
    """Where everything of a room is kept."""
    return data_folder / "rooms" / keys.tag


def open_exclusively(path: Path) -> sqlite3.Connection | None:
    """Open a history's file, or None if another program uses it. Raises what SQLite raises."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    broken = _keep_broken_log(path) or _is_emptied(path) or damage_mark(path).exists()
    database = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        # What is deleted is to be gone, also for somebody who knows the passphrase.
        database.execute("PRAGMA secure_delete = ON")
        _check_shape(path, database, broken)
        database.executescript(_TABLES)
    except sqlite3.OperationalError as error:
        database.close()
        if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            # What looked broken was only being written.
            kept_log(path).unlink(missing_ok=True)
            return None
        raise
    except BaseException:
        database.close()
        raise
    return database


def kept_log(path: Path) -> Path:
    """The copy of a write-ahead log that SQLite would not have read to its end."""
    return path.with_name(f"{path.name}.log")


def _keep_broken_log(path: Path) -> bool:
    """Copy the write-ahead log if SQLite would pass over part of it, because it deletes the log when it closes the file."""
    log = path.with_name(f"{path.name}-wal")
    passed_over = log.exists() and (path.stat().st_size == 0 < log.stat().st_size or is_log_broken(log))
    if passed_over:
        shutil.copyfile(log, kept_log(path))
    return passed_over


def _is_emptied(path: Path) -> bool:
    """Whether the file is empty though no program can be just about to fill it."""
    status = path.stat()
    return status.st_size == 0 and time.time() - status.st_mtime > FILL_SECONDS


def _check_shape(path: Path, database: sqlite3.Connection, broken: bool) -> None:
    shape = database.execute("PRAGMA user_version").fetchone()[0]
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
    if broken or not 0 <= shape <= _NEWEST_SHAPE or (tables and not tables >= _FIRST_TABLES):
        raise _damaged(path)
    if shape > SHAPE:
        raise StorageError(f"The file {path} was made by a newer version of this program. Use that one, or another --data-dir.")
    if shape < SHAPE and database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StorageError(f"The file {path} was made by an early version of this program. Move it away; others still have what was said.")


def _code(error: sqlite3.Error) -> int:
    # Python's own complaint that a text is not UTF-8 comes without a code.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"The file {path} can't be used: {error.strerror}.") from None
    except sqlite3.OperationalError as error:
        if _code(error) in _DAMAGE:
            raise _damaged(path) from None
        raise StorageError(f"The file {path} can’t be written: {error}. Free some space, or use --data-dir.") from None
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.DatabaseError:
        raise _damaged(path) from None


def _damaged(path: Path) -> DamagedError:
    with suppress(OSError):
        damage_mark(path).touch(mode=0o600)
    return DamagedError(path, f"The file {path} is damaged. Leave the room and join it again: what can be read is saved then.")


def _for_ever() -> int | None:
    return None


def _nothing() -> Order:
    return (0, "", 0)


def _new_chain() -> Chain:
    return Chain(seed=secrets.token_bytes(32), client_id=secrets.token_hex(11))


def _numbered(device: bytes, sequence: int) -> bytes:
    return device[:DEVICE_BYTES] + sequence.to_bytes(8, "big")


def _place(reference: Reference) -> bytes:
    """A record by device and number, as bytes that sort the same way."""
    return _numbered(reference.device, reference.sequence) + reference.id


def _position(record: Record) -> bytes:
    """A record in the order of the conversation, as bytes that sort the same way; it ends with its place."""
    kind = _MESSAGE if isinstance(record.body, Said) else _OTHER
    return kind + record.clock.to_bytes(8, "big") + _place(record.reference)


def _ordered(order: Order) -> bytes:
    clock, device, sequence = order
    return _MESSAGE + clock.to_bytes(8, "big") + _numbered(bytes.fromhex(device), sequence)
