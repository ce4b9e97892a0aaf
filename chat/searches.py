"""Searches in one room, done a little at a time, so that they hold up nothing else. The session's thread owns them."""

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import Final

from chat.conversation import Conversation
from chat.errors import StorageError
from chat.events import Found, Message
from chat.history import History
from chat.index import Index
from chat.protocol.clock import clock_seconds
from chat.protocol.records import Record, Said
from chat.search import Query, matches, plain

HITS: Final = 200
"""Messages that a search shows at most."""
LOOKED_AT: Final = 50
"""Messages that are compared with the query in one go."""


class Searches:
    """The index of a room, and the one search that is under way."""

    def __init__(self, history: History, conversation: Conversation) -> None:
        self._history, self._conversation = history, conversation
        self._index = Index(history, conversation.read_one)
        self._search: _Search | None = None

    @property
    def busy(self) -> bool:
        """Whether `go_on` has something to do."""
        return self._search is not None or not self._index.complete

    def add(self, arrival: int | None, record: Record) -> None:
        """Take up a record that arrived under this number, if it has one (see `History.add`)."""
        self._index.add(arrival, record)

    def start(self, number: int, query: Query, names: list[tuple[bytes, str]]) -> None:
        """Begin to look for messages; an earlier search ends. `names` are all devices with the names they go by."""
        senders = [device for device, name in names if plain(name).startswith(query.sender)] if query.sender else []
        self._search = _Search(number, query, senders, self._history, self._conversation, self._index)

    def go_on(self) -> Found | None:
        """Look at some more messages, or take up some more of what the history holds."""
        if self._search is None:
            # What can't be read is not found either; that it is damaged is told when somebody wants to see it.
            with contextlib.suppress(StorageError):
                self._index.load()
            return None
        found = self._search.go_on()
        if found is not None and found.complete:
            self._search = None
        return found

    def give_up(self) -> Found | None:
        """The end of a search that the disk does not let go on."""
        search, self._search = self._search, None
        return search.give_up() if search is not None else None

    def save(self) -> None:
        """Write what the next start would have to take up again."""
        self._index.save()

    def pause(self) -> None:
        """Records are being deleted: forget them here too, and take up nothing until `resume`."""
        self._search = None
        self._index.close()

    def resume(self) -> None:
        """Nothing is being deleted any more."""
        if self._index.closed:
            self._index = Index(self._history, self._conversation.read_one)

    def close(self) -> None:
        """Give the memory back."""
        self._index.close()


class _Search:
    """`senders` are the devices of members whose names begin as the query wants."""

    def __init__(self, number: int, query: Query, senders: list[bytes], history: History, conversation: Conversation, index: Index) -> None:
        self._number, self._query = number, query
        self._history, self._conversation = history, conversation
        self._candidates = self._from_index(index.search(query, senders)) if query.words or query.sender else self._newest_first()
        self._found: dict[str, Message] = {}
        self._told = 0

    def go_on(self) -> Found | None:
        """Look at some more. What was found so far, when that is more than last time or all there is."""
        some = list(islice(self._candidates, LOOKED_AT))
        for record in some:
            message = self._conversation.message(record)
            if matches(self._query, message):
                self._found[message.key] = message
        complete = len(some) < LOOKED_AT or len(self._found) >= HITS
        if not complete and len(self._found) == self._told:
            return None
        self._told = len(self._found)
        newest = sorted(self._found.values(), key=lambda message: message.order, reverse=True)[:HITS]
        return Found(self._number, tuple(newest), complete)

    def give_up(self) -> Found:
        """The end of a search that the disk does not let go on."""
        return Found(self._number, tuple(self._found.values()), complete=True)

    def _from_index(self, arrivals: Iterator[int]) -> Iterator[Record]:
        for arrival in arrivals:
            packet = self._history.arrived(arrival)
            for record in self._conversation.read([packet] if packet else []):
                if isinstance(record.body, Said):
                    yield record
                elif record.target is not None and (packet := self._history.get(record.target)):
                    yield from self._conversation.read([packet])

    def _newest_first(self) -> Iterator[Record]:
        """All messages, for what no index can find: signs that are no words, and all since a time."""
        position: bytes | None = None
        while True:
            sealed, position = self._history.sealed_before(position, LOOKED_AT)
            for record in self._conversation.read(map(self._history.open, sealed)):
                if clock_seconds(record.clock) < self._query.since:
                    return
                yield record
            if len(sealed) < LOOKED_AT:
                return
