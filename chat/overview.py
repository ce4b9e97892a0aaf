"""What a list of rooms says about one of them: its last message, and how many are unread. The session's thread owns it."""

from typing import Final

from chat.events import Message
from chat.history import History, Order

UNREAD: Final = 1000
"""More unread messages are counted as so many."""


class Overview:
    """See the module."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.last: Message | None = None
        self.unread = history.unread(UNREAD)

    def shown(self, message: Message) -> None:
        """A message that was not here before."""
        if message.own:
            self.read(message.order)
        elif message.order > self._history.read:
            self.unread = min(self.unread + 1, UNREAD)
        if self.last is None or message.order > self.last.order:
            self.last = message

    def changed(self, message: Message) -> None:
        """A message that looks different now."""
        if self.last is not None and self.last.key == message.key:
            self.last = message

    def read(self, order: Order) -> None:
        """The person has seen the conversation up to this message."""
        if order > self._history.read:
            self._history.mark_read(order)
            self.unread = self._history.unread(UNREAD)
