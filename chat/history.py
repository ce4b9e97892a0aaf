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

import secrets
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import msgspec

from chat.causes import cause
from chat.database import Database, open_database, sentences
from chat.encryption import RoomKeys
from chat.errors import DamagedError, StorageError
from chat.kept_file import Kept
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Chain, Peer, Peers
from chat.protocol.records import ID_BYTES, Edit, Record, Reference, Retract, Said
from chat.protocol.spans import Span
from chat.state import State
from chat.words import _

DEVICES_PER_FOLDER: Final = 16
DEVICE_BYTES: Final = 8
"""How much of a device's key tells it from others on disk; nobody finds two keys that begin alike by chance or by trying."""
CHANGES: Final = 50
"""How many changes of a message, of those that its device made last,"""
REACTIONS: Final = 1000
"""and how many reactions to it, of those that were made last, decide how it is shown: nobody can make looking at one endless."""
REPLIES: Final = 100
"""Replies to one message that are shown anew when it changes."""
_MESSAGE, _CHANGE, _OTHER, _END = b"\0", b"\1", b"\2", b"\3"
"""The first byte of a position: only messages are paged through, and what changes one is apart from what everyone may say about it."""
_CLOCK: Final = slice(1, 9)


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

    def __init__(self, database: Database, keys: RoomKeys) -> None:
        self._database = database
        self._state = State(database, keys)
        self.chain = self._state.load("chain", Chain, _new_chain)
        self.peers = Peers(dict(self._peers()), self._state.load("pins", dict[str, bytes], dict))
        self._passwords = self._state.load("passwords", Passwords, Passwords)
        self.keep_days: int | None = self._state.load("keep days", int | None, _for_ever)
        """For how many days what is said is kept; None is for ever."""
        self.muted: bool = self._state.load("muted", bool, bool)
        """Whether to keep quiet about what is said."""
        self.rooms: list[Remembered] = self._state.load("rooms", list[Remembered], list)
        """The rooms that are entered with this one."""
        self.files: list[Kept] = self._state.load("files", list[Kept], list)
        """The files that were offered here or elsewhere, as far as somebody decided about them."""
        self.read: Order = self._state.load("read", Order, _nothing)
        """Up to where the person has seen the conversation."""
        last = "SELECT coalesce(max(number), 0) FROM arrival UNION ALL SELECT coalesce(max(last), 0) FROM part"
        self._arrivals: int = max(row[0] for row in self._database.execute(last))
        self.commit()

    def commit(self) -> bool:
        """As `Database.commit`."""
        return self._database.commit()

    def roll_back(self, devices: Iterable[bytes]) -> None:
        """Give up what was written since the last `commit`, because it can't be written, these devices' states and the chain included.

        A chain that went on alone would leave numbers that nobody can ever fill.
        """
        self._database.roll_back()
        chain = self._state.load("chain", Chain, _new_chain)
        for field in ("sequence", "head", "announced", "joined", "kept_from"):
            setattr(self.chain, field, getattr(chain, field))
        for device in devices:
            row = self._database.execute("SELECT sealed FROM peer WHERE device = ?", (device[:DEVICE_BYTES],)).fetchone()
            if row is None:
                self.peers.devices.pop(device, None)
            else:
                self.peers.devices[device] = self._state.decode(row[0], tuple[bytes, Peer])[1]

    # Records

    def add(self, record: Record, *, to_send: bool = False) -> int | None:
        """Keep a record, and with `to_send` note that the broker does not have it. Gives the number of its arrival if it holds words, 0
        if not, and None if it is there already."""
        place, position = _place(record.reference), _position(record)
        arrival = self._arrivals + 1 if record.text is not None else None
        if self._database.execute("INSERT OR IGNORE INTO place VALUES (?, ?, ?)", (place, position, arrival)).rowcount == 0:
            return None
        self._database.execute("INSERT INTO record VALUES (?, ?)", (position, self._state.cipher.seal(record.packet, padded=False)))
        if record.target is not None:
            self._database.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (_place(record.target), position))
        if to_send:
            self._database.execute("INSERT INTO outbox VALUES (?)", (place,))
        if arrival is not None:
            self._arrivals = arrival
            self._database.execute("INSERT INTO arrival VALUES (?, ?)", (arrival, position))
            self._database.execute("INSERT INTO loose VALUES (?)", (arrival,))
        return arrival or 0

    def ids(self, device: bytes, sequence: int) -> list[bytes]:
        """The ids of the records that are kept under a device and a number."""
        start = _numbered(device, sequence)
        rows = self._database.execute("SELECT place FROM place WHERE place >= ? AND place < ?", (start, _numbered(device, sequence + 1)))
        return [row[0][-ID_BYTES:] for row in rows]

    def span(self, device: bytes, span: Span) -> list[bytes]:
        """The packets of the records with these numbers."""
        rows = self._database.execute(
            "SELECT sealed FROM place JOIN record USING (position) WHERE place >= ? AND place < ? ORDER BY place",
            (_numbered(device, span[0]), _numbered(device, span[1] + 1)),
        )
        return [self._state.open(row[0]) for row in rows]

    def get(self, reference: Reference) -> bytes | None:
        """The packet of one record, if it is kept."""
        row = self._database.execute(
            "SELECT sealed FROM place JOIN record USING (position) WHERE place = ?", (_place(reference),)
        ).fetchone()
        return None if row is None else self._state.open(row[0])

    def about(self, reference: Reference) -> list[bytes]:
        """The packets of the records that say how a message is shown now: its device's last changes and everyone's last reactions."""
        changes = self._about(reference, (_CHANGE, _OTHER), CHANGES, reference.device[:DEVICE_BYTES])
        return changes + self._about(reference, (_OTHER, _END), REACTIONS)

    def is_mentioned(self, reference: Reference) -> bool:
        """Whether any record is about this one."""
        return self._database.execute("SELECT 1 FROM about WHERE target = ? LIMIT 1", (_place(reference),)).fetchone() is not None

    def replies(self, reference: Reference) -> list[bytes]:
        """The packets of the last messages that answer this one."""
        return self._about(reference, (_MESSAGE, _CHANGE), REPLIES)

    def _about(self, reference: Reference, kinds: tuple[bytes, bytes], most: int, device: bytes = b"") -> list[bytes]:
        rows = self._database.execute(
            "SELECT sealed FROM about JOIN record USING (position) WHERE target = ? AND position >= ? AND position < ?"
            " AND (? = x'' OR substr(position, 10, 8) = ?) ORDER BY position DESC LIMIT ?",
            (_place(reference), *kinds, device, device, most),
        )
        return [self._state.open(row[0]) for row in rows]

    def sent(self, reference: Reference) -> None:
        """The broker has a record, or will never have it."""
        self._database.execute("DELETE FROM outbox WHERE place = ?", (_place(reference),))

    def to_send(self) -> list[bytes]:
        """The records that the broker does not have, in their order, as the packets that tokens hold."""
        rows = self._database.execute("SELECT sealed FROM outbox JOIN place USING (place) JOIN record USING (position) ORDER BY place")
        return [self._state.open(row[0]) for row in rows]

    def before(self, order: Order | None, count: int) -> list[bytes]:
        """The `count` messages that stand last before `order` (or at the end), in their order, as packets."""
        return [self._state.open(sealed) for sealed in reversed(self.sealed_before(_ordered(order) if order else _CHANGE, count)[0])]

    def after(self, order: Order, count: int) -> list[bytes]:
        """The `count` messages that stand first at `order` or after it, in their order, as packets."""
        rows = self._database.execute(
            "SELECT sealed FROM record WHERE position >= ? AND position < ? ORDER BY position LIMIT ?", (_ordered(order), _CHANGE, count)
        )
        return [self._state.open(row[0]) for row in rows]

    def unread(self, most: int) -> int:
        """How many messages stand after the one that was seen last; `most` at most."""
        rows = self._database.execute(
            "SELECT count(*) FROM (SELECT 1 FROM record WHERE position > ? AND position < ? LIMIT ?)",
            (_ordered((*self.read[:2], self.read[2] + 1)), _CHANGE, most),
        )
        count: int = rows.fetchone()[0]
        return count

    def sealed_before(self, position: bytes | None, count: int) -> tuple[list[bytes], bytes]:
        """The `count` messages that stand last before `position`, newest first, still sealed (see `open`), and where to go on."""
        rows = self._database.execute(
            "SELECT position, sealed FROM record WHERE position < ? ORDER BY position DESC LIMIT ?", (position or _CHANGE, count)
        ).fetchall()
        return [row[1] for row in rows], rows[-1][0] if rows else b""

    def open(self, sealed: bytes) -> bytes:
        """The packet that a row holds."""
        return self._state.open(sealed)

    def drop_before(self, clock: int, count: int) -> tuple[int, dict[bytes, int]]:
        """Delete up to `count` messages that are older than a clock value and sent, and as many changes of them and other records.

        Gives how many that were, and each device's highest number among them.
        """
        deleted, dropped = 0, dict[bytes, int]()
        unsent = {row[0] for row in self._database.execute("SELECT place FROM outbox")}
        for kind in (_MESSAGE, _CHANGE, _OTHER):
            rows = self._database.execute(
                "SELECT position FROM record WHERE position >= ? AND position < ? ORDER BY position LIMIT ?",
                (kind, kind + clock.to_bytes(8, "big"), count),
            ).fetchall()
            for (position,) in rows:
                place = position[_CLOCK.stop :]
                if place in unsent:
                    continue
                deleted += 1
                self._forget_words(place)
                start = place[:DEVICE_BYTES]
                dropped[start] = max(dropped.get(start, 0), int.from_bytes(place[DEVICE_BYTES:-ID_BYTES], "big"))
                self._database.execute("DELETE FROM record WHERE position = ?", (position,))
                self._database.execute("DELETE FROM place WHERE place = ?", (place,))
                self._database.execute("DELETE FROM about WHERE target = ?", (place,))
        return deleted, {device: dropped[device[:DEVICE_BYTES]] for device in self._devices() if device[:DEVICE_BYTES] in dropped}

    # What the search index needs

    def arrived(self, number: int) -> bytes | None:
        """The packet of the record that arrived under a number, if it is kept."""
        row = self._database.execute("SELECT sealed FROM arrival JOIN record USING (position) WHERE number = ?", (number,)).fetchone()
        return None if row is None else self._state.open(row[0])

    def loose(self) -> list[int]:
        """The arrivals that are in no part of the index, in their order."""
        return [row[0] for row in self._database.execute("SELECT number FROM loose ORDER BY number")]

    def parts(self) -> list[int]:
        """The rows of the parts of the index, those of the newest first."""
        return [row[0] for row in self._database.execute("SELECT rowid FROM part ORDER BY last DESC")]

    def part_size(self, row: int) -> int:
        """How many arrivals a part holds."""
        found = self._database.execute("SELECT count FROM part WHERE rowid = ?", (row,)).fetchone()
        return 0 if found is None else int(found[0])

    def part(self, row: int) -> tuple[tuple[int, int, int], bytes] | None:
        """The first and the last arrival of a part, how many it holds, and its content; None if it is not there any more."""
        found = self._database.execute("SELECT first, last, count, sealed FROM part WHERE rowid = ?", (row,)).fetchone()
        return None if found is None else (found[:3], self._state.open(found[3]))

    def put_part(self, row: int | None, size: tuple[int, int, int], content: bytes, arrivals: list[int]) -> int:
        """Keep a part, in the place of what is in its row, if it has one. These arrivals are not loose any more. Gives its row."""
        if row is not None:
            self._database.execute("DELETE FROM part WHERE rowid = ?", (row,))
        sealed = self._state.cipher.seal(content, padded=False)
        cursor = self._database.execute("INSERT INTO part VALUES (?, ?, ?, ?)", (*size, sealed))
        for arrival in arrivals:
            self._database.execute("DELETE FROM loose WHERE number = ?", (arrival,))
        return int(cursor.lastrowid or 0)

    def _forget_words(self, place: bytes) -> None:
        """Take a record out of the index: its part goes, and what else was in that is loose again."""
        (arrival,) = self._database.execute("SELECT arrival FROM place WHERE place = ?", (place,)).fetchone() or (None,)
        if arrival is None:
            return
        self._database.execute("DELETE FROM arrival WHERE number = ?", (arrival,))
        self._database.execute("DELETE FROM loose WHERE number = ?", (arrival,))
        parts = self._database.execute("SELECT rowid, first, last FROM part WHERE first <= ?1 AND last >= ?1", (arrival,)).fetchall()
        for part, first, last in parts:
            self._database.execute("DELETE FROM part WHERE rowid = ?", (part,))
            self._database.execute("INSERT OR IGNORE INTO loose SELECT number FROM arrival WHERE number BETWEEN ? AND ?", (first, last))

    # State

    def save_chain(self) -> None:
        """Keep the chain as it is now."""
        self._state.save("chain", self.chain)

    def save_peers(self, devices: Iterable[bytes]) -> None:
        """Keep what is known of these devices."""
        for device in devices:
            peer = self.peers.devices.get(device)
            if peer is None:
                self._database.execute("DELETE FROM peer WHERE device = ?", (device[:DEVICE_BYTES],))
            else:
                sealed = self._state.cipher.seal(msgspec.msgpack.encode((device, peer)), padded=False)
                self._database.execute("INSERT OR REPLACE INTO peer VALUES (?, ?)", (device[:DEVICE_BYTES], sealed))

    def save_pins(self) -> None:
        """Keep which name is pinned to whom."""
        self._state.save("pins", self.peers.pins)

    def keep_for(self, days: int | None) -> None:
        """Change `keep_days`; `drop_before` does the deleting."""
        self.keep_days = days
        self._state.save("keep days", days)

    def mute(self, on: bool) -> None:
        """Change `muted`."""
        self.muted = on
        self._state.save("muted", on)

    def remember(self, rooms: list[Remembered]) -> None:
        """Change `rooms`."""
        self.rooms = rooms
        self._state.save("rooms", rooms)

    def mark_read(self, order: Order) -> None:
        """Change `read`."""
        self.read = order
        self._state.save("read", order)

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
            self._state.write(name, content)

    def remember_files(self, files: list[Kept]) -> None:
        """Keep these in the place of those that were kept."""
        self.files = files
        self._state.save("files", files)

    def password(self, user: str, place: str) -> str:
        """The password kept for a user of a broker, "" if none is."""
        return self._passwords.by_user.get(f"{user} at {place}", "")

    def keep_password(self, user: str, place: str, password: str) -> None:
        """Keep a password, or forget it when it is empty."""
        if password:
            self._passwords.by_user[f"{user} at {place}"] = password
        else:
            self._passwords.by_user.pop(f"{user} at {place}", None)
        self._state.save("passwords", self._passwords)
        self.commit()

    def close(self) -> None:
        """Release the file for other programs."""
        self._database.close()

    def _devices(self) -> list[bytes]:
        return [DeviceKey(self.chain.seed).public, *self.peers.devices]

    def _peers(self) -> Iterator[tuple[bytes, Peer]]:
        for (sealed,) in self._database.execute("SELECT sealed FROM peer"):
            yield self._state.decode(sealed, tuple[bytes, Peer])


