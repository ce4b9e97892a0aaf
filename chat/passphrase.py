"""The passphrase that people share: its one form, how hard it is to guess, and a good one on request."""

import enum
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from chat.errors import EntryError
from chat.words import _

PASSPHRASE_BYTES: Final = 1024
REFUSED_BELOW: Final = 1e8
"""Guesses. At the cost of one Argon2id derivation each, a single computer tries this many in about a year."""
WARNED_BELOW: Final = 1e12
SUGGESTED_WORDS: Final = 5
"""Words of the EFF's long list, 12.9 bits each: 64 bits together."""
_METER_READS: Final = 72
"""zxcvbn's time grows with the square of the length; what follows can only make a passphrase stronger."""


class Strength(enum.Enum):
    REFUSED = "refused"
    WEAK = "weak"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Rating:
    """How hard a passphrase is to guess, with a sentence for people ("" when there is nothing to say)."""

    strength: Strength
    sentence: str


def normalise_passphrase(text: str) -> str:
    """The one form that every keyboard and system agrees on: NFKC, outer spaces removed, inner ones collapsed, case kept.

    Raises `EntryError` for signs that are invisible or that a later Unicode version could normalise differently.
    """
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Cn", "Co") for sign in text):
        raise EntryError("passphrase", _("The passphrase contains an invisible sign. Type it by hand."))
    passphrase = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()
    if not passphrase:
        raise EntryError("passphrase", _("Type the passphrase that you share with the others."))
    if len(passphrase.encode()) > PASSPHRASE_BYTES:
        raise EntryError("passphrase", _("The passphrase is too long: at most {most} bytes.").format(most=PASSPHRASE_BYTES))
    return passphrase


def rate_passphrase(passphrase: str) -> Rating:
    """How hard a normalised passphrase is to guess. The first call loads the word lists, about 0.1 s."""
    from zxcvbn import zxcvbn

    guesses = float(zxcvbn(passphrase[:_METER_READS])["guesses"])
    if guesses < REFUSED_BELOW:
        return Rating(Strength.REFUSED, _("This passphrase is too easy to guess. Take four or more unrelated words."))
    if guesses < WARNED_BELOW:
        return Rating(Strength.WEAK, _("With patience, this passphrase can be guessed. Add one more word."))
    return Rating(Strength.GOOD, "")


def suggest_passphrase() -> str:
    """Five random words that are easy to say and to type."""
    from xkcdpass import xkcd_password

    words = xkcd_password.generate_wordlist(wordfile=xkcd_password.locate_wordfile())
    return str(xkcd_password.generate_xkcdpassword(words, numwords=SUGGESTED_WORDS))
