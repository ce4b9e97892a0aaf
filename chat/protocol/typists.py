"""Who is writing a message right now."""

from chat.protocol import limits


class Typists:
    """What the others said of their typing, and when to say so of one's own."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}
        self._say_at = 0.0

    def typing(self, online: int, now: float) -> bool:
        """A person types here. Says whether the others, of whom so many are here, are to be told (again)."""
        if now < self._say_at or not 0 < online <= limits.TYPING_MEMBERS:
            return False
        self._say_at = now + limits.TYPING_PAUSE_SECONDS
        return True

    def sent(self) -> None:
        """What was typed here is sent, so the next word is told at once."""
        self._say_at = 0.0

    def heard(self, device: bytes, now: float) -> bool:
        """Another member types. Says whether that is new."""
        is_new = device not in self._until
        self._until[device] = now + limits.TYPING_SECONDS
        return is_new

    def stopped(self, device: bytes) -> bool:
        """A member said what it typed, or has gone. Says whether that changes anything."""
        return self._until.pop(device, None) is not None

    def tick(self, now: float) -> bool:
        """Forget those who stopped without a word. Says whether there were any."""
        silent = [device for device, until in self._until.items() if until <= now]
        for device in silent:
            del self._until[device]
        return bool(silent)

    def due(self) -> float | None:
        """When `tick` has something to do (monotonic seconds)."""
        return min(self._until.values(), default=None)

    @property
    def devices(self) -> list[bytes]:
        """Who is typing, the first to begin first."""
        return list(self._until)
