"""The commands that one types after a slash, in the terminal and in the window."""

import difflib
from dataclasses import dataclass
from typing import Final

from chat.text import clean_line
from chat.words import _, marked


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """`argument` shows what may follow the name; `words` say what it does."""

    name: str
    argument: str
    words: str
    window: bool = False
    terminal: bool = True


COMMANDS: Final = (
    SlashCommand("/who", "", marked("who is here, with fingerprints"), window=True),
    SlashCommand("/topic", "[T]", marked("show the topic, or go to another one")),
    SlashCommand("/broker", "[URL]", marked("show the broker, or go to another one")),
    SlashCommand("/rooms", "[N]", marked("show your rooms, or go into one"), window=True),
    SlashCommand("/join", "T [URL]", marked("enter one more room; the next line is its passphrase")),
    SlashCommand("/join", "[T]", marked("enter one more room"), window=True, terminal=False),
    SlashCommand("/leave", "", marked("leave this room, and forget it"), window=True),
    SlashCommand("/mute", "", marked("keep quiet about this room"), window=True, terminal=False),
    SlashCommand("/unmute", "", marked("tell about new messages here again"), window=True, terminal=False),
    SlashCommand("/reply", "…", marked("answer the last message of another member")),
    SlashCommand("/react", "…", marked("put an emoji under it")),
    SlashCommand("/edit", "…", marked("edit your last message")),
    SlashCommand("/delete", "", marked("delete your last message")),
    SlashCommand("/retry", "", marked("send again what the broker refused")),
    SlashCommand("/send", "PATH", marked("offer a file to the room")),
    SlashCommand("/send", "[PATH]", marked("offer a file to the room"), window=True, terminal=False),
    SlashCommand("/files", "", marked("the files that were offered here, with their numbers")),
    SlashCommand("/accept", "N [FOLDER]", marked("receive a file")),
    SlashCommand("/pause", "N", marked("receive or send it later")),
    SlashCommand("/resume", "N", marked("go on with it")),
    SlashCommand("/decline", "N", marked("do not receive it, or offer it no more")),
    SlashCommand("/search", "…", marked('find messages: words, "phrases", from:name, since:2026-11-01, since:7d'), window=True),
    SlashCommand("/keep", "N", marked("keep the conversation for N days; all and 0 are possible too")),
    SlashCommand("/delete-data", "[yes]", marked("leave, and delete what this computer keeps of the room")),
    SlashCommand("/settings", "", marked("open the settings"), window=True, terminal=False),
    SlashCommand("/theme", "system | light | dark", marked("another look"), window=True, terminal=False),
    SlashCommand("/help", "", marked("this list")),
    SlashCommand("/help", "", marked("every key"), window=True, terminal=False),
    SlashCommand("/quit", "", marked("leave")),
)
WINDOW: Final = tuple(command for command in COMMANDS if command.window)
TERMINAL: Final = tuple(command for command in COMMANDS if command.terminal)


def split_command(text: str) -> tuple[str, str]:
    """The command and its argument, or "" and the message that the text is; one that begins with two slashes begins with one."""
    if text.startswith("//"):
        return "", text[1:]
    if not text.startswith("/"):
        return "", text
    name, *rest = text.split(maxsplit=1)
    return name, rest[0].strip() if rest else ""


def as_typed(message: str) -> str:
    """What to type for a message, so that none is taken for a command."""
    return f"/{message}" if message.startswith("/") else message


def as_place(argument: str, count: int) -> int:
    """The number from 1 to `count` that an argument is, or 0. Python refuses to read numbers of thousands of digits."""
    is_number = argument.isascii() and argument.isdecimal() and len(argument) <= len(str(count))
    return int(argument) if is_number and int(argument) <= count else 0


def refusal(name: str, argument: str, known: tuple[SlashCommand, ...]) -> str:
    """Why a command is not done: there is none of this name, or it has words after it that can't be meant for it. "" if it may be."""
    command = next((command for command in known if command.name == name), None)
    if command is None:
        return no_such_command(name, known)
    # Otherwise "/leave the keys with me" would leave the room.
    return _("Nothing can follow {command}.").format(command=name) if argument and not command.argument else ""


def no_such_command(name: str, known: tuple[SlashCommand, ...]) -> str:
    """A sentence about a command that there is not, with the one that was perhaps meant."""
    near = difflib.get_close_matches(name[:40], [command.name for command in known], 1)
    if near:
        return _("There is no command {command}. Did you mean {other}?").format(command=clean_line(name, 40), other=near[0])
    return _("There is no command {command}. /help lists them.").format(command=clean_line(name, 40))
