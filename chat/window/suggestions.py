"""What the message box offers while one types: commands after a slash, members after an @, emoji after a colon."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chat.events import Member
from chat.slash import WINDOW
from chat.text import clean_line
from chat.window.emoji_names import search
from chat.words import _

MOST: Final = 10
_LONGEST: Final = 64
"""Signs before the cursor that are looked at."""
_MEMBER: Final = re.compile(r"(?:^|(?<=[\s(]))@([^@]*)$")
_EMOJI: Final = re.compile(r"(?:^|(?<=\s)):([a-z0-9_+-]{2,})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is put in the place of what was typed, and what the list shows: a name, a few words, and an emoji."""

    text: str
    name: str
    words: str = ""
    emoji: str = ""


def suggest(before: str, members: Sequence[Member]) -> tuple[int, list[Suggestion]]:
    """How many of the signs before the cursor the suggestions replace, and at most `MOST` of them, the best first.

    `before` is what stands in the line before the cursor.
    """
    if before.startswith("/"):
        return len(before), _commands(before)
    before = before[-_LONGEST:]
    if found := _EMOJI.search(before):
        return len(found[0]), [Suggestion(emoji.sequence, emoji.name, "", emoji.sequence) for emoji in search(found[1])[:MOST]]
    if found := _MEMBER.search(before):
        return len(found[0]), _members(found[1], members)
    return 0, []


def _commands(typed: str) -> list[Suggestion]:
    fitting = [command for command in WINDOW if command.name.startswith(typed.casefold())]
    return [
        Suggestion(command.name + (" " if command.argument else ""), f"{command.name} {command.argument}".rstrip(), _(command.words))
        for command in fitting[:MOST]
    ]


def _members(typed: str, members: Sequence[Member]) -> list[Suggestion]:
    wanted = typed.casefold()
    here: dict[str, bool] = {}
    for member in members:
        name = clean_line(member.name)
        if not member.own and name and any(part.startswith(wanted) for part in (name.casefold(), *name.casefold().split())):
            here[name] = here.get(name, False) or member.online
    ordered = sorted(here, key=lambda name: (not here[name], name.casefold()))
    return [Suggestion(f"@{name} ", name, _("online") if here[name] else _("away")) for name in ordered[:MOST]]
