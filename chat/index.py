"""The search index of one room: which words came here in which record.

It is made of parts, each an SQLite database in memory with one full-text table (FTS5). Parts go to the history, sealed like everything
there, and come from it when the room is entered again; the newest is written again as it grows. So a search works right after the login,
nothing of it stands readable on disk, and a word costs the same however long the history is.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from chat.history import History
from chat.protocol.records import Record
from chat.search import Query, plain, split_terms

PART_ARRIVALS: Final = 4096
SAVED_AFTER: Final = 200
"""After so many new arrivals the newest part is written again. If the program is killed, that many are read again at the next login."""
LOADED: Final = 50
"""Records that are taken up in one go when the room is entered."""
_TABLE: Final = "CREATE VIRTUAL TABLE words USING fts5(text, content='', detail=none, columnsize=0, tokenize='ascii')"
"""Its tokenizer takes everything beyond ASCII for letters, so each of our terms is one token of its."""
_SENDER: Final = "→"
"""Begins the term of a sender, and no word that anyone types."""


@dataclass(slots=True)
class _Part:
    """One part, and which row of the history holds it."""

    database: sqlite3.Connection
    row: int | None = None
    count: int = 0
    first: int = 0
    last: int = 0
    unsaved: list[int] = field(default_factory=list)
    """The arrivals that the row does not have."""


class Index:
    """See the module. The session's thread owns it; `read` gives the record that a packet holds, if it can be read."""

    def __init__(self, history: History, read: Callable[[bytes], Record | None]) -> None:
        self._history = history
        self._read = read
        self._newest = _new_part()
        self._full: list[_Part] = []
        """The newest first."""
        self.closed = False
        self._loose = history.loose()
        self._parts = history.parts()
        self._parts.reverse()
        if self._parts and history.part_size(self._parts[-1]) < PART_ARRIVALS:
            self._newest = self._stored(self._parts.pop()) or self._newest

    @property
    def complete(self) -> bool:
        """Whether all that the history holds is taken up."""
        return not self._loose and not self._parts

    def add(self, arrival: int | None, record: Record) -> None:
        """Take up the words of a record that arrived under this number, if it has one (see `History.add`)."""
        if self.closed or not arrival or record.text is None:
            return
        words = split_terms(plain(record.text))
        sender = f"{_SENDER}{record.device.hex()}"
        part = self._newest
        part.database.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (arrival, " ".join([sender, *words])))
        part.first, part.last = min(part.first or arrival, arrival), max(part.last, arrival)
        part.count += 1
        part.unsaved.append(arrival)
        if part.count >= PART_ARRIVALS:
            part.database.execute("INSERT INTO words (words) VALUES ('optimize')")
            part.database.execute("VACUUM")
            self.save()
            self._full.insert(0, part)
            self._newest = _new_part()
        elif len(part.unsaved) >= SAVED_AFTER:
            self.save()

    def save(self) -> None:
        """Write the newest part to the history."""
        part = self._newest
        if part.unsaved and not self.closed:
            content = part.database.serialize()
            part.row = self._history.put_part(part.row, (part.first, part.last, part.count), content, part.unsaved)
            part.unsaved = []

    def load(self) -> bool:
        """Take up some of what the history holds. Says whether there is more."""
        if self._loose:
            some, self._loose = self._loose[-LOADED:], self._loose[:-LOADED]
            for arrival in reversed(some):
                packet = self._history.arrived(arrival)
                record = self._read(packet) if packet else None
                if record is not None:
                    self.add(arrival, record)
        elif self._parts and (part := self._stored(self._parts.pop())) is not None:
            self._full.append(part)
        return not self.complete

    def search(self, query: Query, senders: list[bytes]) -> Iterator[int]:
        """The arrivals that may be what is looked for, about newest first. `senders` are the devices that go by the wanted name; the
        query needs words or a sender. What is not taken up yet is, as the search comes to it."""
        if self.closed:
            return
        wanted = [f'"{word}"*' for word in query.words]
        if query.sender:
            if not senders:
                return
            wanted.append("(" + " OR ".join(f'"{_SENDER}{device.hex()}"' for device in senders) + ")")
        expression = " AND ".join(wanted)
        while self._loose:
            self.load()
        yield from _matching(self._newest, expression)
        searched = 0
        while searched < len(self._full) or self.load() or searched < len(self._full):
            for part in self._full[searched:]:
                yield from _matching(part, expression)
                searched += 1

    def close(self) -> None:
        """Give the memory back, and take up nothing more. What was not saved is taken up by the next index."""
        self.closed = True
        self._loose, self._parts = [], []
        for part in (self._newest, *self._full):
            part.database.close()

    def _stored(self, row: int) -> _Part | None:
        kept = self._history.part(row)
        if kept is None:
            return None
        (first, last, count), content = kept
        part = _Part(_connect(), row, count, first, last)
        part.database.deserialize(content)
        return part


def _matching(part: _Part, expression: str) -> list[int]:
    # All at once: an open cursor would keep the part from being written.
    rows = part.database.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC", (expression,)).fetchall()
    return [row[0] for row in rows]


def _new_part() -> _Part:
    part = _Part(_connect())
    part.database.execute(_TABLE)
    return part


def _connect() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("PRAGMA cache_size = -64")
    return database
