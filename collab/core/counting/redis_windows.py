"""The same counts in fixed windows of time, for all processes that share a Redis.

While Redis does not answer, each process counts for itself: nobody is locked out, and nobody is
without a limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..outbound.remote_redis import RemoteRedis
from .windows import MonotonicStorage

#: The prefix of all our keys.
KEY_PREFIX = "collab:windows:"

#: Undoes a count; a window that has been forgotten meanwhile stays forgotten.
UNDO_SCRIPT = """
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('DECRBY', KEYS[1], ARGV[1]) <= 0 then
  redis.call('DEL', KEYS[1])
end
"""


class Counts(RemoteRedis):
    """The Redis of all windows."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(url, "each process counts for itself", clock)


class RedisWindows(MonotonicStorage):
    """Windows in Redis, under names that begin with a name of their own."""

    STORAGE_SCHEME = ["redis-windows"]

    def __init__(
        self, counts: Counts, name: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(clock=clock)
        self._counts, self._prefix = counts, f"{KEY_PREFIX}{name}"

    def count(
        self, key: str, expiry: float, amount: int = 1, *, longer: bool = False
    ) -> tuple[int, float]:
        """Count as `incr` does; return how often it has been, and when the window ends.

        All of it is one message to Redis, and one answer.
        """
        name, milliseconds = self._prefix + key, max(1, int(expiry * 1000))

        def counted(client: Any) -> tuple[int, float]:
            with client.pipeline() as together:
                # NX: only the first count begins the window, and its end stays where it is.
                together.set(name, 0, nx=True, px=milliseconds)
                together.incrby(name, amount)
                if longer:
                    together.pexpire(name, milliseconds)
                together.pttl(name)
                _, times, *_, left = together.execute()
            return int(times), self._clock() + max(0, int(left)) / 1000

        here = super().count
        return self._counts.ask(counted, lambda: here(key, expiry, amount, longer=longer))

    def decr(self, key: str, amount: int = 1) -> None:
        """Undo a count; its window may have been forgotten meanwhile."""
        name, here = self._prefix + key, super().decr
        self._counts.ask(
            lambda client: client.eval(UNDO_SCRIPT, 1, name, amount), lambda: here(key, amount)
        )

    def get(self, key: str) -> int:
        """Return how often it has been."""
        name, here = self._prefix + key, super().get
        return self._counts.ask(lambda client: int(client.get(name) or 0), lambda: here(key))

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds of this process' monotonic clock."""
        name, here = self._prefix + key, super().get_expiry

        def ends(client: Any) -> float:
            return self._clock() + max(0, int(client.pttl(name))) / 1000

        return self._counts.ask(ends, lambda: here(key))

    def take(self, key: str) -> int:
        """Forget a window, and return what its count was."""
        name, here = self._prefix + key, super().take
        return self._counts.ask(lambda client: int(client.getdel(name) or 0), lambda: here(key))

    def reset(self) -> int:
        """Forget what this process counted for itself; others need what is in Redis."""
        return super().reset()
