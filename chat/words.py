"""The language of everything that a person reads.

The words in the code are English; `chat/translations` has the others (gettext, one catalogue a language). `python -m tests.translations`
keeps the catalogues up to date.
"""

from __future__ import annotations

import gettext
import locale
import os
import struct
import sys
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


def spoken() -> str:
    """The language in use, as `LANGUAGES` names it; "en" for one that is not there."""
    return _catalogue.info().get("language", "en")


def _(text: str) -> str:
    """The text in the language of the person. Not for use while a module is imported: see `marked`."""
    return _catalogue.gettext(text) if text else ""


def many(one: str, more: str, count: int) -> str:
    """The text for one thing or for more, in the language of the person."""
    return _catalogue.ngettext(one, more, count)


def marked(text: str) -> str:
    """The text itself: marks a constant for the translators, which `_` translates when it is used."""
    return text


def digits(count: int) -> str:
    """A number with its thousands set apart as the language does it: 12,345 or 12 345."""
    return f"{count:,}".replace(",", _("1,000").strip("01"))


def _of_the_desktop() -> list[str]:
    wanted = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), "")
    return (wanted or _of_windows() or locale.getlocale()[0] or "en").split(":")


def _of_windows() -> str:
    if sys.platform != "win32":
        return ""
    import ctypes

    return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")


def _find(languages: list[str]) -> gettext.NullTranslations:
    # What follows English in the list is never needed: every word is there in English.
    known = languages[: next((place for place, name in enumerate(languages) if name.startswith(("en", "C", "POSIX"))), len(languages))]
    try:
        return gettext.translation(DOMAIN, FOLDER, known, fallback=True) if known else gettext.NullTranslations()
    except (OSError, ValueError, LookupError, struct.error):
        # A catalogue that can't be read must not keep anyone out.
        return gettext.NullTranslations()


_catalogue = _find(_of_the_desktop())
