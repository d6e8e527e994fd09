"""How many bytes a person may send to others, over all connections and doors together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..core.errors import TooManyRequests

#: How many people are remembered before those with a full allowance are forgotten.
MAX_PEOPLE_REMEMBERED = 1024


class Allowance:
    """A token bucket of bytes for each person: `rate` bytes a second, and `burst` at once.

    People with anything left may send one message of any size, and owe the excess, but no more than
    a burst, so the bound on a message need not fit the burst.
    """

    def __init__(
        self, rate: int, burst: int, what: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._what, self._clock = rate, burst, what, clock
        self._lock = threading.Lock()
        #: Person -> the bytes left, and the time at which they were left.
        self._left: dict[int, tuple[float, float]] = {}

    def spend(self, user_id: int, size: int) -> None:
        """Count what a person sends; raises TooManyRequests, and then counts nothing."""
        wait = self.take(user_id, size)
        if wait:
            detail = f"More than {self._rate // 1024} KiB a second of {self._what}."
            raise TooManyRequests(detail, retry_after=round(wait + 0.5))

    def take(self, user_id: int, size: int) -> float:
        """Count what a person sends, and return 0; or the seconds until there is room for it."""
        with self._lock:
            left = self._now(user_id)
            if left <= 0:
                return max(-left, 1) / self._rate
            # Bounded below: one large message must not silence its sender for minutes.
            self._left[user_id] = (max(left - size, -self._burst), self._clock())
            return 0.0

    def owe(self, user_id: int, size: int) -> float:
        """Count unconditionally what a person has sent; return the seconds until it is paid off."""
        with self._lock:
            left = self._now(user_id) - size
            self._left[user_id] = (left, self._clock())
            return max(0.0, -left / self._rate)

    @property
    def remembered(self) -> int:
        """Return how many people are remembered."""
        return len(self._left)

    def _now(self, user_id: int) -> float:
        now = self._clock()
        if len(self._left) > MAX_PEOPLE_REMEMBERED:
            self._left = {
                # A full allowance is the same as never having sent anything.
                key: one
                for key, one in self._left.items()
                if self._grown(one, now) < self._burst
            }
        return self._grown(self._left.get(user_id, (self._burst, now)), now)

    def _grown(self, one: tuple[float, float], now: float) -> float:
        left, then = one
        return min(float(self._burst), left + (now - then) * self._rate)
