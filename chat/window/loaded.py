"""The part of the conversation that is loaded: its rows in their order, never more than LOADED_ROWS, wherever in it one reads."""

import bisect
from collections.abc import Iterable, Sequence
from typing import Any, Final

from chat.events import Delivery, FileChanged, Gap, Message, Page, PageKind, Supplied
from chat.previews import Preview
from chat.text import clean_line
from chat.window.rows import Order, Place, Row
from chat.words import _, digits, many

LOADED_ROWS: Final = 1500
"""Rows that are loaded at most, and as many messages behind folds."""
KEPT_ROWS: Final = LOADED_ROWS * 9 // 10
"""When there are more than LOADED_ROWS, this many stay."""
MOST_PREVIEWS: Final = 100
MOST_GAPS: Final = 200
MOST_NOTICES: Final = 100
_START: Final = (0, "", 0)


class Loaded:
    """Rows, without their looks. What belongs before or after the loaded part while there is more there is left to a page."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.more_before = False
        """Whether there is something before the first row that a page would bring."""
        self.more_after = False
        """Whether there is something after the last row that a page would bring; what arrives is then not added."""
        self._by_key: dict[str, Row] = {}
        self._folds: dict[str, Row] = {}
        """By device, the fold that takes its next messages."""
        self._others: list[Row] = []
        """Rows that no page brings: notices, gaps, the line below what was supplied. Those inside the loaded part are in `rows` too."""
        self._pending: list[Row] = []
        """Notices that belong at the end, which is not loaded yet."""
        self._numbers = 0
        self._files: dict[str, FileChanged] = {}
        """How it stood last with each file, by the key of its message; the newest last."""
        self._previews: dict[str, Preview] = {}

    # Messages

    def add(self, messages: Sequence[tuple[Message, Delivery | None]]) -> int:
        """Add what arrived or was said, each at its place; what is there already stays as it is. Gives how many messages of others are
        new inside the loaded part or after it."""
        fresh = 0
        for message, delivery in messages:
            if message.key in self._by_key:
                continue
            side = self._side(message.order)
            fresh += side >= 0 and not message.own
            if side == 0:
                bisect.insort(self.rows, self._message_row(message, delivery), key=row_place)
                self._folds.pop(message.device, None)
                if not self.more_after:
                    self._pending.clear()
        return fresh

    def show_page(self, page: Page) -> None:
        """Take a page of the kept conversation, in the place of the rows or before or after them."""
        known = self._by_key if page.kind in (PageKind.LAST, PageKind.AROUND) else {}
        if page.kind in (PageKind.LAST, PageKind.AROUND):
            self.rows, self._by_key, self._folds = [], {}, {}
            self.more_before, self.more_after = page.more_before, page.more_after
        elif page.kind is PageKind.OLDER:
            # An empty page would be asked for again for ever.
            self.more_before = page.more_before and bool(page.messages)
        else:
            self.more_after = page.more_after and bool(page.messages)
        for message, delivery in page.messages:
            if message.key not in self._by_key:
                self.rows.append(self._message_row(message, delivery, known.get(message.key)))
        self._gather()
        if self._pending and not self.more_after and self._by_key:
            for row in self._pending:
                self._place_at_end(row)
            self._others = [row for row in self._others if row not in self._pending] + self._pending
            self._pending = []
            self._gather()

    def change(self, message: Message) -> bool:
        """A message looks different now; whether it is among the rows."""
        row = self._by_key.get(message.key)
        if row is None:
            for fold in self._folds.values():
                fold.folded[:] = [message if folded.key == message.key else folded for folded in fold.folded]
            return False
        if row.place[0] != message.order:
            del self.rows[self.place_of(row)]
            row.place = (message.order, 0, message.key)
            bisect.insort(self.rows, row, key=row_place)
        row.message, row.layout = message, None
        return True

    def change_file(self, event: FileChanged) -> bool:
        """It stands otherwise with a file; whether its message is among the rows."""
        self._files.pop(event.key, None)
        self._files[event.key] = event
        if len(self._files) > LOADED_ROWS:
            del self._files[next(iter(self._files))]
        row = self._by_key.get(event.key)
        if row is not None:
            row.file, row.layout = event, None
        return row is not None

    def show_preview(self, key: str, preview: Preview) -> bool:
        """What the picture looks like that a message offers; whether it is among the rows."""
        self._previews[key] = preview
        if len(self._previews) > MOST_PREVIEWS:
            del self._previews[next(iter(self._previews))]
        row = self._by_key.get(key)
        if row is not None:
            row.preview, row.layout = preview, None
        return row is not None

    def find(self, key: str) -> Row | None:
        """The row of a message."""
        return self._by_key.get(key)

    def near(self, order: Order) -> Row | None:
        """The row of the message with this order, or else of the next one, or of the last."""
        place = bisect.bisect_left(self.rows, (order, 0, ""), key=row_place)
        below = (row for row in self.rows[place:] if row.message is not None)
        above = (row for row in reversed(self.rows[:place]) if row.message is not None)
        return next(below, None) or next(above, None)

    def ends(self) -> tuple[Order, Order] | None:
        """The orders of the first and the last message."""
        first = next((row.message for row in self.rows if row.message is not None), None)
        last = next((row.message for row in reversed(self.rows) if row.message is not None), None)
        return (first.order, last.order) if first is not None and last is not None else None

    def trim(self, reading: int) -> None:
        """Drop rows if there are too many, those that are farthest from the place where one reads."""
        if len(self.rows) <= LOADED_ROWS:
            return
        start = max(0, min(reading - KEPT_ROWS // 2, len(self.rows) - KEPT_ROWS))
        end = start + KEPT_ROWS
        self.more_before = self.more_before or start > 0
        self.more_after = self.more_after or end < len(self.rows)
        for row in (*self.rows[:start], *self.rows[end:]):
            if row.message is not None:
                del self._by_key[row.message.key]
        self.rows = self.rows[start:end]
        self._folds = {device: row for device, row in self._folds.items() if self.has(row)}
        self._gather()

    # What stands between the messages

    def add_notice(self, sentence: str) -> None:
        """Add a line about the room at the end."""
        row = self._new_row("notice", (_START, 0, ""), text=sentence)
        if self.more_after or not self._by_key:
            self._pending = [*self._pending[1 - MOST_NOTICES :], row]
        if self.more_after:
            return
        self._place_at_end(row)
        notices = [other for other in self._others if other.kind == "notice"]
        if len(notices) >= MOST_NOTICES:
            self._others.remove(notices[0])
        self._others.append(row)
        bisect.insort(self.rows, row, key=row_place)

    def set_gaps(self, gaps: Iterable[Gap]) -> None:
        """All gaps that there are now."""
        old = {(row.place, row.text): row for row in self._others if row.kind == "gap"}
        self._others = [row for row in self._others if row.kind != "gap"]
        for gap in list(gaps)[:MOST_GAPS]:
            place, text = (gap.order, -2, gap.device), _missing(gap)
            self._others.append(old.get((place, text)) or self._new_row("gap", place, text=text))
        self._gather()

    def set_supplied(self, supplied: Supplied) -> None:
        """The line below what others supplied, in the place of the one before."""
        self._others = [row for row in self._others if row.kind != "supplied"]
        text = _("Above: what was said before you came, from {names}").format(names=_listed(supplied.names))
        self._others.append(self._new_row("supplied", (supplied.order, -1, ""), text=text))
        self._gather()

    def set_new(self, after: Order | None) -> None:
        """The line above what was said after this message; None for no such line."""
        self._others = [row for row in self._others if row.kind != "new"]
        if after is not None:
            self._others.append(self._new_row("new", (after, 1, ""), text=_("New messages")))
        self._gather()

    def fold(self, device: str, name: str, count: int, messages: Sequence[Message]) -> bool:
        """Put messages that came too fast behind one line; `count` is that of the present flood. Whether this began a line, or what it
        stands for lies beyond the end."""
        if self.more_after:
            return True
        row = self._folds.get(device)
        begun = row is None or count <= len(messages) or not self.has(row)
        if row is None or begun:
            row = self._folds[device] = self._new_row("fold", (_START, 0, ""))
            self._place_at_end(row)
            bisect.insort(self.rows, row, key=row_place)
        row.folded += messages
        row.count += len(messages)
        row.text = _("{count} more from {name}").format(count=digits(row.count), name=clean_line(name, 100))
        row.layout = None
        self._trim_folds()
        return begun

    def open_fold(self, row: Row) -> None:
        """Show what a fold hides."""
        del self.rows[self.place_of(row)]
        self.add([(message, None) for message in row.folded])
        if row.count > len(row.folded):
            self.add_notice(_("{count} of them came too fast, and are not kept here.").format(count=digits(row.count - len(row.folded))))

    # Places

    def place_of(self, row: Row) -> int:
        """Where a row stands, or where it would stand if it is not there any more."""
        return bisect.bisect_left(self.rows, row.place, key=row_place)

    def has(self, row: Row) -> bool:
        """Whether a row is still there."""
        place = self.place_of(row)
        return place < len(self.rows) and self.rows[place] is row

    def _side(self, order: Order) -> int:
        """Whether a message belongs before the loaded part (-1), into it (0), or after it (1)."""
        if not self.rows:
            return 0
        if self.more_before and order < self.rows[0].place[0]:
            return -1
        return 1 if self.more_after and order > self.rows[-1].place[0] else 0

    def _message_row(self, message: Message, delivery: Delivery | None, known: Row | None = None) -> Row:
        row = known or self._new_row("message", (message.order, 0, message.key))
        if (row.message, row.delivery) != (message, delivery):
            row.layout = None
            row.reason = row.reason if delivery is row.delivery else ""
        row.file, row.preview = self._files.get(message.key), self._previews.get(message.key)
        row.message, row.delivery, row.place = message, delivery, (message.order, 0, message.key)
        self._by_key[message.key] = row
        return row

    def _new_row(self, kind: Any, place: Place, text: str = "") -> Row:
        self._numbers += 1
        return Row(self._numbers, kind, place, text)

    def _place_at_end(self, row: Row) -> None:
        """After the last row that has its order for good; messages that wait do not."""
        self._numbers += 1
        above = next((row for row in reversed(self.rows) if row.delivery is not Delivery.WAITING), None)
        row.place = (above.place[0] if above is not None else _START, self._numbers, "")

    def _gather(self) -> None:
        """Sort the rows, with those of the others that stand inside the loaded part."""
        rows = [row for row in self.rows if row.kind in ("message", "fold")]
        orders = [row.place[0] for row in rows]
        low = min(orders) if orders and self.more_before else None
        high = max(orders) if orders and self.more_after else None
        inside = (other for other in self._others if (low is None or other.place[0] >= low) and (high is None or other.place[0] <= high))
        self.rows = sorted([*rows, *inside], key=row_place)

    def _trim_folds(self) -> None:
        excess = sum(len(row.folded) for row in self.rows) - LOADED_ROWS
        for row in self.rows:
            if excess <= 0:
                return
            given = min(excess, len(row.folded))
            del row.folded[:given]
            excess -= given


def row_place(row: Row) -> Place:
    """What rows are sorted by."""
    return row.place


def _missing(gap: Gap) -> str:
    words = many("{count} message from {name} is missing", "{count} messages from {name} are missing", gap.count)
    return words.format(count=digits(gap.count), name=clean_line(gap.name, 100) or _("someone"))


def _listed(names: Sequence[str]) -> str:
    """“Ada”, “Ada and Bob”, “Ada, Bob and 3 others”."""
    shown = [clean_line(name, 60) or "?" for name in names[:2]]
    if not shown:
        return _("the others")
    if len(names) > 2:
        words = many("{first}, {second} and {count} other", "{first}, {second} and {count} others", len(names) - 2)
        return words.format(first=shown[0], second=shown[1], count=digits(len(names) - 2))
    return _("{first} and {second}").format(first=shown[0], second=shown[1]) if len(shown) > 1 else shown[0]
