"""One file that a room was offered, as this device has it on disk: read for others, or received. The files' thread owns it.

What is to be sent next and what is told to the others is the business of `protocol/transfer.py`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from chat.encryption import TokenError
from chat.errors import StorageError
from chat.events import FileChanged, FileStage
from chat.kept_file import Kept, Role
from chat.part_file import DiskFullError, PartFile, SourceFile
from chat.protocol.chunks import ChunkCipher, chunk_count
from chat.protocol.faults import PacketError
from chat.protocol.merkle import Tree, leaf_hash, tree_bytes
from chat.protocol.spans import Span, add_span, size
from chat.protocol.transfer import Transfer
from chat.words import _

CHUNKS_AT_ONCE: Final = 64
"""How many are hashed before something else has its turn."""
MOST_WRONG: Final = 32
"""After so many chunks in a row that do not belong to it a file is given up."""
SPEED_SECONDS: Final = 0.5


@dataclass(slots=True)
class _Speed:
    """Bytes a second, over the last few seconds."""

    value: float = 0.0
    _at: float = 0.0
    _done: int = 0

    def note(self, done: int, now: float) -> None:
        passed = now - self._at
        if passed >= SPEED_SECONDS:
            measured = max(0, done - self._done) / passed
            self.value = 0.6 * self.value + 0.4 * measured if self.value > 0 and measured else measured
            self._at, self._done = now, done


class FileTransfer:
    """See the module. `own` is this device; files that are being received lie in `quarantine`."""

    def __init__(self, kept: Kept, own: bytes, quarantine: Path, now: float) -> None:
        self.kept = kept
        self.failure = self.trouble = ""
        """Why it ended, and why it waits."""
        self._own = own
        self._cipher = ChunkCipher(kept.offer, kept.id)
        self._count = chunk_count(kept.offer.size, kept.offer.chunk)
        self._quarantine = quarantine
        self._tree: Tree | None = None
        self._source: SourceFile | None = None
        self._part: PartFile | None = None
        self._leaves: list[bytes] = []
        self._reading: Iterator[list[bytes]] | None = None
        self._speed = _Speed()
        self._wrong = 0
        held = [(1, self._count)] if kept.role is Role.SHARES else []
        self.transfer = Transfer(kept.id, own, kept.author, self._count, held, random.SystemRandom())
        if kept.role is Role.RECEIVES:
            self.transfer.held = self._open_part()
        if kept.role is Role.RECEIVES and not self.failure and not self.kept.paused:
            self.transfer.want(now, wants=True)

    @property
    def is_own(self) -> bool:
        """Whether this device offered it."""
        return self.kept.author == self._own

    @property
    def listens(self) -> bool:
        """Whether its chunks are to come here."""
        return self.transfer.wants

    @property
    def is_open(self) -> bool:
        """Whether the file that others want is open."""
        return self._source is not None

    @property
    def is_reading(self) -> bool:
        """Whether `read_on` has to be called before any of it can be sent."""
        return self._reading is not None

    @property
    def complete(self) -> bool:
        """Whether all of it arrived and `finish` can store it."""
        return self._part is not None and self.transfer.complete

    # Receiving

    def _open_part(self) -> list[Span]:
        offer = self.kept.offer
        try:
            self._part = PartFile(self._quarantine, self.kept.id, offer.size, offer.chunk, self._count, tree_bytes(self._count))
            self._tree = Tree(self._count, offer.root, self._part.nodes())
        except StorageError as error:
            self.fail(error)
            return []
        held: list[Span] = []
        for index, is_held in enumerate(self._part.held):
            if is_held:
                add_span(held, index + 1, index + 1)
        return held

    def take(self, token: bytes, now: float) -> bool:
        """A packet arrived on the file's topic. Whether anything is different now."""
        if self._part is None or self._tree is None or not self.transfer.wants:
            return False
        try:
            chunk = self._cipher.open(token)
            places = self._tree.add(chunk.index, leaf_hash(chunk.data), chunk.proof)
        except TokenError:
            return False
        except PacketError:
            places = None
        if places is None:
            return self._note_wrong()
        self._wrong = 0
        nodes = self._tree.nodes
        try:
            if not self._part.held[chunk.index]:
                self._part.write(chunk.index, chunk.data, ((place, bytes(nodes[32 * place : 32 * place + 32])) for place in places))
        except StorageError as error:
            self.fail(error)
            return True
        self.transfer.arrived(chunk.index + 1, now)
        return True

    def _note_wrong(self) -> bool:
        """Somebody who knows the room's passphrase sends what is no part of the file."""
        self._wrong += 1
        if self._wrong < MOST_WRONG:
            return False
        self._wrong = 0
        self.fail(StorageError(_("What arrives is not the file that was offered. Somebody may have changed it; you can try again.")))
        return True

    def finish(self, now: float) -> None:
        """Look all of it through once more and store it under a free name in the chosen folder."""
        part, tree = self._part, self._tree
        if part is None or tree is None:
            return
        try:
            result = part.finish(Path(self.kept.path), self.kept.offer.name, lambda index, data: tree.leaf(index) == leaf_hash(data))
        except StorageError as error:
            self.fail(error)
            return
        if isinstance(result, Path):
            self._part = None
            self.kept = msgspec.structs.replace(self.kept, role=Role.SHARES, path=str(result))
            return
        for index in result:
            part.drop(index)
            self.transfer.lost(index + 1, now)

    def discard(self, now: float) -> None:
        """Delete what arrived, and have nothing to do with it any more."""
        self.transfer.withdraw(now)
        self.rest()
        try:
            if self._part is not None:
                self._part.discard()
        except StorageError as error:
            self.fail(error)
        self._part = None
        self.kept = msgspec.structs.replace(self.kept, role=Role.DECLINED)

    def close(self) -> None:
        """Let go of the files on disk; what arrived stays."""
        self.rest()
        if self._part is not None:
            self._part.close()

    def rest(self) -> None:
        """Nobody wants the file at the moment: close it, and forget what can be read again."""
        if self._source is not None:
            self._source.close()
        if self.kept.role is Role.SHARES:
            self._source = self._reading = self._tree = None

    def pause(self, now: float, *, paused: bool) -> None:
        """Go on, or do not for now."""
        self.trouble = ""
        self.kept = msgspec.structs.replace(self.kept, paused=paused)
        if self.kept.role is not Role.RECEIVES:
            return
        if self._part is None and not paused:
            # There was no room for it before.
            self.transfer.held = self._open_part()
        self.transfer.want(now, wants=self._part is not None and not paused)

    def fail(self, error: StorageError) -> None:
        """The disk does not do what is needed: a full one may later, for the rest there is no hope."""
        if isinstance(error, DiskFullError):
            self.trouble = str(error)
            self.kept = msgspec.structs.replace(self.kept, paused=True)
        else:
            self.failure = str(error)
        self.transfer.wants = False

    # Sending

    def wake(self) -> None:
        """Somebody wants the file: read it through, so that its chunks can be proved."""
        if self.kept.role is not Role.SHARES or self._tree is not None or self._reading is not None or self.failure:
            return
        try:
            self._source = SourceFile(Path(self.kept.path), self.kept.offer.chunk)
            self._leaves = []
            self._reading = read_through(self._source)
        except StorageError as error:
            self._lose(error)

    def adopt(self, source: SourceFile, tree: Tree) -> None:
        """The file was read through just now, to offer it."""
        self._source, self._tree = source, tree

    def read_on(self) -> None:
        """Read some more of what `wake` began."""
        if self._reading is None:
            return
        try:
            self._leaves += next(self._reading)
        except StopIteration:
            self._reading = None
            tree = Tree.of(self._leaves)
            self._leaves = []
            if tree.root == self.kept.offer.root:
                self._tree = tree
            else:
                self._lose(StorageError(_("The file was changed since it was offered.")))
        except StorageError as error:
            self._lose(error)

    def _lose(self, error: StorageError) -> None:
        self.rest()
        self.failure = str(error)
        self.transfer.held = []

    def next_packet(self, now: float) -> bytes | None:
        """The token of the next chunk to publish, None if there is none now."""
        if self._tree is None or self.kept.paused or (number := self.transfer.next_number(now)) is None:
            return None
        index = number - 1
        try:
            return self._cipher.seal(index, self._tree.proof(index), self._read(index))
        except StorageError as error:
            self._lose(error)
            return None

    def _read(self, index: int) -> bytes:
        if self._part is not None:
            return self._part.read(index)
        if self._source is None:
            self._source = SourceFile(Path(self.kept.path), self.kept.offer.chunk)
        return self._source.read(index)

    # Telling

    def remember_takers(self) -> bool:
        """Note who has all of it now. Whether somebody is new among them."""
        whole = {device for device, count in self.transfer.takers.items() if count == self._count} - set(self.kept.received)
        if whole:
            self.kept = msgspec.structs.replace(self.kept, received=(*self.kept.received, *sorted(whole)))
        return bool(whole)

    def told(self, now: float) -> FileChanged:
        """How it stands, for people."""
        offer, takers = self.kept.offer, self.transfer.takers
        counts = {**takers, **dict.fromkeys(self.kept.received, self._count)}
        done = self._bytes(sum(counts.values()) // max(1, len(counts)) if self.is_own else size(self.transfer.held))
        self._speed.note(done, now)
        path = Path(self.kept.path) if self.kept.role is Role.SHARES else None
        received = sum(count == self._count for count in counts.values())
        return FileChanged(
            self.kept.id.hex(), offer.name, self._stage(now), offer.size, done, self._speed.value, received, len(counts), path,
            self.failure or self.trouble,
        )  # fmt: skip

    def _bytes(self, chunks: int) -> int:
        return min(self.kept.offer.size, chunks * self.kept.offer.chunk)

    def _stage(self, now: float) -> FileStage:
        role = self.kept.role
        if role is Role.DECLINED:
            return FileStage.DECLINED
        if self.failure and (role is Role.RECEIVES or self.is_own):
            return FileStage.FAILED
        if self.kept.paused:
            return FileStage.PAUSED
        if role is Role.SHARES:
            return FileStage.SHARED if self.is_own else FileStage.SAVED
        return FileStage.RECEIVING if self.transfer.can_come(now) else FileStage.WAITING


def read_through(file: SourceFile) -> Iterator[list[bytes]]:
    """The hashes of a file's chunks, some at a time. Raises `StorageError`."""
    for begin in range(0, file.count, CHUNKS_AT_ONCE):
        yield [leaf_hash(file.read(index)) for index in range(begin, min(file.count, begin + CHUNKS_AT_ONCE))]
