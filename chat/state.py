"""The rows of a history that are not records, sealed like those: a name, and what it stands for as MessagePack."""

import secrets
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from chat.database import Database, damaged
from chat.encryption import Cipher, RoomKeys, TokenError
from chat.pages import LARGEST_ROW

_FIRST_STATE: Final = frozenset({"chain", "pins", "passwords", "keep days"})
"""What every history has from its first moment."""
_Content = TypeVar("_Content")


class State:
    """Opens and seals every row of a history. Its key lies in a row of its own, sealed with one from the room's root."""

    def __init__(self, database: Database, keys: RoomKeys) -> None:
        self._database = database
        self._fresh = False
        self.cipher = Cipher(keys.database)
        self.cipher = Cipher(self._load_or_make_key())

    def _load_or_make_key(self) -> bytes:
        key = self._read("key")
        if key is None:
            if self._database.execute("SELECT 1 FROM state UNION ALL SELECT 1 FROM peer UNION ALL SELECT 1 FROM record LIMIT 1").fetchone():
                raise damaged(self._database.path)
            self._fresh = True
            key = secrets.token_bytes(32)
            self.write("key", key)
        return key

    def load(self, name: str, shape: Any, default: Callable[[], _Content]) -> _Content:
        content = self._read(name)
        if content is None:
            if name in _FIRST_STATE and not self._fresh:
                raise damaged(self._database.path)
            fresh = default()
            self.save(name, fresh)
            return fresh
        try:
            decoded: _Content = msgspec.msgpack.decode(content, type=shape)
        except msgspec.MsgspecError:
            raise damaged(self._database.path) from None
        return decoded

    def decode(self, sealed: bytes, shape: type[_Content]) -> _Content:
        try:
            return msgspec.msgpack.decode(self.open(sealed), type=shape)
        except msgspec.MsgspecError:
            raise damaged(self._database.path) from None

    def save(self, name: str, content: object) -> None:
        self.write(name, msgspec.msgpack.encode(content))

    def _read(self, name: str) -> bytes | None:
        row = self._database.execute("SELECT sealed FROM state WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        content = unwrap_state(name, self.open(row[0], padded=True))
        if content is None:
            raise damaged(self._database.path)
        return content

    def write(self, name: str, content: bytes) -> None:
        sealed = self.cipher.seal(name.encode() + b"\0" + content)
        self._database.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, sealed))

    def open(self, sealed: bytes, *, padded: bool = False) -> bytes:
        if not isinstance(sealed, bytes):
            raise damaged(self._database.path)
        try:
            return self.cipher.open(sealed, LARGEST_ROW, padded=padded)
        except TokenError:
            raise damaged(self._database.path) from None


def unwrap_state(name: str, content: bytes) -> bytes | None:
    """What a row of state holds. Its name is sealed with it, so that swapped rows are noticed: then it is None."""
    prefix = name.encode() + b"\0"
    return content[len(prefix) :] if content.startswith(prefix) else None
