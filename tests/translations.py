"""Keeps the translations up to date: `python -m tests.translations`.

Each text that the code marks is written to every `chat/translations/*/LC_MESSAGES/chat.po`, new ones without a translation; what the
code does not say any more goes. Then each catalogue is compiled to the `chat.mo` beside it, which is what the program reads. To add a
language, make its folder (`mkdir -p chat/translations/de/LC_MESSAGES`), add it to `chat.words.LANGUAGES`, and run this.
"""

import io
import sys
from pathlib import Path
from typing import Final

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from chat.words import DOMAIN, FOLDER

ROOT: Final = Path(__file__).resolve().parent.parent
KEYWORDS: Final = {"_": None, "marked": None, "many": (1, 2)}
FILES: Final = [ROOT / "main.py", *sorted((ROOT / "chat").rglob("*.py"))]


class Translations(Catalog):
    """A catalogue whose head says only what reading it needs, and so stays the same whenever and by whomever it is written."""

    def __init__(self, language: str | None = None) -> None:
        comment = f"# Encrypted MQTT Chat in the language {language!r}; see tests/translations.py."
        super().__init__(language, header_comment=comment, fuzzy=False)

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        kind = [("MIME-Version", "1.0"), ("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "8bit")]
        return [("Language", str(self.locale)), ("Plural-Forms", self.plural_forms), *kind]


def texts() -> Translations:
    """Every text that the code marks, with the files where it stands."""
    found = Translations()
    for path in FILES:
        with path.open("rb") as file:
            for _line, text, comments, _context in extract("python", file, keywords=KEYWORDS, comment_tags=("TRANSLATORS:",)):
                found.add(text, locations=[(path.relative_to(ROOT).as_posix(), 0)], auto_comments=comments)
    return found


def catalogues() -> list[Path]:
    """The files that translators edit, one a language."""
    return sorted(folder / "LC_MESSAGES" / f"{DOMAIN}.po" for folder in FOLDER.iterdir() if folder.is_dir())


def read(path: Path) -> Translations:
    """One language's catalogue; an empty one if there is no file yet."""
    language = path.parent.parent.name
    catalogue = Translations(language)
    if path.exists():
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    catalogue[message.id] = message
    return catalogue


def compiled(catalogue: Catalog) -> bytes:
    """What the program reads of a catalogue."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def written(catalogue: Catalog) -> bytes:
    """A catalogue as translators edit it."""
    file = io.BytesIO()
    write_po(file, catalogue, width=120, ignore_obsolete=True, include_lineno=False)  # Line numbers change too often.
    return file.getvalue()


def missing(catalogue: Catalog) -> list[str]:
    """The texts of a catalogue that are not translated, or that nobody has looked at."""
    return [forms(message.id)[0] for message in catalogue if message.id and (message.fuzzy or not all(forms(message.string)))]


def forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """A text, or those for one thing and for more."""
    return [text or ""] if text is None or isinstance(text, str) else list(text)


def main() -> int:
    """Bring every catalogue up to date. Gives 1 if some text has no translation."""
    template, lacking = texts(), 0
    for path in catalogues():
        catalogue = read(path)
        catalogue.update(template, no_fuzzy_matching=True)
        path.write_bytes(written(catalogue))
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        for text in missing(catalogue):
            lacking += 1
            print(f"{path.relative_to(ROOT)}: no translation of {text!r}")
    return min(lacking, 1)


if __name__ == "__main__":
    sys.exit(main())
