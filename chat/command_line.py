"""Reads the command line and starts one face. Each face is imported only when it is asked for."""

import argparse
import getpass
import importlib.util
import io
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from chat import __version__
from chat.address import normalise_topic
from chat.causes import cause
from chat.config import Places, Settings, find_places, load_settings
from chat.errors import BrokerError, ChatError, EntryError
from chat.events import Join
from chat.words import _, many, marked, speak

PASSPHRASE_VARIABLE: Final = "MQTT_CHAT_PASSPHRASE"  # noqa: S105
PASSWORD_VARIABLE: Final = "MQTT_CHAT_BROKER_PASSWORD"  # noqa: S105
DEFAULT_PORT: Final = 1883
WITHOUT_PROGRESS_SECONDS: Final = 30.0
LONGEST_SECONDS: Final = 1e6
HOST_CHECK_SECONDS: Final = 0.5
_OF_ARGPARSE: Final = (
    marked("usage: "),
    marked("options"),
    marked("positional arguments"),
    marked("show this help message and exit"),
    marked("%(prog)s: error: %(message)s\n"),
    marked("argument %(argument_name)s: %(message)s"),
    marked("expected one argument"),
    marked("ignored explicit argument %r"),
    marked("invalid %(type)s value: %(value)r"),
    marked("invalid choice: %(value)r (choose from %(choices)s)"),
    marked("ambiguous option: %(option)s could match %(matches)s"),
    marked("the following arguments are required: %s"),
    marked("unrecognized arguments: %s"),
)
"""What Python's own argparse may say about the options here."""


def run(arguments: list[str], no_tkinter: str) -> int:
    """Carry out one command line; gives the exit code. `no_tkinter` is the sentence for a Python without it."""
    for stream in (sys.stdin, sys.stdout):
        # A terminal or a pipe in another encoding shows a sign for what it can't, and ends nothing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    speak(_language(arguments))
    options = _parser().parse_args(arguments)
    if options.command in (None, "demo") and importlib.util.find_spec("_tkinter") is None:
        print(_(no_tkinter), file=sys.stderr)
        return 2
    try:
        return _start(options)
    except ChatError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read has gone; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, EOFError):
        return 130


def _language(arguments: list[str]) -> str:
    """The language in the settings, found before the rest of the command line is read, so that all of the rest is told in it."""
    early = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    early.add_argument("--data-dir", type=Path)
    try:
        return load_settings(find_places(early.parse_known_args(arguments)[0].data_dir).settings).language
    except (argparse.ArgumentError, ChatError):
        # Told when everything is read.
        return "system"


def _parser() -> argparse.ArgumentParser:
    # argparse would look its own words up in a catalogue that is not ours.
    vars(argparse).update(_=_, ngettext=many)
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--broker", metavar="URL", help=_("mqtts://, mqtt://, wss:// or ws://, with user@ if the broker wants one"))
    common.add_argument("--topic", metavar="T", help=_("the topic of the room"))
    common.add_argument("--username", metavar="U", help=_("the name that the others see"))
    words = _("a file whose first line is the passphrase (or set {variable})").format(variable=PASSPHRASE_VARIABLE)
    common.add_argument("--passphrase-file", metavar="F", type=Path, help=words)
    common.add_argument("--ca-file", metavar="F", help=_("the CA that signed the broker’s certificate (PEM)"))
    common.add_argument("--certificate", metavar="F", help=_("a client certificate (PEM)"))
    common.add_argument("--key-file", metavar="F", help=_("its key, if it is in another file"))
    common.add_argument("--data-dir", metavar="D", type=Path, help=_("keep everything in this folder"))
    parser = argparse.ArgumentParser(prog="main.py", description=_("A private chat over any MQTT broker."), parents=[common])
    parser.add_argument("--version", action="version", version=__version__, help=_("show the version"))
    commands = parser.add_subparsers(dest="command", metavar=_("COMMAND"), title=_("without a command, the window opens; commands"))
    commands.add_parser("console", parents=[common], help=_("the room in this terminal"))
    _add_send(commands.add_parser("send", parents=[common], help=_("send one message, and end once the broker has it")))
    _add_listen(commands.add_parser("listen", parents=[common], help=_("print what arrives, a line each")))
    host = commands.add_parser("host", help=_("run a broker on this computer"))
    words = _("the port to listen on (default {port})").format(port=DEFAULT_PORT)
    host.add_argument("--port", metavar="N", type=int, default=DEFAULT_PORT, help=words)
    commands.add_parser("demo", help=_("two windows that talk through a broker on this computer, and leave nothing behind"))
    return parser


