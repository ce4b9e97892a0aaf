"""What one device keeps of one room on disk: the records of everyone, what is still to be sent, its key, and the other devices.

A history is an SQLite file whose rows are tokens under a random database key; that key lies in the same file, sealed with a key from
the room's root. So the file opens with the passphrase alone. Whoever has only the file sees how many records there are, how long
they are, when each was written, and the first four bytes of its device's key; that is what sorts them.

SQLite's exclusive locking makes sure that two programs never use one device at a time. A second program on the same data folder
gets the next file and is a device of its own.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from chat.encryption import Cipher, RoomKeys, TokenError
from chat.errors import StorageError
from chat.protocol.memory import Chain, Peers
from chat.protocol.records import Record

DEVICES_PER_FOLDER: Final = 16
_TABLES: Final = """\
BEGIN EXCLUSIVE;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (position BLOB PRIMARY KEY, id BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (position BLOB PRIMARY KEY) WITHOUT ROWID;
COMMIT;
"""
_LARGEST_ROW: Final = 64 * 1024 * 1024
_Content = TypeVar("_Content")


class Passwords(msgspec.Struct):
    """Broker passwords by "user at place"."""

    by_user: dict[str, str] = msgspec.field(default_factory=dict)


Order = tuple[int, str, int]
"""Where a message stands in the conversation: clock, device key in hex, sequence (as in `chat.events.Message`)."""


class History:
    """An open history. It belongs to the thread that opened it. What is written counts from `commit` on, and survives anything then."""

    def __init__(self, path: Path, database: sqlite3.Connection, keys: RoomKeys) -> None:
        self._path = path
        self._database = database
        self._cipher = Cipher(keys.database)
        self._cipher = Cipher(self._load_or_make_key())
        self.chain = self._load("chain", Chain, _new_chain)
        self.peers = self._load("peers", Peers, Peers)
        self._passwords = self._load("passwords", Passwords, Passwords)
        self.commit()

    def commit(self) -> None:
        """Make everything since the last time last: not even a power cut loses it."""
        if self._database.in_transaction:
            with _sentences(self._path):
                self._database.execute("COMMIT")

    def roll_back(self) -> None:
        """Give up what was written since the last `commit`, because it can't be written."""
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    def add(self, record: Record, *, to_send: bool = False) -> bool:
        """Keep a record, and with `to_send` note that the broker does not have it. False if it is there already."""
        row = (_position(record.clock, record.device.hex(), record.sequence) + record.hash[:16], record.hash[:16])
        sealed = self._cipher.seal(record.packet, padded=False)
        added = self._execute("INSERT OR IGNORE INTO record VALUES (?, ?, ?)", (*row, sealed)).rowcount == 1
        if added and to_send:
            self._execute("INSERT INTO outbox VALUES (?)", (row[0],))
        return added

    def sent(self, record: Record) -> None:
        """The broker has a record, or will never have it."""
        position = _position(record.clock, record.device.hex(), record.sequence) + record.hash[:16]
        self._execute("DELETE FROM outbox WHERE position = ?", (position,))

    def to_send(self) -> list[bytes]:
        """The records that the broker does not have, in their order, as the packets that tokens hold."""
        rows = self._execute("SELECT sealed FROM record JOIN outbox USING (position) ORDER BY position")
        return [self._open(row[0]) for row in rows]

    def before(self, order: Order | None, count: int) -> list[bytes]:
        """The `count` records that stand last before `order` (or at the end), in their order, as packets."""
        end = _position(*order) if order is not None else b"\xff"
        rows = self._execute("SELECT sealed FROM record WHERE position < ? ORDER BY position DESC LIMIT ?", (end, count)).fetchall()
        return [self._open(row[0]) for row in reversed(rows)]

    def save_chain(self) -> None:
        """Keep the chain as it is now."""
        self._save("chain", self.chain)

    def save_peers(self) -> None:
        """Keep what is known of the other devices."""
        self._save("peers", self.peers)

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

    def _load_or_make_key(self) -> bytes:
        key = self._read("key")
        if key is None:
            key = secrets.token_bytes(32)
            self._write("key", key)
        return key

    def _load(self, name: str, shape: type[_Content], default: Callable[[], _Content]) -> _Content:
        content = self._read(name)
        if content is None:
            fresh = default()
            self._save(name, fresh)
            return fresh
        try:
            return msgspec.msgpack.decode(content, type=shape)
        except msgspec.MsgspecError:
            raise _damaged(self._path) from None

    def _save(self, name: str, content: object) -> None:
        self._write(name, msgspec.msgpack.encode(content))

    def _read(self, name: str) -> bytes | None:
        row = self._execute("SELECT sealed FROM state WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        content = self._open(row[0], padded=True)
        # The name is sealed with the content, so that swapped rows are noticed.
        prefix = name.encode() + b"\0"
        if not content.startswith(prefix):
            raise _damaged(self._path)
        return content[len(prefix) :]

    def _write(self, name: str, content: bytes) -> None:
        sealed = self._cipher.seal(name.encode() + b"\0" + content)
        self._execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, sealed))

    def _open(self, sealed: bytes, *, padded: bool = False) -> bytes:
        try:
            return self._cipher.open(sealed, _LARGEST_ROW, padded=padded)
        except TokenError:
            raise _damaged(self._path) from None

    def _execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        with _sentences(self._path):
            if not self._database.in_transaction and not statement.startswith("SELECT"):
                self._database.execute("BEGIN IMMEDIATE")
            return self._database.execute(statement, values)


def open_history(data_folder: Path, keys: RoomKeys) -> History:
    """Open the first history of this room that no other program uses, or make one. Raises `StorageError`."""
    folder = data_folder / "rooms" / keys.tag
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The folder {folder} can't be made: {error.strerror}. Choose another with --data-dir.") from None
    for number in range(1, DEVICES_PER_FOLDER + 1):
        path = folder / f"device-{number}.db"
        with _sentences(path):
            database = _open_exclusively(path)
        if database is not None:
            try:
                return History(path, database, keys)
            except BaseException:
                database.close()
                raise
    raise StorageError(f"{DEVICES_PER_FOLDER} programs use this room on this computer already. Close one of them.")


def _open_exclusively(path: Path) -> sqlite3.Connection | None:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(_TABLES)
    except sqlite3.OperationalError as error:
        database.close()
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return None
        raise
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"The file {path} can't be used: {error.strerror}.") from None
    except sqlite3.OperationalError as error:
        raise StorageError(f"The file {path} can’t be written: {error}. Free some space, or use --data-dir.") from None
    except sqlite3.DatabaseError:
        raise _damaged(path) from None


def _damaged(path: Path) -> StorageError:
    return StorageError(f"The file {path} is damaged. Move it away; this computer then joins as a new device.")


def _new_chain() -> Chain:
    return Chain(seed=secrets.token_bytes(32), client_id=secrets.token_hex(11))


def _position(clock: int, device: str, sequence: int) -> bytes:
    """The order of the conversation as bytes that sort the same way. Four bytes of a key tell devices apart well enough for that."""
    return clock.to_bytes(8, "big") + bytes.fromhex(device)[:4] + sequence.to_bytes(8, "big")
