"""What a person looks for: words, "phrases", from:name, since:2026-11-01; and whether a message is one of those."""

import datetime
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from chat.events import Message

_PART: Final = re.compile(r'(from|since):("[^"]*"|\S*)|"([^"]*)"|(\S+)', re.IGNORECASE)
_WITHOUT_SPACES: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts that put no spaces between words; each of their letters counts as one."""
_TERM: Final = re.compile(f"[{_WITHOUT_SPACES}]|[^\\W_{_WITHOUT_SPACES}]+")


@dataclass(frozen=True, slots=True)
class Query:
    """What must all be true of a message: its words begin with `terms`, its text holds `phrases`, its name begins with `sender`, and it
    was said from `since` (Unix seconds) on. All are without case and accents, as `plain` gives them."""

    terms: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    sender: str = ""
    since: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.terms or self.phrases or self.sender or self.since)

    @property
    def words(self) -> tuple[str, ...]:
        """All words that must occur, the phrases' too."""
        return (*self.terms, *(term for phrase in self.phrases for term in split_terms(phrase)))


def parse_query(text: str, now: float) -> Query:
    """Read what was typed. Whatever it can't read are words. `now` (Unix seconds) is what `since:today` and `since:7d` count from."""
    terms: list[str] = []
    phrases: list[str] = []
    sender, since = "", 0.0
    for found in _PART.finditer(text):
        kind, value = found[1], (found[2] or "").strip('"')
        if kind and kind.casefold() == "from":
            sender = plain(value)
        elif kind and (moment := read_moment(value, now)) is not None:
            since = moment
        elif found[3] is not None:
            phrases.append(plain(found[3]))
        else:
            word = plain(found[0])
            found_terms = split_terms(word)
            terms += found_terms
            # Signs alone, for example an emoji, are no word that an index could hold.
            phrases += [] if found_terms else [word]
    return Query(tuple(terms), tuple(phrase for phrase in phrases if phrase.strip()), sender, since)


def matches(query: Query, message: Message) -> bool:
    """Whether a message is what is looked for."""
    if message.time < query.since or not plain(message.name).startswith(query.sender):
        return False
    text = plain(message.text)
    if not all(phrase in text for phrase in query.phrases):
        return False
    terms = split_terms(text)
    return all(any(term.startswith(wanted) for term in terms) for wanted in query.terms)


def plain(text: str) -> str:
    """A text without case and accents, for comparing."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def split_terms(text: str) -> list[str]:
    """The words of a text that `plain` gave."""
    return _TERM.findall(text)


def read_moment(value: str, now: float) -> float | None:
    """A time that a person typed, as Unix seconds: a date, a date and time, `today`, or `7d` for seven days before `now`. None if it is
    none of these."""
    if value.casefold() == "today":
        today = datetime.datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ006 (the person's own day)
        return today.timestamp()
    if found := re.fullmatch(r"(\d{1,5})d", value, re.ASCII):
        return now - int(found[1]) * 86_400
    try:
        return datetime.datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
