"""The language of everything that a person reads.

The words in the code are English; `chat/translations` has the others (gettext, one catalogue a language).
"""

import gettext
import locale
import os
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("translations")
DOMAIN: Final = "chat"
LANGUAGES: Final = {"system": "", "en": "English", "sv": "Svenska"}
"""The languages one can choose, each by its own name; "system" is that of the desktop."""
_VARIABLES: Final = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def speak(language: str) -> None:
    """Use one of `LANGUAGES` from now on. What is said already stays as it is."""
    global _catalogue
    _catalogue = _find([language] if language != "system" else _of_the_desktop())


def _(text: str) -> str:
    """The text in the language of the person. Not for use while a module is imported: see `marked`."""
    return _catalogue.gettext(text) if text else ""


def many(one: str, more: str, count: int) -> str:
    """The text for one thing or for more, in the language of the person."""
    return _catalogue.ngettext(one, more, count)


def marked(text: str) -> str:
    """The text itself: marks a constant for the translators, which `_` translates when it is used."""
    return text


def _of_the_desktop() -> list[str]:
    wanted = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), "")
    # Windows and macOS say it elsewhere than in the environment.
    return (wanted or locale.getlocale()[0] or "en").split(":")


def _find(languages: list[str]) -> gettext.NullTranslations:
    # What follows English in the list is never needed: every word is there in English.
    known = languages[: next((place for place, name in enumerate(languages) if name.startswith(("en", "C", "POSIX"))), len(languages))]
    return gettext.translation(DOMAIN, FOLDER, known, fallback=True) if known else gettext.NullTranslations()


_catalogue = _find(_of_the_desktop())
