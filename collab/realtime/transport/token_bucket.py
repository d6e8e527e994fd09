"""How many messages, frames or bytes a socket may send."""

from __future__ import annotations

import time


class Bucket:
    """A token bucket: allows `rate` a second, and equally many at once."""

    def __init__(self, rate: int) -> None:
        self._rate, self._left, self._at = rate, float(rate), time.monotonic()

    def take(self, count: int = 1) -> bool:
        """Count some; return whether they are within the rate."""
        return self.owed(count) == 0

    def give_back(self, count: int) -> bool:
        """Count fewer; return whether everything is within the rate then."""
        self._left = min(self._rate, self._left + count)
        return self._left >= 0

    def owed(self, count: int = 1) -> float:
        """Count some; return the seconds after which they are within the rate."""
        now = time.monotonic()
        # It may go below zero: any excess is owed, and delays what comes next.
        self._left = min(self._rate, self._left + (now - self._at) * self._rate) - count
        self._at = now
        return max(0.0, -self._left / self._rate)
