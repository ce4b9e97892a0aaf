"""Messages for the tests of the window, and what a person asked for there."""

import functools
from typing import Any

from chat.events import Message, Page, PageKind, Trust
from chat.window.chat_view import Wishes

NOON = 1_790_000_000.0


def message(
    number: int, text: str = "", *, device: str = "b0b", own: bool = False, time: float = 0.0, trust: Trust = Trust.PINNED, **more: Any
) -> Message:
    """A message whose place in the conversation is its number."""
    return Message(
        key=f"{device}-{number}", device=device, name=f"Name of {device}", own=own, text=text or f"message {number}",
        time=time or NOON + min(number, 100_000), order=(number, device, number), trust=trust, **more,
    )  # fmt: skip


def page(kind: PageKind, numbers: range, *, before: bool = False, after: bool = False) -> Page:
    """A page of messages with these numbers."""
    return Page(kind, tuple((message(number), None) for number in numbers), before, after)


class Asked(list[tuple[Any, ...]]):
    """Everything that was asked for, each with its name and arguments."""

    def wishes(self) -> Wishes:
        """Wishes that are noted here."""
        return Wishes(**{name: functools.partial(self._note, name) for name in Wishes.__dataclass_fields__})

    def _note(self, name: str, *what: object) -> str:
        self.append((name, *what))
        return ""

    def of(self, name: str) -> list[Any]:
        """The arguments of each wish of a name; one argument as itself."""
        return [what[0] if len(what) == 1 else what for called, *what in self if called == name]
