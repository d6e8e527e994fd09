"""The pipeline's store, as requests use it: taking events in, and reading what is there."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from flask import Flask

from ..config import ConfigError
from ..core.errors import DiskFull, Unavailable
from ..core.parts import PARTS
from ..core.slots import Slot, application, setting
from .pipeline.engines.face import Store
from .pipeline.inbox import Inbox, Request
from .pipeline.queues.requests import InStream, stream_errors
from .pipeline.store import Where, connect, reading, server_errors, writing
from .worker.supervisor import WORKER

log = logging.getLogger(__name__)

MIB = 2**20
NEEDS_CLIENT = (
    "INGEST_DATABASE_URL needs the client of PostgreSQL: pip install -r deploy/requirements.txt"
)
#: Connections kept open for readers.
MAX_IDLE_READERS = 4


class ProjectFull(DiskFull):
    """The project's events take all the room that they may (INGEST_QUOTA_MB)."""

    kind = "events-quota-spent"

    def __init__(self, used: int, limit: int) -> None:
        super().__init__(" ".join((type(self).__doc__ or "").split()))
        self.members = {"quota": "events", "used": used, "limit": limit}


def where_of(app: Flask) -> Where:
    """Return where an application's store is: its own file, or a database."""
    instance: Path = app.config["INSTANCE_PATH"]
    url: str = app.config["INGEST_DATABASE_URL"]
    return url or instance / "ingest.db"


class TakesRequests(Protocol):
    """Where requests wait: the store's inbox, or a Redis stream."""

    def append(self, request: Request) -> int | str:
        """Keep a request; returns its receipt once it is safe."""

    def close(self) -> None:
        """Close files and connections."""


def _make_inbox(app: Flask) -> TakesRequests:
    limits = {
        "max_bytes": app.config["INGEST_QUEUE_MB"] * MIB,
        "quota_bytes": app.config["INGEST_QUOTA_MB"] * MIB,
    }
    if url := app.config["REDIS_URL"]:
        from .pipeline.queues.stream_inbox import (
            StreamInbox,  # imports the Redis client, which few need
        )

        return StreamInbox(url, **limits, store=where_of(app))
    return Inbox(where_of(app), **limits)


INBOX: Slot[TakesRequests] = Slot("ingest inbox", _make_inbox)


def append(request: Request) -> int | str:
    """Take a request in and wake the worker; returns its receipt once it is safe.

    Raises InboxFull, QuotaReached, Unavailable while the server that keeps them can't be reached,
    and sqlite3.OperationalError for a full disk.
    """
    with answering():
        receipt = INBOX.here().append(request)
    # After the request is safe; a lost knock costs a second, until the worker polls.
    WORKER.here().knock()
    return receipt


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Report a server that this block finds out of reach; raises Unavailable."""
    try:
        yield
    except (*server_errors(), *stream_errors()) as error:
        log.error("the store of events did not answer: %s", error)
        raise Unavailable("The event store can't be reached.") from None


def in_stream(connection: Store) -> InStream:
    """Return what is waiting outside the store, as far as that can be asked now."""
    url = setting("REDIS_URL")
    if not url:
        return InStream()
    from .pipeline.queues.stream_inbox import queued

    try:
        return queued(url, connection)
    except stream_errors() as error:
        log.warning("what waits in Redis is not known: %s", error)
        return InStream(trouble="Redis is out of reach")


class Readers:
    """Connections that only read, each used by one thread at a time."""

    def __init__(self, where: Where) -> None:
        self._where, self._lock = where, threading.Lock()
        self._idle: list[Store] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[Store]:
        """Lend a connection that sees the store at one moment."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            with answering():
                connection = connect(self._where, readonly=True)
        try:
            with answering(), reading(connection):
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


READERS: Slot[Readers] = Slot("ingest readers", lambda app: Readers(where_of(app)))


def init_app(app: Flask) -> None:
    """Have the store closed with the server; it is reopened when it is used.

    Raises ConfigError if the store is on a server and its client is not installed.
    """
    if app.config["INGEST_DATABASE_URL"] and find_spec("psycopg") is None:
        raise ConfigError(NEEDS_CLIENT)

    def close() -> None:
        INBOX.of(app).close()
        READERS.of(app).close()

    PARTS.of(app).at_end(close)


def reader() -> contextlib.AbstractContextManager[Store]:
    """Lend a connection to the store that sees it at one moment."""
    return READERS.here().one()


@contextlib.contextmanager
def writer() -> Iterator[Store]:
    """Be the store's only writer within this block, in one transaction."""
    with answering():
        # A separate connection: people rarely write here, and none has to be kept for that.
        connection = connect(where_of(application()))
    try:
        with answering(), writing(connection):
            yield connection
    finally:
        connection.close()
