"""The conversation as people see it: what the history keeps of it, with what was said about each message. The session's thread owns it."""

import contextlib
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from chat.events import Message, PageKind
from chat.history import History, Order
from chat.moment import now
from chat.protocol.faults import PacketError
from chat.protocol.records import Record, Reference, Reply, Said
from chat.protocol.room import Room

PAGE: Final = 100
"""Messages that are read from disk at once,"""
FIRST_PAGE: Final = 50
"""and so many when a room is opened, which has to be quick."""
REMEMBERED: Final = 10_000
"""Messages that a command can name by their keys: those that were shown last."""
RENAMED: Final = 500
"""Of so many messages that were shown last, those of a member who turns out to have another name are shown anew."""


class Conversation:
    """See the module. Everything in it raises `StorageError` when the history can't be read."""

    def __init__(self, history: History, room: Room) -> None:
        self._history, self._room = history, room
        self._known: OrderedDict[str, Reference] = OrderedDict()

    def reference(self, key: str) -> Reference | None:
        """The message with this key, if it was shown not long ago."""
        return self._known.get(key)

    def recent(self, devices: Collection[bytes]) -> set[Reference]:
        """Of the messages that were shown last, those of these devices."""
        return {reference for reference in list(self._known.values())[-RENAMED:] if reference.device in devices}

    def read(self, packets: Iterable[bytes]) -> list[Record]:
        """Records that were kept. What a newer version of this program kept is left for it."""
        found = []
        for packet in packets:
            with contextlib.suppress(PacketError):
                found.append(self._room.read(packet))
        return found

    def read_one(self, packet: bytes) -> Record | None:
        """One record that was kept, None if it is for a newer version."""
        return next(iter(self.read([packet])), None)

    def message(self, record: Record) -> Message:
        """A message as it is now."""
        self._remember(record.reference)
        quoted = None
        if isinstance(record.body, Reply) and (packet := self._history.get(record.body.target)):
            # A device may claim to answer what is no message.
            for original in (found for found in self.read([packet]) if isinstance(found.body, Said)):
                quoted = (original, self.read(self._history.about(original.reference)))
        about = self._history.about(record.reference) if self._history.is_mentioned(record.reference) else []
        return self._room.message(record, self.read(about), quoted, now())

    def look(self, reference: Reference) -> Message | None:
        """A message as it is now, None if it is not here or no message."""
        packet = self._history.get(reference)
        for record in self.read([packet] if packet else []):
            if isinstance(record.body, Said):
                return self.message(record)
        return None

    def complete(self, message: Message) -> tuple[Message, Reference | None]:
        """A new message with what was said about it before it arrived, and what to pass to `changes` if something was."""
        reference = Reference(bytes.fromhex(message.device), message.order[2], bytes.fromhex(message.key))
        self._remember(reference)
        if message.reply is None and not self._history.is_mentioned(reference):
            return message, None
        return self.look(reference) or message, reference

    def changes(self, target: Reference, *, itself: bool) -> Iterator[Message]:
        """How a message looks now, if `itself` is to be shown and is here, and what answers it."""
        if itself and (message := self.look(target)):
            yield message
        for reply in self.read(self._history.replies(target)):
            yield self.message(reply)

    def page(self, kind: PageKind, order: Order | None) -> tuple[list[Record], bool, bool]:
        """A part of the conversation, and whether there is more of it before and after."""
        before: list[bytes] = []
        after: list[bytes] = []
        half = {PageKind.AROUND: PAGE // 2, PageKind.LAST: min(FIRST_PAGE, PAGE)}.get(kind, PAGE)
        if kind is not PageKind.NEWER:
            before = self._history.before(order, half + 1)
        if kind in (PageKind.NEWER, PageKind.AROUND) and order is not None:
            following = (*order[:2], order[2] + (kind is PageKind.NEWER))
            after = self._history.after(following, half + 1)
        more_before = len(before) > half or kind is PageKind.NEWER
        more_after = len(after) > half or kind is PageKind.OLDER
        return self.read((*before[-half:], *after[:half])), more_before, more_after

    def _remember(self, reference: Reference) -> None:
        self._known[reference.key] = reference
        self._known.move_to_end(reference.key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
