"""The search index of one room: which words came here in which record.

It is made of parts, each an SQLite database in memory with one full-text table (FTS5). A part that is full goes to the history, sealed
like everything there, and comes from it when the room is entered again; the last, unfinished one is made again from the records. So a
search works right after the login, nothing of it stands readable on disk, and a word costs the same however long the history is.
"""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Final

from chat.history import History
from chat.protocol.records import Edit, Record, Reply, Text
from chat.search import Query, plain, split_terms

PART_ARRIVALS: Final = 4096
LOADED: Final = 100
"""Records that go into the unfinished part in one go when it is made again."""
_TABLE: Final = "CREATE VIRTUAL TABLE words USING fts5(text, content='', detail=none, columnsize=0, tokenize='ascii')"
"""Its tokenizer takes everything beyond ASCII for letters, so each of our terms is one token of its."""
_SENDER: Final = "device"


class Index:
    """See the module. The session's thread owns it; `read` gives the record that a packet holds, if it can be read."""

    def __init__(self, history: History, read: Callable[[bytes], Record | None]) -> None:
        self._history = history
        self._read = read
        self._unfinished = _new_part()
        self._arrivals: list[int] = []
        """What is in the unfinished part."""
        self._finished: list[sqlite3.Connection] = []
        """The newest first."""
        self._loose = history.loose()
        self._parts = history.parts()
        self._parts.reverse()

    def add(self, arrival: int | None, record: Record) -> None:
        """Take up the words of a record that arrived under this number, if it has one (see `History.add`)."""
        if not arrival or not isinstance(record.body, Text | Reply | Edit):
            return
        words = split_terms(plain(record.body.text))
        sender = f"{_SENDER}{record.device.hex()}"
        self._unfinished.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (arrival, " ".join([sender, *words])))
        self._arrivals.append(arrival)
        if len(self._arrivals) >= PART_ARRIVALS:
            self._finish()

    def load(self) -> bool:
        """Take up some of what the history holds. Says whether there is more."""
        if self._loose:
            some, self._loose = self._loose[-LOADED:], self._loose[:-LOADED]
            for arrival in reversed(some):
                packet = self._history.arrived(arrival)
                record = self._read(packet) if packet else None
                if record is not None:
                    self.add(arrival, record)
        elif self._parts and (content := self._history.part(self._parts.pop())) is not None:
            part = _connect()
            part.deserialize(content)
            self._finished.append(part)
        return bool(self._loose or self._parts)

    @property
    def complete(self) -> bool:
        """Whether all that the history holds is taken up."""
        return not self._loose and not self._parts

    def search(self, query: Query, senders: list[bytes]) -> Iterator[int]:
        """The arrivals that may be what is looked for, about newest first. `senders` are the devices that go by the wanted name; the
        query needs words or a sender. What is not taken up yet is, as the search comes to it."""
        wanted = [f'"{word}"*' for word in query.words]
        if query.sender:
            if not senders:
                return
            wanted.append("(" + " OR ".join(f'"{_SENDER}{device.hex()}"' for device in senders) + ")")
        expression = " AND ".join(wanted)
        while self._loose:
            self.load()
        yield from _matching(self._unfinished, expression)
        searched = 0
        while searched < len(self._finished) or self.load() or searched < len(self._finished):
            for part in self._finished[searched:]:
                yield from _matching(part, expression)
                searched += 1

    def close(self) -> None:
        """Give the memory back."""
        for part in (self._unfinished, *self._finished):
            part.close()

    def _finish(self) -> None:
        part, self._unfinished = self._unfinished, _new_part()
        part.execute("INSERT INTO words (words) VALUES ('optimize')")
        part.execute("VACUUM")
        self._history.add_part(self._arrivals, part.serialize())
        self._finished.insert(0, part)
        self._arrivals = []


def _matching(part: sqlite3.Connection, expression: str) -> list[int]:
    # All at once: an open cursor would keep the part from being finished.
    rows = part.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC", (expression,)).fetchall()
    return [row[0] for row in rows]


def _new_part() -> sqlite3.Connection:
    part = _connect()
    part.execute(_TABLE)
    return part


def _connect() -> sqlite3.Connection:
    part = sqlite3.connect(":memory:", isolation_level=None)
    part.execute("PRAGMA cache_size = -64")
    return part
