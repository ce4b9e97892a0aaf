"""Files of a transfer on disk: the one that is read, and the one that is put together from chunks until it is whole."""

import contextlib
import errno
import io
import itertools
import os
import shutil
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from chat.causes import cause
from chat.errors import StorageError
from chat.file_names import folded, numbered, safe_name
from chat.protocol.chunks import chunk_count
from chat.protocol.limits import LARGEST_FILE
from chat.protocol.merkle import NODE_BYTES
from chat.words import _

_BINARY: Final = getattr(os, "O_BINARY", 0)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TRIES: Final = 10_000


class DiskFullError(StorageError):
    """There is no room for a file now."""


class SourceFile:
    """A file that is sent. Raises `StorageError` for what can't be read, is no file, or is too large."""

    def __init__(self, path: Path, chunk_bytes: int) -> None:
        self.path, self.chunk_bytes = path, chunk_bytes
        try:
            # Without waiting, since the other end of a pipe may never come.
            self._file = os.fdopen(os.open(path, os.O_RDONLY | _BINARY | _NO_WAIT), "rb")
        except OSError as error:
            raise _unreadable(path, error) from None
        status = os.fstat(self._file.fileno())
        self.size = status.st_size
        self._changed_at = status.st_mtime_ns
        self.count = chunk_count(self.size, chunk_bytes)
        if not stat.S_ISREG(status.st_mode):
            self._file.close()
            raise StorageError(_("{name} is no file.").format(name=safe_name(path.name)))
        if self.size > LARGEST_FILE:
            self._file.close()
            raise StorageError(_("{name} is too large: a file may have 2 GB.").format(name=safe_name(path.name)))

    def close(self) -> None:
        """Read no more of it."""
        self._file.close()

    def read(self, index: int) -> bytes:
        """One chunk, always of the length that belongs to its place. Raises `StorageError`, also if the file was changed meanwhile."""
        length = min(self.chunk_bytes, self.size - index * self.chunk_bytes)
        try:
            self._file.seek(index * self.chunk_bytes)
            data = self._file.read(length)
        except OSError as error:
            raise _unreadable(self.path, error) from None
        status = os.fstat(self._file.fileno())
        if len(data) != length or (status.st_size, status.st_mtime_ns) != (self.size, self._changed_at):
            raise StorageError(_("{name} was changed while it was read.").format(name=safe_name(self.path.name)))
        return data


