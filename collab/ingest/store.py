"""The pipeline's store, as requests use it: taking events in, and looking at what is there."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from flask import Flask

from ..core.errors import DiskFull, Unavailable
from ..core.parts import PARTS
from ..core.slots import Slot, setting
from .pipeline.inbox import Inbox, Request
from .pipeline.queues.requests import stream_errors
from .pipeline.store import connect, reading, writing
from .worker.supervisor import WORKER

MIB = 2**20
#: Connections that are kept open for readers.
MAX_IDLE_READERS = 4


class ProjectFull(DiskFull):
    """The project's events take all the room that they may (INGEST_QUOTA_MB)."""

    kind = "events-quota-spent"

    def __init__(self, used: int, limit: int) -> None:
        super().__init__(" ".join((type(self).__doc__ or "").split()))
        self.members = {"quota": "events", "used": used, "limit": limit}


def path_of(app: Flask) -> Path:
    """Return where an application's store is."""
    instance: Path = app.config["INSTANCE_PATH"]
    return instance / "ingest.db"


class TakesRequests(Protocol):
    """Where requests wait: the store's inbox, or a stream of Redis."""

    def append(self, request: Request) -> int | str:
        """Keep a request; returns its receipt once it is safe."""

    def close(self) -> None:
        """Let go of files and connections."""


def _make_inbox(app: Flask) -> TakesRequests:
    limits = {
        "max_bytes": app.config["INGEST_QUEUE_MB"] * MIB,
        "quota_bytes": app.config["INGEST_QUOTA_MB"] * MIB,
    }
    if url := app.config["REDIS_URL"]:
        from .pipeline.queues.stream import StreamInbox  # and the client of Redis: few need it

        return StreamInbox(url, **limits)
    return Inbox(path_of(app), **limits)


INBOX: Slot[TakesRequests] = Slot("ingest inbox", _make_inbox)


def append(request: Request) -> int | str:
    """Take a request in and wake the worker; returns its receipt once it is safe.

    Raises InboxFull, QuotaReached, Unavailable while Redis is down, and sqlite3.OperationalError
    for a full disk.
    """
    try:
        receipt = INBOX.here().append(request)
    except stream_errors():
        raise Unavailable("Events can't be taken in right now.") from None
    WORKER.here().knock()
    return receipt


def waiting(connection: sqlite3.Connection) -> dict[int, int]:
    """Return how many events of each source wait for the worker."""
    rows = connection.execute("SELECT source, sum(events) FROM inbox GROUP BY source")
    found = {int(source): int(events) for source, events in rows}
    if url := setting("REDIS_URL"):
        from .pipeline.queues.stream import queued

        for source, events in queued(url, connection).items():
            found[source] = found.get(source, 0) + events
    return found


class Readers:
    """Connections that only read, each used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._idle: list[sqlite3.Connection] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that sees one moment of the store."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            if not self._path.exists():
                connect(self._path).close()
            connection = connect(self._path, readonly=True)
        try:
            with reading(connection):
                yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            keep = len(self._idle) < MAX_IDLE_READERS
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()

    def close(self) -> None:
        """Close those that nobody uses now."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


READERS: Slot[Readers] = Slot("ingest readers", lambda app: Readers(path_of(app)))


def init_app(app: Flask) -> None:
    """Have the store closed with the server; it is opened again when it is used."""

    def close() -> None:
        INBOX.of(app).close()
        READERS.of(app).close()

    PARTS.of(app).at_end(close)


def reader() -> contextlib.AbstractContextManager[sqlite3.Connection]:
    """Lend a connection to the store that sees one moment of it."""
    return READERS.here().one()


@contextlib.contextmanager
def writer() -> Iterator[sqlite3.Connection]:
    """Be the store's only writer within this block, in one transaction."""
    connection = connect(setting("INSTANCE_PATH") / "ingest.db")
    try:
        with writing(connection):
            yield connection
    finally:
        connection.close()