def open_history(data_folder: Path, keys: RoomKeys) -> History:
    """Open the first history of this room that no other program uses, or make one. Raises `StorageError`.

    `DamagedError` names the file that is damaged; see `chat.salvage`.
    """
    folder = room_folder(data_folder, keys)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            _("The folder {folder} can’t be made: {cause}. Choose another with --data-dir.").format(folder=folder, cause=cause(error))
        ) from None
    for number in range(1, DEVICES_PER_FOLDER + 1):
        history = open_file(folder / f"device-{number}.db", keys)
        if history is not None:
            return history
    raise StorageError(_("{count} programs use this room on this computer already. Close one of them.").format(count=DEVICES_PER_FOLDER))


def open_file(path: Path, keys: RoomKeys) -> History | None:
    """Open or make the history in one file, None if another program uses it. Raises `StorageError`."""
    database = open_database(path)
    if database is None:
        return None
    try:
        return History(database, keys)
    except BaseException:
        database.close()
        raise


def delete_room(data_folder: Path, keys: RoomKeys) -> tuple[int, int]:
    """Delete what is kept of a room. Gives the number of records deleted, and of histories that other programs use and that stay."""
    deleted = in_use = 0
    for path in sorted(room_folder(data_folder, keys).glob("device-*.db")):
        with suppress(DamagedError):
            database = open_database(path)
            if database is None:
                in_use += 1
                continue
            with closing(database):
                deleted += database.execute("SELECT count(*) FROM place").fetchone()[0]
        with sentences(path):
            for file in path.parent.glob(f"{path.name}*"):
                file.unlink()
    return deleted, in_use


def room_folder(data_folder: Path, keys: RoomKeys) -> Path:
    """Where everything of a room is kept."""
    return data_folder / "rooms" / keys.tag


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
    kind = _MESSAGE if isinstance(record.body, Said) else _CHANGE if isinstance(record.body, Edit | Retract) else _OTHER
    return kind + record.clock.to_bytes(8, "big") + _place(record.reference)


def _ordered(order: Order) -> bytes:
    clock, device, sequence = order
    return _MESSAGE + clock.to_bytes(8, "big") + _numbered(bytes.fromhex(device), sequence)
