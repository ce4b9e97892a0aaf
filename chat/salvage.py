"""Carries what can be read of a damaged history over into a new file, so that damage never keeps anyone out of a room.

Every row is sealed and every record signed, so whatever still opens and verifies is what was written. The device is a new one
afterwards: how far the old one's numbers went can't be known for sure, and a number used twice would look like a forgery. What was lost
counts as never seen, and so the other members' copies fill it in.
"""

import os
import shutil
import sqlite3
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from chat.causes import cause
from chat.database import damage_mark, kept_log
from chat.encryption import Cipher, RoomKeys, TokenError
from chat.errors import DamagedError, StorageError
from chat.history import DEVICE_BYTES, DEVICES_PER_FOLDER, History, open_file, open_history
from chat.pages import LARGEST_ROW, rows
from chat.protocol.clock import adopt_clock
from chat.protocol.faults import PacketError
from chat.protocol.identity import DeviceKey
from chat.protocol.limits import FORKED_NUMBERS, FORKS, SPANS
from chat.protocol.memory import Chain, Peer
from chat.protocol.names import skeleton
from chat.protocol.records import ID_BYTES, Hello, Said, read_record, reread_record
from chat.protocol.spans import Span, add_span
from chat.state import unwrap_state
from chat.words import _, digits, many

_PLACE_BYTES: Final = DEVICE_BYTES + 8 + ID_BYTES
_POSITION_BYTES: Final = 1 + 8 + _PLACE_BYTES
_AT_ONCE: Final = 100
"""Messages that are read as soon as a room is entered."""
_BATCH: Final = 1000
"""Records that are written in one transaction."""


@dataclass(slots=True)
class _Rest:
    """What was found beside the records."""

    state: dict[str, bytes] = field(default_factory=dict)
    peers: dict[bytes, Peer] = field(default_factory=dict)
    unsent: set[bytes] = field(default_factory=set)
    """The places of the records that the broker does not have."""


@dataclass(slots=True)
class _Tally:
    """What is known of the records that were carried over."""

    messages: int = 0
    numbers: "dict[bytes, array[int]]" = field(default_factory=dict)
    """The sequence numbers of each device's records, in no order."""
    names: dict[bytes, tuple[int, str]] = field(default_factory=dict)
    """The name that each device gave last, and the number of that record."""
    claims: list[tuple[int, str, bytes]] = field(default_factory=list)
    """Who gave which name, by clock."""
    clock: int = 0


def open_or_salvage(data_folder: Path, keys: RoomKeys, tell: Callable[[str], None]) -> tuple[History, str]:
    """As `open_history`, but a damaged file is replaced by what can be read of it. Gives a sentence about that, else "".

    `tell` gets a sentence before that is done, because it takes a while. Raises `StorageError`.
    """
    sentences: list[str] = []
    for _place in range(DEVICES_PER_FOLDER):
        try:
            return _open_sound(data_folder, keys), " ".join(filter(None, sentences))
        except DamagedError as error:
            tell(_("The history of this room is damaged. Saving what can be read…"))
            sentences.append(_mend(error.path, keys))
    raise StorageError(_("The files in {folder} get damaged again and again. Use another disk with --data-dir.").format(folder=data_folder))


def _open_sound(data_folder: Path, keys: RoomKeys) -> History:
    """Open a history from which what a room needs at once can be read."""
    history = open_history(data_folder, keys)
    try:
        history.to_send()
        history.before(None, _AT_ONCE)
    except BaseException:
        history.close()
        raise
    return history


