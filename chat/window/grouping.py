"""Which rows belong together: those of one sender without a long pause, and those of one day."""

import time
from collections.abc import Sequence
from typing import Final

from chat.dates import long_date
from chat.window.rows import Row
from chat.words import _

PAUSE: Final = 600
"""After so many seconds a sender's next message begins a new group."""


def continues(rows: Sequence[Row], place: int) -> bool:
    """Whether the row after this one is the same sender's, without a long pause."""
    if place < 0 or place + 1 >= len(rows):
        return False
    above, below = rows[place].message, rows[place + 1].message
    return above is not None and below is not None and above.device == below.device and abs(below.time - above.time) < PAUSE


def day_before(rows: Sequence[Row], place: int) -> str:
    """The heading of the day that begins with a row, "" if none does."""
    message = rows[place].message if place < len(rows) else None
    if message is None:
        return ""
    before = next((rows[above].message for above in range(place - 1, -1, -1) if rows[above].message), None)
    if before is not None and time.localtime(before.time)[:3] == time.localtime(message.time)[:3]:
        return ""
    return day_name(message.time, time.time())


def day_name(seconds: float, now: float) -> str:
    """The heading of a day: Today, Yesterday, or its date."""
    day = time.localtime(seconds)[:3]
    if day == time.localtime(now)[:3]:
        return _("Today")
    if day == time.localtime(now - 86_400)[:3]:
        return _("Yesterday")
    return long_date(time.localtime(seconds))
