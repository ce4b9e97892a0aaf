"""The time, as the protocol takes it."""

import time

from chat.protocol.clock import Moment


def now() -> Moment:
    """Now, by this computer's clocks."""
    return Moment(time.monotonic(), time.time())
