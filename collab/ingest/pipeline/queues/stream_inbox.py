"""Putting requests into the stream, and what is waiting there: the server's side (`stream.py`)."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import redis

from ..engines.face import Store
from ..inbox import (
    LOOK_S,
    PROJECT_PART,
    InboxFull,
    QuotaReached,
    Request,
    stored_bytes,
)
from ..store import Where, connect, store_errors
from .requests import InStream

log = logging.getLogger(__name__)

#: The stream.
STREAM_KEY = "collab:ingest"
#: Hashes: waiting events, by source; waiting bytes, by project.
QUEUED_KEY = "collab:ingest:queued"
BYTES_KEY = "collab:ingest:bytes"
#: Seconds for connecting and for an answer.
TIMEOUT_S = 5.0
ROW_FIELDS = ("project", "source", "received", "format", "events", "context", "body")


def connected(url: str) -> redis.Redis:
    """Return a Redis client; it connects when it is used."""
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, protocol=2
    )


class StreamInbox:
    """Takes requests in; any thread may call `append`."""

    def __init__(
        self, url: str, *, max_bytes: int, quota_bytes: int, store: Where | None = None
    ) -> None:
        self._redis = connected(url)
        self._max_bytes, self._quota_bytes = max_bytes, quota_bytes
        self._looked, self._waiting = 0.0, dict[int, int]()
        #: What projects have stored, for their quotas; None: no store can be seen from here.
        self._store, self._stored = store, dict[int, int]()
        self._connection: Store | None = None
        self._looking = threading.Lock()

    def append(self, request: Request) -> str:
        """Keep a request and return its entry's id.

        Raises InboxFull, and redis.RedisError while Redis can't be written.
        """
        self._require_room(request)
        with self._redis.pipeline(transaction=True) as all_or_nothing:
            values: Any = {name: getattr(request, name) for name in ROW_FIELDS}
            all_or_nothing.xadd(STREAM_KEY, values)
            all_or_nothing.hincrby(QUEUED_KEY, str(request.source), request.events)
            all_or_nothing.hincrby(BYTES_KEY, str(request.project), len(request.body))
            return str(all_or_nothing.execute()[0].decode())

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()
        with self._looking:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _require_room(self, request: Request) -> None:
        with self._looking:
            # Not for each request: what comes between two look-ups is added here; that of other
            # processes isn't.
            if time.monotonic() - self._looked > LOOK_S:
                self._looked = time.monotonic()
                self._waiting = _numbers(self._redis.hgetall(BYTES_KEY))
                self._look_at_store()
        theirs = self._waiting.get(request.project, 0) + len(request.body)
        if sum(self._waiting.values()) + len(request.body) > self._max_bytes:
            raise InboxFull()
        if theirs > self._max_bytes // PROJECT_PART:
            raise InboxFull()
        stored = self._stored.get(request.project, 0)
        if stored + theirs > self._quota_bytes:
            raise QuotaReached(stored, self._quota_bytes)
        self._waiting[request.project] = theirs

    def _look_at_store(self) -> None:
        """Look up what is stored; while the store is out of reach, the last figure stays."""
        if self._store is None:
            return
        try:
            if self._connection is None:
                self._connection = connect(self._store, readonly=True)
            with self._connection.reading() as connection:
                self._stored = stored_bytes(connection)
        except store_errors() as error:
            log.warning("ingest: what is stored is not known: %s", error)


def _numbers(found: Any) -> dict[int, int]:
    return {int(key): int(value) for key, value in found.items()}


def queued(url: str, connection: Store) -> InStream:
    """Return what is waiting: the events in the stream that no load has stored."""
    with connected(url) as client:
        waiting = _numbers(client.hgetall(QUEUED_KEY))
        first: Any = client.xrange(STREAM_KEY, count=1)
    # Loaded, but not yet acknowledged: they no longer wait, though the hash still counts them.
    for source, events in connection.execute(
        "SELECT source, sum(events) FROM taken WHERE events > 0 GROUP BY source"
    ):
        waiting[source] = waiting.get(source, 0) - events
    oldest = int(first[0][0].partition(b"-")[0]) if first else None
    return InStream({source: events for source, events in waiting.items() if events}, oldest)
