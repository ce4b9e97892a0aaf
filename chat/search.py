"""What a person looks for: words, "phrases", from:name, since:2026-11-01; and whether a message is one of those."""

import datetime
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from chat.events import Message

_PART: Final = re.compile(r'(from|since):("[^"]*"|\S*)|"([^"]*)"|(\S+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """All of `words` must occur, in any form of case and accent; `sender` begins the name; `since` is Unix seconds."""

    words: tuple[str, ...] = ()
    sender: str = ""
    since: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.words or self.sender or self.since)


def parse_query(text: str, now: float) -> Query:
    """Read what was typed. Whatever it can't read are words. `now` (Unix seconds) is what `since:today` and `since:7d` count from."""
    words: list[str] = []
    sender, since = "", 0.0
    for found in _PART.finditer(text):
        kind, value = found[1], (found[2] or "").strip('"')
        if kind and kind.casefold() == "from":
            sender = plain(value)
        elif kind and (moment := _moment(value, now)) is not None:
            since = moment
        else:
            words.append(plain(found[3] if found[3] is not None else found[0]))
    return Query(tuple(word for word in words if word.strip()), sender, since)


def matches(query: Query, message: Message) -> bool:
    """Whether a message is what is looked for."""
    if message.time < query.since or not plain(message.name).startswith(query.sender):
        return False
    text = plain(message.text)
    return all(word in text for word in query.words)


def plain(text: str) -> str:
    """A text without case and accents, for comparing."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def _moment(value: str, now: float) -> float | None:
    if value.casefold() == "today":
        today = datetime.datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ006 (the person's own day)
        return today.timestamp()
    if found := re.fullmatch(r"(\d{1,5})d", value, re.ASCII):
        return now - int(found[1]) * 86_400
    try:
        return datetime.datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
