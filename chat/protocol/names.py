"""Usernames: the one form they have on the wire, and when two of them look alike."""

import functools
import json
import sys
import unicodedata
from typing import Final

from chat.errors import EntryError
from chat.protocol.limits import NAME_BYTES
from chat.words import _

_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_MARKS_IN_A_ROW: Final = 3
_ASCII_PROTOTYPES: Final = {"0": "o", "O": "o", "1": "l", "I": "l", "i": "l", "|": "l"}


def normalise_name(text: str) -> str:
    """A username in the form that is sent: NFC, single inner spaces, nothing invisible, at most 64 bytes.

    Raises `EntryError`. A name that comes from outside is taken only if it already has this form.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise EntryError("username", _("Type the name that the others will see."))
    if len(name.encode(errors="replace")) > NAME_BYTES:
        raise EntryError("username", _("The name is too long: at most {most} bytes.").format(most=NAME_BYTES))
    categories = [unicodedata.category(sign) for sign in name]
    if any(category in _REFUSED for category in categories):
        raise EntryError("username", _("The name contains an invisible sign. Type it by hand."))
    if _longest_run_of_marks(categories) > _MARKS_IN_A_ROW:
        raise EntryError("username", _("The name has too many accents on one letter. Leave some out."))
    return name


def _longest_run_of_marks(categories: list[str]) -> int:
    longest = run = 0
    for category in categories:
        run = run + 1 if category.startswith("M") else 0
        longest = max(longest, run)
    return longest


@functools.lru_cache(1024)
def skeleton(name: str) -> str:
    """What a name looks like: equal for names that a person could take for each other.

    After NFKC each sign becomes the first of those that look like it (Unicode's confusables, UTS 39), in its own case and in lower
    case; marks and spaces are left out.
    """
    shown = "".join(_prototype(sign) for sign in unicodedata.normalize("NFKC", name)).casefold()
    bare = (sign for sign in unicodedata.normalize("NFKD", shown) if not unicodedata.category(sign).startswith(("M", "Z")))
    return "".join(_prototype(sign) for sign in bare)


@functools.lru_cache(maxsize=4096)
def _prototype(sign: str) -> str:
    if sign.isascii():
        return _ASCII_PROTOTYPES.get(sign, sign)
    prototype = _prototypes().get(sign, sign)
    return _ASCII_PROTOTYPES.get(prototype, prototype)


@functools.cache
def _prototypes() -> dict[str, str]:
    """For each sign that others look like, the first of them, or of those that are ASCII."""
    from importlib import resources

    # The package itself keeps 15 MB of what is needed here of it.
    content = resources.files("confusable_homoglyphs").joinpath("confusables.json").read_bytes()
    prototypes = {}
    for sign, entries in json.loads(content).items():
        alike = [entry["c"] for entry in entries if len(entry["c"]) == 1]
        prototypes[sign] = sys.intern(min([other for other in alike if other.isascii()] or [sign, *alike]))
    return prototypes


@functools.lru_cache(1024)
def is_normal_name(name: str) -> bool:
    """Whether a name from outside has the form that `normalise_name` gives."""
    try:
        return normalise_name(name) == name
    except EntryError:
        return False
