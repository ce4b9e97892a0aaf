"""A hybrid logical clock: it follows the computer's clock and never runs backwards, not even when that one does.

A clock value is one integer: milliseconds since 1970 shifted left by 16 bits, plus a counter for what happens within one
millisecond (Kulkarni et al., "Logical Physical Clocks", 2014, with both parts in 64 bits). Values of different members may be
compared; together with device and sequence number they give the conversation its order.
"""

from dataclasses import dataclass
from typing import Final

from chat.protocol.limits import CLOCK_ADOPT_MS, CLOCK_TRUST_MS

_COUNTER_BITS: Final = 16
LARGEST: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, as whoever runs the protocol reads it: `monotonic` for waiting (seconds), `wall` for people (Unix seconds)."""

    monotonic: float
    wall: float


def next_clock(previous: int, wall: float) -> int:
    """The value for an event of one's own at `wall` (Unix seconds), later than `previous`."""
    return min(max(previous + 1, _milliseconds(wall) << _COUNTER_BITS), LARGEST)


def adopt_clock(own: int, heard: int, wall: float) -> int:
    """One's own clock after hearing another's: the later one, unless that is too far ahead of this computer's clock."""
    return max(own, heard) if _lead(heard, wall) <= CLOCK_ADOPT_MS else own


def is_believable(heard: int, wall: float) -> bool:
    """Whether a value is near or before this computer's time, so that people may be shown it as a time."""
    return _lead(heard, wall) <= CLOCK_TRUST_MS


def clock_seconds(clock: int) -> float:
    """A clock value as Unix seconds."""
    return (clock >> _COUNTER_BITS) / 1000


def _lead(heard: int, wall: float) -> int:
    return (heard >> _COUNTER_BITS) - _milliseconds(wall)


def _milliseconds(wall: float) -> int:
    return max(0, int(wall * 1000))
