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

SHOWN_BEFORE: Final = 20
"""Messages of before that a terminal shows when a room is entered."""
FOLDED_STEP: Final = 100
GAPS: Final = 3
"""Gaps that are told one by one."""
_COLOURS: Final = (Fore.RED, Fore.GREEN, Fore.YELLOW, Fore.BLUE, Fore.MAGENTA, Fore.CYAN, Fore.LIGHTRED_EX, Fore.LIGHTCYAN_EX)
_CHANGED: Final = "(another key than before!)"


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
        place = f"{clean_line(event.topic)} at {event.broker.place}"
        self.remark(f"In {place} as {event.username}. Room fingerprint {event.fingerprint}.")

    def link(self, event: LinkChanged) -> None:
        self.remark(f"{event.sentence} ({event.security})" if event.link is Link.CONNECTED else event.sentence)

    def page(self, messages: Sequence[tuple[Message, Delivery | None]]) -> None:
        """At a terminal, the last of what was said before; a pipe gets only what is new."""
        if self._interactive:
            for message, _ in messages[-SHOWN_BEFORE:]:
                self.message(message)

    def message(self, message: Message) -> None:
        then, now = time.localtime(message.time), time.localtime()
        stamp = time.strftime("%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)
        mark = f" {_CHANGED}" if message.trust is Trust.CHANGED else ""
        if message.newer:
            text = "(a kind of message that needs a newer version of this program)"
        elif message.retracted:
            text = "(deleted)"
        else:
            text = indented(message.text).lstrip(" ")
        self.line(f"{self.dim(stamp)} {self._name(message.device, message.name)}{mark}: {text}")

    def changed(self, message: Message) -> None:
        if message.retracted:
            self.remark(f"{clean_line(message.name)} deleted a message.")
        elif message.edited:
            self.remark(f"{clean_line(message.name)} changed a message to: {clean_text(message.text)[0]}")
        for reaction in message.reactions:
            names = ", ".join(map(clean_line, reaction.names))
            self.remark(f"{clean_line(reaction.emoji)} from {names}: {clean_line(message.text, 60)}")

    def not_sent(self, event: DeliveryChanged, text: str) -> None:
        self.line(f"Not sent: {event.reason}\n{indented(text)}")

    def found(self, event: Found) -> None:
        for message in reversed(event.messages):
            self.message(message)
        self.remark(f"{len(event.messages)} found.")

    def gaps(self, gaps: Sequence[Gap]) -> None:
        for gap in gaps[:GAPS]:
            self.remark(f"{gap.count:,} messages from {clean_line(gap.name)} are missing; nobody who is here has them.")

    def folded(self, state: RoomState, event: MessagesFolded) -> None:
        told = state.folded.get(event.device, 0)
        if event.count < told or told == 0 or event.count >= told + FOLDED_STEP:
            state.folded[event.device] = event.count
            self.remark(f"{event.count} more from {clean_line(event.name)}, too fast to show")

    def members(self, state: RoomState, members: tuple[Member, ...]) -> None:
        before = {member.device for member in state.members if member.online}
        for member in members:
            if not member.own and member.online != (member.device in before):
                self.remark(f"{clean_line(member.name)} {'is here' if member.online else 'has left'}")
        state.members = members

    def who(self, state: RoomState) -> None:
        for member in state.members:
            where = "you" if member.own else "here" if member.online else "away"
            mark = f"  {_CHANGED}" if member.trust is Trust.CHANGED else ""
            self.line(f"{self._name(member.device, member.name)}  {where}  {member.fingerprint}{mark}")
        self.remark(f"{state.foreign} foreign packets ignored")

    def rooms(self, rooms: Sequence[RoomSummary], current: str) -> None:
        for number, room in enumerate(rooms, 1):
            here = "you are here" if room.room == current else f"{room.unread} unread"
            online = f"{room.online} online" if room.link is Link.CONNECTED else room.link.value
            self.line(f"{number}  {clean_line(room.topic)} at {room.broker.place} as {clean_line(room.name)}  {here}, {online}")

    def _name(self, device: str, name: str) -> str:
        shown = clean_line(name)
        return f"{_COLOURS[zlib.crc32(device.encode()) % len(_COLOURS)]}{shown}{Style.RESET_ALL}" if self._colour else shown


def indented(text: str) -> str:
    """A text from outside, whole, with every line set in, so that none can pass for a line of the console's own."""
    return "\n".join(f"      {line}" for line in clean_text(text, sys.maxsize, sys.maxsize)[0].split("\n"))
