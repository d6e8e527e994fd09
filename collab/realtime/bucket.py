"""How many messages a socket may send."""

from __future__ import annotations

import time


class Bucket:
    """A token bucket: allows `rate` messages a second, and as many at once."""

    def __init__(self, rate: int) -> None:
        self._rate, self._left, self._at = rate, float(rate), time.monotonic()

    def wait(self) -> None:
        """Count one message; wait until it is within the rate."""
        if not self.take():
            time.sleep(-self._left / self._rate)

    def take(self) -> bool:
        """Count one message; tell whether it is within the rate."""
        now = time.monotonic()
        self._left = min(self._rate, self._left + (now - self._at) * self._rate) - 1
        self._at = now
        return self._left >= 0