class PartFile:
    """A file that is put together in the folder `quarantine`, as `<id>.part`; `<id>.progress` says what of it is there.

    What was written stays after a kill at any moment. Raises `StorageError`, or `DiskFullError`.
    """

    def __init__(self, quarantine: Path, id_: bytes, size: int, chunk_bytes: int, count: int, node_bytes: int) -> None:
        self._size, self._chunk_bytes, self._count, self._node_bytes = size, chunk_bytes, count, node_bytes
        self._part, self._progress = (quarantine / f"{id_.hex()}.{ending}" for ending in ("part", "progress"))
        self.held = bytearray(count)
        """One byte for each chunk: 1 if it is here."""
        with contextlib.ExitStack() as opened:
            try:
                quarantine.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._data = opened.enter_context(_open(self._part))
                self._notes = opened.enter_context(_open(self._progress))
                self._resume()
            except OSError as error:
                raise _unwritable(self._part, error) from None
            opened.pop_all()

    def _resume(self) -> None:
        noted = self._notes.read(self._count + self._node_bytes + 1)
        if len(noted) == self._count + self._node_bytes and os.fstat(self._data.fileno()).st_size == self._size:
            self.held[:] = noted[: self._count]
            return
        if shutil.disk_usage(self._part.parent).free < self._size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._data.truncate(self._size)
        self._notes.truncate(0)
        self._notes.truncate(self._count + self._node_bytes)

    def nodes(self) -> bytearray:
        """The nodes of the Merkle tree that were written."""
        self._notes.seek(self._count)
        return bytearray(self._notes.read(self._node_bytes))

    def write(self, index: int, data: bytes, nodes: Iterable[tuple[int, bytes]]) -> None:
        """Store a chunk and the nodes that prove it, by their places."""
        try:
            _write(self._data, index * self._chunk_bytes, data)
            for place, node in nodes:
                _write(self._notes, self._count + NODE_BYTES * place, node)
            # Last, so that after a kill nothing counts as here that is not.
            _write(self._notes, index, b"\1")
        except OSError as error:
            raise _unwritable(self._part, error) from None
        self.held[index] = 1

    def read(self, index: int) -> bytes:
        """A chunk that is here."""
        try:
            self._data.seek(index * self._chunk_bytes)
            return self._data.read(min(self._chunk_bytes, self._size - index * self._chunk_bytes))
        except OSError as error:
            raise _unreadable(self._part, error) from None

    def drop(self, index: int) -> None:
        """A chunk is not what it should be; it counts as missing again."""
        try:
            _write(self._notes, index, b"\0")
        except OSError as error:
            raise _unwritable(self._part, error) from None
        self.held[index] = 0

    def finish(self, folder: Path, name: str, check: Callable[[int, bytes], bool]) -> Path | list[int]:
        """Read it through once more; gives the chunks that `check` does not accept, or puts it into `folder` and gives its path.

        Another file is never written over: its name is `name`, made safe, or that with a number.
        """
        bad = [index for index in range(self._count) if not check(index, self.read(index))]
        if bad:
            return bad
        try:
            os.fsync(self._data.fileno())
            folder.mkdir(parents=True, exist_ok=True)
            path = self._place(folder, safe_name(name))
            _sync(folder)
            self.close()
            self._part.unlink()
            self._progress.unlink()
        except OSError as error:
            raise _unwritable(folder / safe_name(name), error) from None
        return path

    def discard(self) -> None:
        """Delete it."""
        try:
            self.close()
            self._part.unlink(missing_ok=True)
            self._progress.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(self._part, error) from None

    def close(self) -> None:
        """Write no more of it for now."""
        self._data.close()
        self._notes.close()

    def _place(self, folder: Path, name: str) -> Path:
        taken = {folded(path.name) for path in folder.iterdir()}
        for other in itertools.chain([name], (numbered(name, number) for number in range(2, _TRIES))):
            if folded(other) not in taken:
                with contextlib.suppress(FileExistsError):
                    self._put_at(folder / other)
                    return folder / other
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))

    def _put_at(self, path: Path) -> None:
        """Give the file this name, unless another one has it."""
        try:
            os.link(self._part, path)
        except FileExistsError:
            raise
        except OSError:
            # Another disk, or one on which a file has one name only.
            self._copy_to(path)

    def _copy_to(self, path: Path) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | _NO_FOLLOW, 0o600), "wb") as copy:
            try:
                self._data.seek(0)
                shutil.copyfileobj(self._data, copy)
                copy.flush()
                os.fsync(copy.fileno())
            except OSError:
                path.unlink()
                raise


def _open(path: Path) -> io.FileIO:
    return io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT | _BINARY | _NO_FOLLOW, 0o600), "r+b")


def _write(file: io.FileIO, place: int, data: bytes) -> None:
    file.seek(place)
    if file.write(data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync(folder: Path) -> None:
    """Make a name in a folder last, on systems where that has to be asked for."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unreadable(path: Path, error: OSError) -> StorageError:
    return StorageError(_("{name} can’t be read: {cause}.").format(name=safe_name(path.name), cause=cause(error)))


def _unwritable(path: Path, error: OSError) -> StorageError:
    if error.errno in _FULL:
        return DiskFullError(_("There is no room on the disk. Free some, and go on with the file."))
    return StorageError(_("The file can’t be stored in {folder}: {cause}.").format(folder=path.parent, cause=cause(error)))
