"""Why the system could not do something, for the end of a sentence."""

from typing import Final

from chat.words import _, marked

_KNOWN: Final = (
    marked("Permission denied"),
    marked("Operation not permitted"),
    marked("No such file or directory"),
    marked("Not a directory"),
    marked("Is a directory"),
    marked("File exists"),
    marked("File name too long"),
    marked("No space left on device"),
    marked("Disk quota exceeded"),
    marked("Read-only file system"),
    marked("Input/output error"),
    marked("Too many open files"),
    marked("Cannot assign requested address"),
    marked("Cannot allocate memory"),
    marked("database or disk is full"),
    marked("attempt to write a readonly database"),
    marked("unable to open database file"),
    marked("disk I/O error"),
)
"""What Linux, macOS and SQLite say most often; the rest is shown as it comes. Windows speaks the language of its user anyway."""


def cause(error: Exception) -> str:
    """What the system or SQLite says about an error, without a full stop."""
    text = str(getattr(error, "strerror", None) or error)
    return _(text)
