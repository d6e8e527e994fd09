"""Lists that several processes share, in Redis: one process reads a list for all.

What is there is sealed: a Redis that others can read reveals nothing, and those who can write to it
cannot have a list shown that is not ours. While Redis is away, each process reads for itself.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from ....version import VERSION
from ...sealing import Unsealable, seal, unseal

#: The prefix of all our keys.
KEY_PREFIX = "collab:lists:"
#: Seconds after which Redis forgets a list; a commit outdates most long before that.
LIFETIME_S = 15
LIST_PURPOSE = "list of others"

#: The tag of a list, the body of its answer, and headers.
Shared = tuple[str, str, dict[str, str]]


class SharedLists:
    """The lists of all processes that have this Redis and one database."""

    def __init__(self, url: str, room: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Make them; this process puts at most `room` bytes there within a list's lifetime."""
        from ...outbound.remote_redis import RemoteRedis  # the library takes long to import

        self._redis = RemoteRedis(url, "each process reads lists for itself")
        self._room, self._clock, self._lock = room, clock, threading.Lock()
        self._used, self._until = 0, 0.0

    def find(self, asked: bytes, version: str) -> Shared | None:
        """Return a list that another process has read at this version."""
        key = _key(asked, version)
        sealed = self._redis.ask(lambda client: client.get(key), lambda: None)
        if sealed is None:
            return None
        try:
            found = json.loads(unseal(sealed.decode(), purpose=LIST_PURPOSE))
        except (Unsealable, ValueError):
            return None
        named, *shared = found
        # A list that was sealed for one key must not be found under another.
        return tuple(shared) if named == key else None

    def keep(self, asked: bytes, version: str, shared: Shared) -> None:
        """Give the other processes a list."""
        key = _key(asked, version)
        sealed = seal(json.dumps([key, *shared]), purpose=LIST_PURPOSE)
        if not self._has_room(len(sealed)):
            return

        def put(client: Any) -> None:
            client.set(key, sealed, ex=LIFETIME_S)

        self._redis.ask(put, lambda: None)

    def _has_room(self, size: int) -> bool:
        """Return whether so much may be put there, and count it.

        Limits count in the same Redis: somebody who asks for long lists in ever new ways must not
        fill it.
        """
        with self._lock:
            now = self._clock()
            if now >= self._until:
                self._used, self._until = 0, now + LIFETIME_S
            if self._used + size > self._room:
                return False
            self._used += size
            return True

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def _key(asked: bytes, version: str) -> str:
    # Another release may show the same rows differently.
    digest = blake2b(f"{VERSION} {version}".encode(), key=asked, digest_size=16)
    return KEY_PREFIX + digest.hexdigest()
