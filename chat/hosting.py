"""A broker on this computer, started on a thread of its own because that takes a moment."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chat.errors import BrokerError

if TYPE_CHECKING:
    from chat.broker import EmbeddedBroker

PORTS: Final = (1883, 11883, 21883)
"""The first that is free is taken."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """The broker runs, or why it does not."""

    broker: "EmbeddedBroker | None"
    sentence: str = ""


def host(tell: Callable[[Hosted], object]) -> None:
    """Start a broker; `tell` is called on another thread."""
    threading.Thread(target=lambda: tell(_start()), name="broker start", daemon=True).start()


def _start() -> Hosted:
    from chat.broker import EmbeddedBroker

    sentence = ""
    for port in PORTS:
        broker = EmbeddedBroker(port)
        try:
            broker.start()
        except BrokerError as error:
            sentence = str(error)
        else:
            return Hosted(broker)
    return Hosted(None, sentence)
