"""Reads the command line and starts one face. Each face is imported only when it is asked for."""

import argparse
import getpass
import importlib.util
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from chat import __version__
from chat.address import normalise_topic
from chat.config import Places, Settings, find_places, load_settings
from chat.errors import ChatError, EntryError
from chat.events import Join

PASSPHRASE_VARIABLE: Final = "MQTT_CHAT_PASSPHRASE"  # noqa: S105
PASSWORD_VARIABLE: Final = "MQTT_CHAT_BROKER_PASSWORD"  # noqa: S105
DEFAULT_PORT: Final = 1883
WITHOUT_PROGRESS_SECONDS: Final = 30.0


def run(arguments: list[str], no_tkinter: str) -> int:
    """Carry out one command line; gives the exit code. `no_tkinter` is the sentence for a Python without it."""
    options = _parser().parse_args(arguments)
    try:
        return _start(options, no_tkinter)
    except ChatError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--broker", metavar="URL", help="mqtts://, mqtt://, wss:// or ws://, with user@ if the broker wants one")
    common.add_argument("--topic", metavar="T", help="the topic of the room")
    common.add_argument("--username", metavar="U", help="the name that the others see")
    common.add_argument(
        "--passphrase-file", metavar="F", type=Path, help=f"a file whose first line is the passphrase (or set {PASSPHRASE_VARIABLE})"
    )
    common.add_argument("--ca-file", metavar="F", help="the CA that signed the broker's certificate (PEM)")
    common.add_argument("--certificate", metavar="F", help="a client certificate (PEM)")
    common.add_argument("--key-file", metavar="F", help="its key, if it is in another file")
    common.add_argument("--data-dir", metavar="D", type=Path, help="keep everything in this folder")
    parser = argparse.ArgumentParser(prog="main.py", description="A private chat over any MQTT broker.", parents=[common])
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="without a command, the window opens; commands")
    commands.add_parser("console", parents=[common], help="the room in this terminal")
    send = commands.add_parser("send", parents=[common], help="send one message and exit once the broker has it")
    send.add_argument("text", metavar="TEXT", help="the message, or - to send each line of the standard input")
    send.add_argument(
        "--timeout", metavar="S", type=float, default=WITHOUT_PROGRESS_SECONDS, help="give up after S seconds without progress"
    )
    listen = commands.add_parser("listen", parents=[common], help="print what arrives, a line each")
    listen.add_argument("--json", action="store_true", help="one JSON object a line")
    listen.add_argument("--count", metavar="N", type=int, help="exit after N messages")
    host = commands.add_parser("host", parents=[common], help="run a broker on this computer")
    host.add_argument("--port", metavar="N", type=int, default=DEFAULT_PORT, help=f"the port to listen on (default {DEFAULT_PORT})")
    commands.add_parser("demo", help="two windows that talk through a broker on this computer, with nothing left behind")
    return parser


def _start(options: argparse.Namespace, no_tkinter: str) -> int:
    if options.command in (None, "demo") and importlib.util.find_spec("tkinter") is None:
        raise ChatError(no_tkinter)
    if options.command == "demo":
        from chat.demo import run_demo

        return run_demo()
    if options.command == "host":
        return _host(options.port)
    places = find_places(getattr(options, "data_dir", None))
    settings = _settings(places, options)
    if options.command is None:
        from chat.client import run_window

        return run_window(settings, places)
    join = _join(settings, options)
    match options.command:
        case "console":
            from chat.console import Console

            return Console(join, places.data, sys.stdin, sys.stdout).run()
        case "send":
            from chat.scripting import send

            send(join, places.data, _texts(options.text), options.timeout)
        case "listen":
            from chat.scripting import listen

            listen(join, places.data, options.json, options.count, sys.stdout)
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
    username = settings.username or getpass.getuser()
    passphrase = _passphrase(getattr(options, "passphrase_file", None))
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None and address.user and options.command == "console" and sys.stdin.isatty():
        password = getpass.getpass(f"Password of {address.user} at {address.place} (Return: the one kept): ") or None
    return Join(address, topic, username, passphrase, password)


def _passphrase(file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").splitlines()[0]
        except OSError as error:
            raise EntryError("passphrase", f"The file {file} can't be read: {error.strerror}.") from None
        except (IndexError, UnicodeDecodeError):
            raise EntryError("passphrase", f"The first line of {file} is to be the passphrase.") from None
    if passphrase := os.environ.get(PASSPHRASE_VARIABLE):
        return passphrase
    if not sys.stdin.isatty():
        raise EntryError("passphrase", f"Give the passphrase with --passphrase-file or in {PASSPHRASE_VARIABLE}.")
    return getpass.getpass("Passphrase: ")


def _texts(text: str) -> Iterator[str]:
    return (line.rstrip("\n") for line in sys.stdin) if text == "-" else iter([text])


def _host(port: int) -> int:
    from chat.broker import EmbeddedBroker

    if not 1 <= port <= 65534:
        raise ChatError("A port is a number from 1 to 65534.")
    broker = EmbeddedBroker(port)
    broker.start()
    try:
        print("A broker runs on this computer. On the other computers, type one of these as the broker:")
        for url in broker.urls():
            print(f"  {url}")
        print(f"On this computer: {broker.own_url}")
        print("Everyone who can reach this computer may connect, and reads nothing without the passphrase. Ctrl-C ends it.", flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.pause() if hasattr(signal, "pause") else input()
    except KeyboardInterrupt:
        pass
    finally:
        broker.stop()
    return 0
