"""Which parts of the conversation were asked for, and which of the pages that come belong to what is shown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from chat.events import Page, PageKind
from chat.window.rows import Order

_JUMPS: Final = frozenset({PageKind.LAST, PageKind.AROUND})


@dataclass(slots=True)
class Paging:
    """How to ask for what is not loaded. A page answers each question, in the order of the questions."""

    older: Callable[[Order], object]
    newer: Callable[[Order], object]
    around: Callable[[Order | None], object]
    """None asks for the end."""
    aim: Order | None = None
    """Where the next page of the kind AROUND is to lead."""
    _asked: set[PageKind] = field(default_factory=set)
    _outdated: set[PageKind] = field(default_factory=set)
    """Pages that are on their way, but belong to rows that are not there any more."""

    def extend(self, kind: PageKind, order: Order) -> None:
        """Ask for OLDER or NEWER, unless that or another part of the conversation is on its way already."""
        if self._asked & (_JUMPS | {kind}):
            return
        self._asked.add(kind)
        (self.older if kind is PageKind.OLDER else self.newer)(order)

    def jump(self, order: Order | None) -> None:
        """Ask for another part of the conversation, or its end."""
        kind = PageKind.LAST if order is None else PageKind.AROUND
        if kind in self._asked and order in (None, self.aim):
            return
        self._asked.add(kind)
        self.aim = order if order is not None else self.aim
        self.around(order)

    def accept(self, page: Page) -> bool:
        """Note that a page came; whether it belongs to what is shown."""
        self._asked.discard(page.kind)
        if page.kind in self._outdated:
            self._outdated.discard(page.kind)
            return False
        if page.kind in _JUMPS:
            self._outdated = self._asked - _JUMPS
            self._asked &= _JUMPS
        return True

    def take_over(self, old: "Paging") -> None:
        """Go on where another one was."""
        self.aim, self._asked, self._outdated = old.aim, old._asked, old._outdated
