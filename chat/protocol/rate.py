"""The token bucket that limits how fast messages go out and come in."""


class TokenBucket:
    """Allows `burst` at once and `per_second` in the long run. Times are monotonic seconds."""

    def __init__(self, burst: int, per_second: float, now: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._tokens = float(burst)
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Take one token if there is one."""
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def ready_at(self, now: float) -> float:
        """When the next token is there: `now` or later."""
        self._fill(now)
        return now + max(0.0, 1 - self._tokens) / self._per_second

    def _fill(self, now: float) -> None:
        gained = max(0.0, now - self._filled_at) * self._per_second
        # Rounded so that a bucket asked exactly at `ready_at` has its whole token in spite of binary fractions.
        self._tokens = min(float(self._burst), round(self._tokens + gained, 9))
        self._filled_at = max(now, self._filled_at)
