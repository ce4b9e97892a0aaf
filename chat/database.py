"""The SQLite file of a history: opened by one program at a time, checked for damage, with sentences for whatever goes wrong.

Nothing here knows what the rows mean.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from chat.causes import cause
from chat.errors import DamagedError, StorageError
from chat.pages import PAGE_BYTES, is_log_broken
from chat.words import _

SHAPE: Final = 3
"""The number of this arrangement of tables, as SQLite's `user_version`."""
_TABLES: Final = f"""\
BEGIN EXCLUSIVE;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS peer (device BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (position BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS place (place BLOB PRIMARY KEY, position BLOB NOT NULL, arrival INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS arrival (number INTEGER PRIMARY KEY, position BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS loose (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS part (first INTEGER, last INTEGER, count INTEGER, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS about (target BLOB, position BLOB, PRIMARY KEY (target, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (place BLOB PRIMARY KEY) WITHOUT ROWID;
PRAGMA user_version = {SHAPE};
COMMIT;
"""
FILL_SECONDS: Final = 60.0
"""An empty file that is older was not always empty."""
_FIRST_TABLES: Final = frozenset({"state", "peer", "record", "place", "about", "outbox"})
_NEWEST_SHAPE: Final = 1000
"""A higher number is no version but damage."""
_DAMAGE: Final = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
)
"""Operational errors that mean a file's content: what is asked of it is right, and the disk was asked only to read."""


class Database:
    """An open file. Everything in it raises `StorageError`, and `DamagedError` when the file holds what was not written there."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @property
    def in_transaction(self) -> bool:
        """Whether something was written that does not last yet."""
        return self._connection.in_transaction

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Carry out a statement; what is written lasts from `commit` on."""
        try:
            if not statement.startswith("SELECT") and not self._connection.in_transaction:
                self._connection.execute("BEGIN IMMEDIATE")
            cursor = self._connection.cursor(_Cursor)
            cursor.path = self.path
            return cursor.execute(statement, values)
        except (OSError, sqlite3.Error) as error:
            raise _for_people(self.path, error) from None

    def commit(self) -> bool:
        """Make everything since the last time last: not even a power cut loses it. False if there was nothing."""
        if not self.in_transaction:
            return False
        with sentences(self.path):
            self._connection.execute("COMMIT")
        return True

    def roll_back(self) -> None:
        """Give up what was written since the last `commit`."""
        if self.in_transaction:
            with sentences(self.path):
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Release the file for other programs."""
        self._connection.close()


class _Cursor(sqlite3.Cursor):
    """Rows whose reading ends in a sentence as well when the file turns out to be damaged."""

    path: Path

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except (OSError, sqlite3.Error) as error:
            raise _for_people(self.path, error) from None

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except (OSError, sqlite3.Error) as error:
            raise _for_people(self.path, error) from None

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except (OSError, sqlite3.Error) as error:
            raise _for_people(self.path, error) from None


def open_database(path: Path) -> Database | None:
    """Open or make a file, None if another program uses it. Raises `StorageError`."""
    with sentences(path):
        connection = _open_exclusively(path)
    return None if connection is None else Database(path, connection)


def _open_exclusively(path: Path) -> sqlite3.Connection | None:
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
        raise damaged(path)
    if shape > SHAPE:
        raise StorageError(
            _("The file {path} is from a newer version of this program. Use that version, or another --data-dir.").format(path=path)
        )
    if shape < SHAPE and database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StorageError(
            _("The file {path} is from an early version of this program. Move it away; the others still have what was said.").format(
                path=path
            )
        )


def _code(error: sqlite3.Error) -> int:
    # Python's own complaint that a text is not UTF-8 comes without a code.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into errors that a person understands."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise _for_people(path, error) from None


def _for_people(path: Path, error: OSError | sqlite3.Error) -> Exception:
    """The error that says what another one means; a mistake in this program stays what it is."""
    if isinstance(error, OSError):
        return StorageError(_("The file {path} can’t be used: {cause}.").format(path=path, cause=cause(error)))
    if isinstance(error, sqlite3.OperationalError) and _code(error) not in _DAMAGE:
        return StorageError(
            _("The file {path} can’t be written: {cause}. Free some space, or use --data-dir.").format(path=path, cause=cause(error))
        )
    is_mistake = isinstance(error, sqlite3.ProgrammingError) or not isinstance(error, sqlite3.DatabaseError)
    return error if is_mistake else damaged(path)


def damaged(path: Path) -> DamagedError:
    """The error for a file that holds what was not written there; it leaves a mark for the next start."""
    with suppress(OSError):
        damage_mark(path).touch(mode=0o600)
    return DamagedError(
        path, _("The file {path} is damaged. Leave the room and join it again; that saves what can be read.").format(path=path)
    )


def damage_mark(path: Path) -> Path:
    """A file that stands beside a history's once damage was found in it, so that it is salvaged when it is opened next."""
    return path.with_name(f"{path.name}.salvage")
