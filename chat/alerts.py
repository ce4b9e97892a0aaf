"""Which messages a person is told of outside the conversation, with which words, and when.

The decision alone: time is handed in (seconds of a clock that never goes back), and where and how it is shown is for others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chat.config import Settings
from chat.events import Message, Trust
from chat.text import clean_line
from chat.words import _, many

APPLICATION: Final = "Encrypted MQTT Chat"
ROOM_SECONDS: Final = 3.0
"""A room is told of at most this often; what is said meanwhile is told together."""
BELL_SECONDS: Final = 2.0
SKEW_SECONDS: Final = 120.0
"""What was said so long before the room was entered is still new: the clocks of computers differ."""
LONGEST_NAME: Final = 60
LONGEST_TEXT: Final = 160
MOST: Final = 1000
"""More messages are counted as so many."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What to show of a room. The texts are clean, short, and one line each, but still a stranger's: no markup is to be read in them.

    `name` is empty when there are several messages, or when names and words are not to be shown. `bell` says whether to ring.
    """

    room: str
    title: str
    name: str
    text: str
    bell: bool


@dataclass(frozen=True, slots=True)
class _Untold:
    """The last message in a room that nobody was told of, and how many there are."""

    message: Message
    count: int


class Alerts:
    """See the module. Rooms go by `Entered.room`."""

    def __init__(self) -> None:
        self._untold: dict[str, _Untold] = {}
        self._wait_until: dict[str, float] = {}
        self._quiet_until: float | None = None

    @property
    def waiting(self) -> bool:
        """Whether there may be something to tell."""
        return bool(self._untold)

    def heard(self, room: str, message: Message, entered_at: float) -> None:
        """Something was said. One's own messages are not told, nor what is deleted or from before `entered_at` (Unix seconds)."""
        if message.own or message.retracted or message.time < entered_at - SKEW_SECONDS:
            return
        before = self._untold.get(room)
        self._untold[room] = _Untold(message, 1 if before is None else min(before.count + 1, MOST))

    def take(self, topics: Mapping[str, str], settings: Settings, now: float) -> list[Alert]:
        """What to show now. `topics` has the rooms that may be told of; what was said in another one is not told later either."""
        alerts = []
        for room, untold in list(self._untold.items()):
            if room not in topics or not settings.notify:
                del self._untold[room]
            elif now >= self._wait_until.get(room, now):
                del self._untold[room]
                self._wait_until[room] = now + ROOM_SECONDS
                alerts.append(_alert(room, topics[room], untold, settings, bell=self._may_ring(settings, now)))
        return alerts

    def _may_ring(self, settings: Settings, now: float) -> bool:
        if not settings.sound or (self._quiet_until is not None and now < self._quiet_until):
            return False
        self._quiet_until = now + BELL_SECONDS
        return True


def _alert(room: str, topic: str, untold: _Untold, settings: Settings, *, bell: bool) -> Alert:
    counted = many("New message", "{count} new messages", untold.count).format(count=untold.count)
    if not settings.previews:
        return Alert(room, APPLICATION, "", counted, bell)
    title = clean_line(topic, LONGEST_NAME)
    words = _first_line(untold.message.text)
    if untold.count > 1 or not words:
        return Alert(room, title, "", counted, bell)
    name = clean_line(untold.message.name, LONGEST_NAME) or "?"
    if untold.message.trust is Trust.CHANGED:
        name = _("{name} (not the key first seen)").format(name=name)
    return Alert(room, title, name, words, bell)


def _first_line(text: str) -> str:
    return next((line for part in text[: 4 * LONGEST_TEXT].split("\n") if (line := clean_line(part, LONGEST_TEXT))), "")
