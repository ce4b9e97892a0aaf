"""What the message box offers while one types: commands after a slash, members after an @, emoji after a colon."""

import heapq
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
"""Signs before the cursor that are looked at, and signs of each name."""
_CLEANED: Final = 3 * MOST
"""Names that are cleaned at once. Some of them may come to the same, or to nothing."""
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
    names = ((member, member.name[:_LONGEST].casefold()) for member in members if not member.own)
    fitting = ((not member.online, name, member.name) for member, name in names if _begins(wanted, name))
    here: dict[str, bool] = {}
    # To clean a name that means harm takes long, so none is cleaned that can't show.
    for is_away, _folded, name in heapq.nsmallest(_CLEANED, fitting):
        here.setdefault(clean_line(name), not is_away)
    here.pop("", None)
    return [Suggestion(f"@{name} ", name, _("online") if here[name] else _("away")) for name in list(here)[:MOST]]


def _begins(wanted: str, name: str) -> bool:
    return name.startswith(wanted) or any(part.startswith(wanted) for part in name.split())
