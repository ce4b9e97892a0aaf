"""Settings that are no secrets, and where everything is kept.

They live in one TOML file that a person may edit. Passphrases and passwords are never in it.
"""

import contextlib
import os
import re
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from chat.address import DEFAULT_BROKER, BrokerAddress, normalise_topic, parse_broker
from chat.causes import cause
from chat.errors import EntryError, StorageError
from chat.words import LANGUAGES, _

APPLICATION: Final = "encrypted-mqtt-chat"
DEFAULT_TOPIC: Final = "encrypted-mqtt-chat"
THEMES: Final = ("system", "light", "dark")
FILE_LIMITS: Final = ("public", "all", "none")
LARGEST_PICTURE: Final = 100
"""In MB; above it, no picture is received without asking."""
SCALES: Final = (75, 90, 100, 110, 125, 150, 175, 200, 250, 300)
"""Sizes of the window's content that one can choose, in percent."""
_PLACE: Final = re.compile(r"(zoomed )?[0-9]{2,5}x[0-9]{2,5}(\+-?[0-9]{1,5}){2}")


@dataclass(frozen=True, slots=True)
class Places:
    """The settings file, and the folder of the rooms' encrypted files."""

    settings: Path
    data: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What the program remembers between starts. Files are paths, "" for none."""

    broker: str = DEFAULT_BROKER
    topic: str = DEFAULT_TOPIC
    username: str = ""
    ca_file: str = ""
    certificate: str = ""
    key_file: str = ""
    theme: str = "system"
    language: str = "system"
    typing: bool = True
    """Whether the others are told that one is writing."""
    notify: bool = True
    """Whether one is told of new messages while one looks elsewhere,"""
    previews: bool = True
    """with names and words,"""
    sound: bool = True
    """and with a sound."""
    scale: int = 0
    """How large the window's content is, in percent; 0 is what the display asks for."""
    pictures: int = 5
    """Up to how many MB a picture from others is received and shown by itself; 0 for none."""
    file_limits: str = "public"
    """Where files keep to limits that do no harm to the broker of others: on "public" brokers, on "all", or on "none"."""
    downloads: str = ""
    """The folder for files from others, "" for the platform's."""
    window: str = ""
    """Where the window stood last, in Tk's form, after "zoomed " if it filled the screen."""

    def address(self) -> BrokerAddress:
        """The broker with its certificates. Raises `EntryError`."""
        return parse_broker(self.broker, ca_file=_path(self.ca_file), certificate=_path(self.certificate), key_file=_path(self.key_file))

    def downloads_folder(self) -> Path:
        """Where files from others go if nobody says otherwise."""
        if self.downloads:
            return Path(self.downloads).expanduser()
        # Imported here because few starts come to need it.
        from platformdirs import user_downloads_path

        return user_downloads_path()


_SWITCHES: Final = frozenset(field.name for field in fields(Settings) if field.type is bool)


def find_places(data_folder: Path | None) -> Places:
    """Where to keep things: in the platform's folders, or all in `data_folder`."""
    if data_folder is not None:
        return Places(data_folder / "settings.toml", data_folder)
    # Imported here because most starts of a test or a script name a folder of their own.
    from platformdirs import user_config_path, user_data_path

    return Places(user_config_path(APPLICATION, appauthor=False) / "settings.toml", user_data_path(APPLICATION, appauthor=False))


def load_settings(path: Path) -> Settings:
    """Read the settings; those of a file that is not there are the defaults.

    Raises `StorageError`, naming the file and the place in it, for one that can't be read or holds something else. Unknown names are
    ignored.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise StorageError(_("The settings file {path} can’t be read: {cause}.").format(path=path, cause=cause(error))) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StorageError(
            _("The settings file {path} is damaged: {error}. Correct it or move it away.").format(path=path, error=error)
        ) from None
    known = {field.name: content[field.name] for field in fields(Settings) if field.name in content}
    for name, value in known.items():
        if sentence := _objection(name, value):
            raise StorageError(
                _("“{name}” in the settings file {path} is wrong: {sentence}").format(path=path, name=name, sentence=sentence)
            )
    return Settings(**known)


def save_settings(path: Path, settings: Settings) -> None:
    """Write the settings, whole or not at all. A file that is not valid TOML is kept beside them. Raises `StorageError`."""
    # Imported here because it takes longer than all else that a start reads the settings with.
    import tempfile

    lines = [f"{name} = {_written(value)}\n" for name, value in asdict(settings).items()]
    try:
        # A link, as people who keep their settings elsewhere make, stays one.
        path = path.resolve()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            if _is_broken(path):
                path.replace(path.with_name(f"{path.name}.broken"))
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise StorageError(_("The settings file {path} can’t be written: {cause}.").format(path=path, cause=cause(error))) from None


def _objection(name: str, value: object) -> str:
    """What is wrong with one value, "" if nothing is."""
    if name in _SWITCHES:
        return "" if isinstance(value, bool) else _("write true or false, without quotation marks.")
    if name == "pictures":
        fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_PICTURE
        return "" if fits else _("write a number from {least} to {most}.").format(least=0, most=LARGEST_PICTURE)
    if name == "scale":
        fits = value == 0 or (isinstance(value, int) and SCALES[0] <= value <= SCALES[-1])
        words = _("write 0 or a number from {least} to {most}.").format(least=SCALES[0], most=SCALES[-1])
        return "" if fits and not isinstance(value, bool) else words
    if not isinstance(value, str):
        return _("write a text in quotation marks.")
    choices = {"theme": THEMES, "language": tuple(LANGUAGES), "file_limits": FILE_LIMITS}.get(name, (value,))
    if value not in choices:
        return _("write one of {names}.").format(names=", ".join(choices))
    if name == "window" and value and not _PLACE.fullmatch(value):
        return _("write a size and a place, like 1180x760+40+30.")
    try:
        if name == "broker":
            parse_broker(value)
        elif name == "topic":
            normalise_topic(value)
    except EntryError as error:
        return str(error)
    return ""


def _is_broken(path: Path) -> bool:
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return True
    return False


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text.strip() else None


def _written(value: str | bool | int) -> str:
    return _quoted(value) if isinstance(value, str) else str(value).lower()


def _quoted(text: str) -> str:
    """A TOML basic string (TOML 1.0, section String)."""
    escapes = {'"': '\\"', "\\": "\\\\"}
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    signs = (escapes.get(sign, sign if sign.isprintable() else f"\\U{ord(sign):08X}") for sign in text)
    return f'"{"".join(signs)}"'
