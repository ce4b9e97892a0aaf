"""What one device keeps of one room on disk: its key and place in the room, the other devices, and broker passwords.

A store is an SQLite file whose rows are tokens under a random database key; that key lies in the same file, sealed with a key from
the room's root. So the file opens with the passphrase alone, and tells whoever has only the file how large it is and no more.

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

DEVICES_PER_FOLDER: Final = 16
_LARGEST_ROW: Final = 64 * 1024 * 1024
_Content = TypeVar("_Content")


class Passwords(msgspec.Struct):
    """Broker passwords by "user at place"."""

    by_user: dict[str, str] = msgspec.field(default_factory=dict)


class DeviceStore:
    """An open store. It belongs to the thread that opened it."""

    def __init__(self, path: Path, database: sqlite3.Connection, keys: RoomKeys) -> None:
        self._path = path
        self._database = database
        self._cipher = Cipher(keys.database)
        self._cipher = Cipher(self._load_or_make_key())
        self.chain = self._load("chain", Chain, _new_chain)
        self.peers = self._load("peers", Peers, Peers)
        self._passwords = self._load("passwords", Passwords, Passwords)

    def save_chain(self) -> None:
        """Store the chain for good; when this returns, not even a power cut loses it."""
        self._save("chain", self.chain)

    def save_peers(self) -> None:
        """Store what is known of the other devices."""
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
        with _sentences(self._path):
            row = self._database.execute("SELECT sealed FROM state WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        try:
            content = self._cipher.open(row[0], _LARGEST_ROW)
        except TokenError:
            raise _damaged(self._path) from None
        # The name is sealed with the content, so that swapped rows are noticed.
        prefix = name.encode() + b"\0"
        if not content.startswith(prefix):
            raise _damaged(self._path)
        return content[len(prefix) :]

    def _write(self, name: str, content: bytes) -> None:
        sealed = self._cipher.seal(name.encode() + b"\0" + content)
        with _sentences(self._path):
            self._database.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, sealed))


def open_store(data_folder: Path, keys: RoomKeys) -> DeviceStore:
    """Open the first store of this room that no other program uses, or make one. Raises `StorageError`."""
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
                return DeviceStore(path, database, keys)
            except BaseException:
                database.close()
                raise
    raise StorageError(f"{DEVICES_PER_FOLDER} programs use this room on this computer already. Close one of them.")


def _open_exclusively(path: Path) -> sqlite3.Connection | None:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN EXCLUSIVE")
        database.execute("CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID")
        database.execute("COMMIT")
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
