"""A Redis that may be down: then it is left alone for a while, and something else is done."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds that Redis may take, and for which it is left alone after it did not answer.
PATIENCE_S = 0.25
RETRY_S = 2.0


class RemoteRedis:
    """A client that does not wait; `without` says in the log what happens while Redis is down."""

    def __init__(self, url: str, without: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S, retry=None
        )
        self._without, self._clock, self._again_at = without, clock, 0.0

    def ask(self, work: Callable[[Any], T], otherwise: Callable[[], T]) -> T:
        """Return the result of some work with Redis, or of other work if it does not answer."""
        if self._clock() >= self._again_at:
            try:
                return work(self._redis)
            except (redis.RedisError, OSError) as error:
                log.warning("Redis does not answer, %s: %s", self._without, error)
                # Left alone for a while: otherwise each request would wait for the time-out.
                self._again_at = self._clock() + RETRY_S
        return otherwise()

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()