def _mend(path: Path, keys: RoomKeys) -> str:
    """Replace a damaged file by a new one. Gives the sentence that says so; "" if another program has just done it."""
    new = path.with_name(f"{path.name}.new")
    try:
        with _alone(path):
            if not _is_damaged(path, keys):
                return ""
            for left_over in path.parent.glob(f"{new.name}*"):
                left_over.unlink()
            messages = _carry_over(path, new, keys)
            aside = _keep_aside(path)
            new.replace(path)
            damage_mark(path).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            _("The file {path} is damaged, and what can be read can’t be saved: {cause}.").format(path=path, cause=cause(error))
        ) from None
    if messages is None:
        told = [
            _("The history of this room was damaged, and nothing of it can be read."),
            _("The damaged file is kept as {file}.").format(file=aside),
            _("This computer is a new device now. It gets the conversation from the others again."),
        ]
        return " ".join(told)
    told = [
        _("The history of this room was damaged."),
        many("{count} message was saved.", "{count} messages were saved.", messages).format(count=digits(messages)),
        _("The damaged file is kept as {file}.").format(file=aside),
        _("This computer is a new device now. The others’ copies fill in the rest."),
    ]
    return " ".join(told)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other programs from mending the same file meanwhile."""
    lock = sqlite3.connect(path.with_name(f"{path.name}.lock"), timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    except sqlite3.OperationalError:
        raise StorageError(_("Another program is repairing {path}. Try again in a moment.").format(path=path)) from None
    finally:
        lock.close()


def _is_damaged(path: Path, keys: RoomKeys) -> bool:
    try:
        history = open_file(path, keys)
    except DamagedError:
        return True
    if history is not None:
        history.close()
    return False


def _keep_aside(path: Path) -> Path:
    """Give the damaged file another name, with its log; until the new one takes its place it has both, so that a kill loses nothing."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    number = 1
    while aside.exists():
        number += 1
        aside = aside.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{number}")
    _link(path, aside)
    for log in (kept_log(path), path.with_name(f"{path.name}-wal")):
        if log.exists():
            _link(log, aside.with_name(f"{aside.name}-wal"))
            log.unlink()
    return aside


def _link(source: Path, target: Path) -> None:
    if target.exists():
        return
    try:
        os.link(source, target)
    except OSError:
        # Some file systems have no links.
        shutil.copyfile(source, target)
        target.chmod(0o600)


# Carrying over


def _carry_over(path: Path, new: Path, keys: RoomKeys) -> int | None:
    """Fill a new file with what can be read of a damaged one. Gives the number of messages, None if the key is gone."""
    log = kept_log(path) if kept_log(path).exists() else path.with_name(f"{path.name}-wal")
    key = _find_key(path, log, Cipher(keys.database))
    cipher = Cipher(key) if key else None
    rest = _find_rest(path, log, cipher) if cipher else _Rest()
    # Opened twice, because a history reads its state when it is opened.
    history = _open_new(new, keys)
    history.copy_state({name: content for name, content in rest.state.items() if name != "chain"})
    history.commit()
    history.close()
    history = _open_new(new, keys)
    try:
        if cipher is None:
            return None
        tally = _copy_records(history, path, log, cipher, keys.room, rest.unsent)
        _take_over_devices(history, rest, tally)
        history.commit()
    finally:
        history.close()
    return tally.messages


def _open_new(path: Path, keys: RoomKeys) -> History:
    history = open_file(path, keys)
    if history is None:
        raise StorageError(_("Another program uses {path}. Close that program.").format(path=path))
    return history


def _find_key(path: Path, log: Path, room: Cipher) -> bytes | None:
    found = None
    for row in rows(path, log):
        if row[:1] == ("key",) and len(row) == 2 and isinstance(row[1], bytes):
            found = _state("key", row[1], room) or found
    return found


def _find_rest(path: Path, log: Path, cipher: Cipher) -> _Rest:
    rest = _Rest()
    for row in rows(path, log):
        match row:
            case (str() as name, bytes() as sealed):
                content = _state(name, sealed, cipher)
                if content is not None:
                    rest.state[name] = content
            case (bytes() as device, bytes() as sealed) if len(device) == DEVICE_BYTES:
                with suppress(TokenError, msgspec.MsgspecError):
                    peer = msgspec.msgpack.decode(cipher.open(sealed, LARGEST_ROW, padded=False), type=tuple[bytes, Peer])
                    rest.peers[peer[0]] = peer[1]
            case (bytes() as place,) if len(place) == _PLACE_BYTES:
                rest.unsent.add(place)
    return rest