def _add_send(parser: argparse.ArgumentParser) -> None:
    words = _("the message, or - for each line of the standard input, which no list of processes shows")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("text", metavar="TEXT", nargs="?", help=words)
    what.add_argument("--file", metavar="PATH", type=Path, help=_("offer this file, and end once the receivers have it"))
    parser.add_argument("--receivers", metavar="N", type=_positive_count, default=1, help=_("how many members are to have the file"))
    words = _("give up after S seconds without progress")
    parser.add_argument("--timeout", metavar="S", type=_positive_seconds, default=WITHOUT_PROGRESS_SECONDS, help=words)


def _add_listen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=_("one JSON object a line"))
    parser.add_argument("--count", metavar="N", type=_positive_count, help=_("end after N messages"))
    words = _("begin with what was said since then: 2026-11-01, 2026-11-01T18:00, today, 7d")
    parser.add_argument("--since", metavar="WHEN", type=_moment, help=words)


def _positive_seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(_("write a number above 0"))
    return seconds


def _positive_count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(_("write a number from 1 on"))
    return count


def _moment(text: str) -> float:
    from chat.search import read_moment

    moment = read_moment(text, time.time())
    if moment is None:
        raise argparse.ArgumentTypeError(_("write it like 2026-11-01, 2026-11-01T18:00, today or 7d"))
    return moment


def _start(options: argparse.Namespace) -> int:
    match options.command:
        case "demo":
            from chat.demo import run_demo

            return run_demo()
        case "host":
            return _host(options.port)
        case None:
            from chat.client import run_window

            places = find_places(getattr(options, "data_dir", None))
            return run_window(_settings(places, options), places)
        case _:
            return _start_in_terminal(options)


def _start_in_terminal(options: argparse.Namespace) -> int:
    places = find_places(getattr(options, "data_dir", None))
    settings = _settings(places, options)
    join = _join(settings, options)
    match options.command:
        case "console":
            from chat.console import Console

            return Console(join, places.data, settings.downloads_folder(), sys.stdin, sys.stdout).run()
        case "send":
            from chat.sending import send, send_file, send_lines

            if options.file is not None:
                send_file(join, places.data, options.file, options.receivers, options.timeout)
            elif options.text == "-":
                send_lines(join, places.data, sys.stdin, options.timeout)
            else:
                send(join, places.data, options.text, options.timeout)
        case "listen":
            from chat.listening import listen

            listen(join, places.data, options.json, options.count, options.since, sys.stdout)
    return 0


def _settings(places: Places, options: argparse.Namespace) -> Settings:
    given = {
        name: getattr(options, name)
        for name in ("broker", "topic", "username", "ca_file", "certificate", "key_file")
        if hasattr(options, name)
    }
    return replace(load_settings(places.settings), **given)


def _join(settings: Settings, options: argparse.Namespace) -> Join:
    address = settings.address()
    topic = normalise_topic(settings.topic)
    username = settings.username or _login_name()
    file = getattr(options, "passphrase_file", None)
    given = _given_passphrase(file)
    passphrase = _ask(_("Passphrase: ")) if given is None else given
    password = os.environ.get(PASSWORD_VARIABLE)
    # Who gives the passphrase without a prompt is a script, which must not stop at another one.
    if password is None and address.user and sys.stdin.isatty() and (given is None or options.command == "console"):
        password = (
            _ask(_("Password of {user} at {place} (Return takes the one kept): ").format(user=address.user, place=address.place)) or None
        )
    return Join(address, topic, username, passphrase, password)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):
        raise EntryError("username", _("Give the name that the others will see with --username.")) from None


def _given_passphrase(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(PASSPHRASE_VARIABLE) or None
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()[0]
    except OSError as error:
        raise EntryError("passphrase", _("The file {file} can’t be read: {cause}.").format(file=file, cause=cause(error))) from None
    except (IndexError, UnicodeDecodeError):
        raise EntryError("passphrase", _("Write the passphrase in the first line of {file}.").format(file=file)) from None


def _ask(prompt: str) -> str:
    if not sys.stdin.isatty():
        words = _("Give the passphrase with --passphrase-file, or in {variable}.")
        raise EntryError("passphrase", words.format(variable=PASSPHRASE_VARIABLE))
    return getpass.getpass(prompt)


def _host(port: int) -> int:
    from chat.broker import EmbeddedBroker

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    broker = EmbeddedBroker(port)
    try:
        broker.start()
        print(_("A broker runs on this computer. The others type one of these as the broker:"))
        for url in broker.urls():
            print(f"  {url}")
        print(_("On this computer: {url}").format(url=broker.own_url))
        print(_("Everyone in your network can connect to it. Without the passphrase, nobody can read the messages."))
        print(_("Ctrl-C ends it."), flush=True)
        while broker.running:
            time.sleep(HOST_CHECK_SECONDS)
    except KeyboardInterrupt:
        return 0
    finally:
        broker.stop()
    raise BrokerError(_("The broker on this computer ended. Start it again."))
