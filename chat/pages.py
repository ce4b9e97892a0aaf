"""Reads the rows of a damaged SQLite file page by page, where SQLite itself gives up.

Every row of a table WITHOUT ROWID lies in a page of an index b-tree, and each such page can be read by itself
(https://www.sqlite.org/fileformat2.html, sections 1.6, 2 and 4). So a page that was overwritten loses only its own rows, whatever it was
for. What is found this way may be old or wrong: whoever uses it must be able to tell.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

PAGE_BYTES: Final = 4096
LARGEST_ROW: Final = 64 * 1024 * 1024
Row = tuple[str | bytes, ...]

_INTERIOR, _LEAF = 0x02, 0x0A
_MOST_LOCAL: Final = (PAGE_BYTES - 12) * 64 // 255 - 23
_LEAST_LOCAL: Final = (PAGE_BYTES - 12) * 32 // 255 - 23
_OVERFLOW_BYTES: Final = PAGE_BYTES - 4
_LOG_HEADER, _FRAME_HEADER = 32, 24
_FRAME_BYTES: Final = _FRAME_HEADER + PAGE_BYTES
_BIG_ENDIAN, _LITTLE_ENDIAN = 0x377F0683, 0x377F0682


class _UnreadableError(Exception):
    """These bytes are no row."""


class _File:
    """A database and its write-ahead log, as numbered pages; what the log holds is newer."""

    def __init__(self, database: BinaryIO, log: BinaryIO | None) -> None:
        self._database, self._log = database, log
        self.count = -(-database.seek(0, 2) // PAGE_BYTES)
        self.logged = dict(_frames(log)) if log else {}

    def stored(self, number: int) -> bytes:
        """A page of the database itself, b"" if it can't be read."""
        return _read(self._database, (number - 1) * PAGE_BYTES)

    def newest(self, number: int) -> bytes:
        """A page from the log if it is there."""
        offset = self.logged.get(number)
        return _read(self._log, offset) if offset is not None and self._log else self.stored(number)


def rows(database: Path, log: Path) -> Iterator[Row]:
    """The rows of text and blobs that can be read, those from the write-ahead log (which may be missing) last. Raises `OSError`."""
    with database.open("rb") as main:
        if not log.exists():
            yield from _rows(_File(main, None))
            return
        with log.open("rb") as newer:
            yield from _rows(_File(main, newer))


def is_log_broken(log: Path) -> bool:
    """Whether a write-ahead log has whole transactions after a place where its checksums fail: SQLite would ignore these.

    A log that ends in the middle of a transaction is what a power cut leaves, and is not broken.
    """
    try:
        data = log.read_bytes()
    except OSError:
        return False
    if len(data) < _LOG_HEADER + _FRAME_BYTES:
        return False
    magic, _, page, _, salts, *check = struct.unpack(">IIII8sII", data[:_LOG_HEADER])
    order = {_BIG_ENDIAN: ">", _LITTLE_ENDIAN: "<"}.get(magic, "")
    if not order or page != PAGE_BYTES or _checksum(data[:24], (0, 0), order) != tuple(check):
        return True
    sums, broken = (check[0], check[1]), False
    for start in range(_LOG_HEADER, len(data) - _FRAME_BYTES + 1, _FRAME_BYTES):
        _, commit, frame_salts, *check = struct.unpack(">II8sII", data[start : start + _FRAME_HEADER])
        if frame_salts != salts:
            # The frame of an earlier log, or one that was overwritten; only a whole one after it tells.
            broken = True
        elif broken and commit:
            return True
        elif not broken:
            sums = _checksum(data[start : start + 8] + data[start + _FRAME_HEADER : start + _FRAME_BYTES], sums, order)
            broken = sums != tuple(check)
    return False


def _checksum(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second


def _frames(log: BinaryIO) -> Iterator[tuple[int, int]]:
    """Page numbers and where their pages begin; a log's later frames replace its earlier ones."""
    end = log.seek(0, 2)
    log.seek(0)
    beginning = log.read(_LOG_HEADER + _FRAME_HEADER)
    # The present log's own mark, which its header and its first frame carry; other frames are left from before it was begun anew.
    salts = (beginning[16:24], beginning[_LOG_HEADER + 8 : _LOG_HEADER + 16])
    for start in range(_LOG_HEADER, end - _FRAME_BYTES + 1, _FRAME_BYTES):
        log.seek(start)
        number, frame_salts = struct.unpack(">I4x8s8x", log.read(_FRAME_HEADER))
        if frame_salts in salts:
            yield number, start + _FRAME_HEADER


def _read(file: BinaryIO, offset: int) -> bytes:
    try:
        file.seek(offset)
        return file.read(PAGE_BYTES).ljust(PAGE_BYTES, b"\0")
    except OSError:
        return b""


def _rows(file: _File) -> Iterator[Row]:
    for number in range(2, file.count + 1):
        yield from _rows_of(file, file.stored(number))
    for number in file.logged:
        yield from _rows_of(file, file.newest(number))


def _rows_of(file: _File, page: bytes) -> Iterator[Row]:
    if not page or page[0] not in (_INTERIOR, _LEAF):
        return
    start, skip = (12, 4) if page[0] == _INTERIOR else (8, 0)
    count = min(int.from_bytes(page[3:5], "big"), (PAGE_BYTES - start) // 2)
    for (cell,) in struct.iter_unpack(">H", page[start : start + 2 * count]):
        try:
            yield _values(_payload(file, page, cell + skip))
        except _UnreadableError:
            continue


def _payload(file: _File, page: bytes, start: int) -> bytes:
    length, start = _varint(page, start)
    if length > min(LARGEST_ROW, (file.count + len(file.logged)) * PAGE_BYTES):
        raise _UnreadableError
    local = length
    if length > _MOST_LOCAL:
        local = _LEAST_LOCAL + (length - _LEAST_LOCAL) % _OVERFLOW_BYTES
        local = local if local <= _MOST_LOCAL else _LEAST_LOCAL
    parts, left = [page[start : start + local]], length - local
    following = page[start + local : start + local + 4]
    while left > 0:
        number = int.from_bytes(following, "big")
        overflow = file.newest(number) if number and (number <= file.count or number in file.logged) else b""
        if not overflow:
            raise _UnreadableError
        parts.append(overflow[4 : 4 + left])
        left -= _OVERFLOW_BYTES
        following = overflow[:4]
    payload = b"".join(parts)
    if len(payload) != length:
        raise _UnreadableError
    return payload


def _values(payload: bytes) -> Row:
    end, place = _varint(payload, 0)
    start, values = end, list[str | bytes]()
    while place < end:
        kind, place = _varint(payload, place)
        length = (kind - 12) // 2
        if kind < 12 or start + length > len(payload):
            raise _UnreadableError
        value = payload[start : start + length]
        start += length
        try:
            values.append(value.decode() if kind % 2 else value)
        except UnicodeDecodeError:
            raise _UnreadableError from None
    return tuple(values)


def _varint(data: bytes, start: int) -> tuple[int, int]:
    value = 0
    for place in range(start, min(start + 9, len(data))):
        byte = data[place]
        if place == start + 8:
            return value << 8 | byte, place + 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    raise _UnreadableError