def _state(name: str, sealed: bytes, cipher: Cipher) -> bytes | None:
    try:
        return unwrap_state(name, cipher.open(sealed, LARGEST_ROW))
    except TokenError:
        return None


def _copy_records(history: History, path: Path, log: Path, cipher: Cipher, room: bytes, unsent: set[bytes]) -> _Tally:
    tally, wall = _Tally(), time.time()
    for number, (position, packet) in enumerate(_packets(path, log, cipher)):
        try:
            record = read_record(packet, room)
        except PacketError:
            continue
        if history.add(record, to_send=position[-_PLACE_BYTES:] in unsent) is not None:
            tally.messages += isinstance(record.body, Said)
            tally.numbers.setdefault(record.device, array("q")).append(record.sequence)
            tally.clock = adopt_clock(tally.clock, record.clock, wall)
            if isinstance(record.body, Hello):
                tally.claims.append((record.clock, record.body.name, record.device))
                tally.names[record.device] = max(tally.names.get(record.device, (0, "")), (record.sequence, record.body.name))
        if number % _BATCH == 0:
            history.commit()
    history.commit()
    return tally


def _packets(path: Path, log: Path, cipher: Cipher) -> Iterator[tuple[bytes, bytes]]:
    for row in rows(path, log):
        match row:
            case (bytes() as position, bytes() as sealed) if len(position) == _POSITION_BYTES and len(sealed) > _POSITION_BYTES:
                with suppress(TokenError):
                    yield position, cipher.open(sealed, LARGEST_ROW, padded=False)


def _take_over_devices(history: History, rest: _Rest, tally: _Tally) -> None:
    """Make the old device and the others what the carried-over records say of them; this device is a new one."""
    peers = history.peers
    peers.devices.update(rest.peers)
    chain = _old_chain(rest)
    if chain is not None:
        history.chain = chain
        history.start_anew(DeviceKey(chain.seed).public)
    for device in {*peers.devices, *tally.numbers}:
        peer = peers.devices.setdefault(device, Peer())
        named, name = tally.names.get(device, (0, ""))
        if named > peer.named:
            peer.named, peer.name = named, name
        _note_seen(history, device, peer, tally.numbers.get(device, array("q")))
    if "pins" not in rest.state:
        for _, name, device in sorted(tally.claims):
            peers.pins.setdefault(skeleton(name), device)
    history.chain.clock = max(history.chain.clock, tally.clock)
    history.save_chain()
    history.save_pins()
    history.save_peers(list(peers.devices))


def _old_chain(rest: _Rest) -> Chain | None:
    try:
        return msgspec.msgpack.decode(rest.state["chain"], type=Chain)
    except (KeyError, msgspec.MsgspecError):
        return None


def _note_seen(history: History, device: bytes, peer: Peer, numbers: "array[int]") -> None:
    """What of a device was seen: the records that are here, and those that are not wanted any more."""
    spans: list[Span] = []
    for number in sorted(numbers):
        if spans and number <= spans[-1][1] + 1:
            if number == spans[-1][1] and number not in peer.forks and len(peer.forks) < FORKED_NUMBERS:
                peer.forks[number] = history.ids(device, number)[:FORKS]
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    peer.seen, peer.starts, peer.ends = spans[-SPANS:], {}, {}
    if peer.kept_from > 1:
        add_span(peer.seen, 1, peer.kept_from - 1)
    for first, last in peer.seen:
        for packet in history.span(device, (first, first))[:1]:
            record = reread_record(packet)
            peer.starts[first] = (record.clock, record.previous[:ID_BYTES])
        for name in history.ids(device, last)[:1]:
            peer.ends[last] = name
