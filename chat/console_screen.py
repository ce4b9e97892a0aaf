"""What the terminal shows of rooms: events as lines of text, with names in colour, or plain on a pipe."""

import sys
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from colorama import Fore, Style

from chat.events import (
    Delivery,
    DeliveryChanged,
    Entered,
    Found,
    Gap,
    Link,
    LinkChanged,
    Member,
    Message,
    MessagesFolded,
    RoomSummary,
    Trust,
)
from chat.text import clean_line, clean_text
from chat.words import _, digits, many, marked

SHOWN_BEFORE: Final = 20
"""Messages of before that a terminal shows when a room is entered."""
FOLDED_STEP: Final = 100
GAPS: Final = 3
"""Gaps that are told one by one."""
_COLOURS: Final = (Fore.RED, Fore.GREEN, Fore.YELLOW, Fore.BLUE, Fore.MAGENTA, Fore.CYAN, Fore.LIGHTRED_EX, Fore.LIGHTCYAN_EX)
_CHANGED: Final = marked("(another key than before!)")


@dataclass(slots=True)
class RoomState:
    """What the terminal must know of one room."""

    topic: str = ""
    link: Link = Link.CONNECTING
    members: tuple[Member, ...] = ()
    foreign: int = 0
    folded: dict[str, int] = field(default_factory=dict)
    """How many of a device's folded messages were told, by device."""
    last_own: str = ""
    last_other: str = ""
    """The keys of the messages that commands are about."""
    refused: list[str] = field(default_factory=list)


class Screen:
    """Writes with `write`, which is given whole lines. `label` names the room when it is not the one a person is in."""

    def __init__(self, write: Callable[[str], None], *, colour: bool, interactive: bool) -> None:
        self._write = write
        self._colour = colour
        self._interactive = interactive
        self.label = ""

    def line(self, text: str) -> None:
        """A line as it stands."""
        self._write(self.dim(f"[{self.label}] ") + text if self.label else text)

    def remark(self, text: str) -> None:
        """A line that is no message."""
        self.line(self.dim(text))

    def dim(self, text: str) -> str:
        return f"{Style.DIM}{text}{Style.RESET_ALL}" if self._colour else text

    def entered(self, event: Entered) -> None:
        words = _("You are in {topic} at {place} as {name}. The room’s fingerprint: {fingerprint}")
        place = event.broker.place
        self.remark(words.format(topic=clean_line(event.topic), place=place, name=event.username, fingerprint=event.fingerprint))

    def link(self, event: LinkChanged) -> None:
        self.remark(f"{event.sentence} ({event.security})" if event.link is Link.CONNECTED else event.sentence)

    def page(self, messages: Sequence[tuple[Message, Delivery | None]]) -> None:
        """At a terminal, the last of what was said before; a pipe gets only what is new."""
        if self._interactive:
            for message, _delivery in messages[-SHOWN_BEFORE:]:
                self.message(message)

    def message(self, message: Message) -> None:
        then, now = time.localtime(message.time), time.localtime()
        stamp = time.strftime("%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)
        mark = f" {_(_CHANGED)}" if message.trust is Trust.CHANGED else ""
        if message.newer:
            text = _("(this message needs a newer version of this program)")
        elif message.retracted:
            text = _("(deleted)")
        else:
            text = indented(message.text).lstrip(" ")
        self.line(f"{self.dim(stamp)} {self._name(message.device, message.name)}{mark}: {text}")

    def changed(self, message: Message) -> None:
        if message.retracted:
            self.remark(_("{name} deleted a message.").format(name=clean_line(message.name)))
        elif message.edited:
            words = _("{name} changed a message to: {text}")
            self.remark(words.format(name=clean_line(message.name), text=clean_text(message.text)[0]))
        for reaction in message.reactions:
            words = _("{emoji} from {names}: {text}")
            names = ", ".join(map(clean_line, reaction.names))
            self.remark(words.format(emoji=clean_line(reaction.emoji), names=names, text=clean_line(message.text, 60)))

    def not_sent(self, event: DeliveryChanged, text: str) -> None:
        self.line(_("Not sent: {sentence}").format(sentence=event.reason) + f"\n{indented(text)}")

    def found(self, event: Found) -> None:
        for message in reversed(event.messages):
            self.message(message)
        self.remark(_("{count} found.").format(count=digits(len(event.messages))))

    def gaps(self, gaps: Sequence[Gap]) -> None:
        for gap in gaps[:GAPS]:
            words = many("{count} message from {name} is missing.", "{count} messages from {name} are missing.", gap.count)
            told = (words.format(count=digits(gap.count), name=clean_line(gap.name)), _("Nobody who is here has what is missing."))
            self.remark(" ".join(told))

    def folded(self, state: RoomState, event: MessagesFolded) -> None:
        told = state.folded.get(event.device, 0)
        if event.count < told or told == 0 or event.count >= told + FOLDED_STEP:
            state.folded[event.device] = event.count
            self.remark(_("{count} more from {name}, too fast to show").format(count=digits(event.count), name=clean_line(event.name)))

    def members(self, state: RoomState, members: tuple[Member, ...]) -> None:
        before = {member.device for member in state.members if member.online}
        for member in members:
            if not member.own and member.online != (member.device in before):
                words = _("{name} is here") if member.online else _("{name} has left")
                self.remark(words.format(name=clean_line(member.name)))
        state.members = members

    def who(self, state: RoomState) -> None:
        for member in state.members:
            where = _("you") if member.own else _("here") if member.online else _("away")
            mark = f"  {_(_CHANGED)}" if member.trust is Trust.CHANGED else ""
            self.line(f"{self._name(member.device, member.name)}  {where}  {member.fingerprint}{mark}")
        words = many("{count} foreign packet ignored", "{count} foreign packets ignored", state.foreign)
        self.remark(words.format(count=digits(state.foreign)))

    def rooms(self, rooms: Sequence[RoomSummary], current: str) -> None:
        for number, room in enumerate(rooms, 1):
            here = _("you are here") if room.room == current else _("{count} unread").format(count=digits(room.unread))
            online = _("{count} online").format(count=room.online) if room.link is Link.CONNECTED else _("not connected")
            where = _("{topic} at {place} as {name}")
            place = where.format(topic=clean_line(room.topic), place=room.broker.place, name=clean_line(room.name))
            self.line(f"{number}  {place}  {here}, {online}")

    def _name(self, device: str, name: str) -> str:
        shown = clean_line(name)
        return f"{_COLOURS[zlib.crc32(device.encode()) % len(_COLOURS)]}{shown}{Style.RESET_ALL}" if self._colour else shown


def indented(text: str) -> str:
    """A text from outside, whole, with every line set in, so that none can pass for a line of the console's own."""
    return "\n".join(f"      {line}" for line in clean_text(text, sys.maxsize, sys.maxsize)[0].split("\n"))
