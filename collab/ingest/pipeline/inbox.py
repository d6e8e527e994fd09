"""The inbox: requests that are acknowledged, on disk, and waiting for the worker.

One row holds the bytes of one request. Requests that come at the same time share a commit, and so
the fsync before they are acknowledged.
"""

# ruff: noqa: S608  (SQL is only made from what is in here)

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from .engines.face import Store
from .store import Where, connect, writing

#: Seconds after which the sizes of inbox and store are looked up again.
LOOK_S = 0.5
#: Seconds after which a sender who finds the inbox full should try again.
RETRY_S = 2
#: The inverse of the share of the inbox that one project may fill, so that a flood from one leaves
#: the others half of it.
PROJECT_PART = 2


class InboxFull(Exception):
    """Too much is waiting for the worker: try again after `retry_after_s` seconds."""

    retry_after_s = RETRY_S


class QuotaReached(Exception):
    """A project's events take all the room that they may: `used` of `limit` bytes."""

    def __init__(self, used: int, limit: int) -> None:
        super().__init__(used, limit)
        self.used, self.limit = used, limit


@dataclass(frozen=True)
class Request:
    """A request as it is kept: its bytes, and what else is known about it (`context`: JSON)."""

    project: int
    source: int
    received: int
    format: str
    events: int
    context: str
    body: bytes


@dataclass
class _Waiting:
    request: Request
    receipt: int = 0
    error: BaseException | None = None
    done: bool = False


@dataclass
class _Sizes:
    """What is waiting and what is stored, in bytes, as of the last look-up."""

    looked: float = 0.0
    inbox: int = 0
    by_project: dict[int, int] = field(default_factory=dict)
    stored: dict[int, int] = field(default_factory=dict)


class Inbox:
    """Takes requests in; any thread may call `append`."""

    def __init__(self, where: Where, *, max_bytes: int, quota_bytes: int) -> None:
        self._where, self._max_bytes, self._quota_bytes = where, max_bytes, quota_bytes
        self._connection: Store | None = None
        self._queue = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._sizes = _Sizes()

    def append(self, request: Request) -> int:
        """Keep a request and return its number; by then it is on disk.

        Raises InboxFull, QuotaReached, and one of `store_errors` if it can't be kept.
        """
        mine = _Waiting(request)
        with self._queue:
            # Two locks: requests queue up while one of them commits, and share the next commit.
            self._waiting.append(mine)
        with self._turn:  # the first one commits for all that wait; they find it done
            if not mine.done:
                self._commit_all()
        if mine.error is not None:
            raise mine.error
        return mine.receipt

    def close(self) -> None:
        """Close the store; the next request reopens it."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _commit_all(self) -> None:
        with self._queue:
            # Taken out before the commit: requests that come from here on wait for the next one.
            batch, self._waiting = self._waiting, []
        try:
            connection = self._open()
            admitted = [one for one in batch if self._admit(connection, one)]
            if admitted:
                _insert(connection, admitted)
        except BaseException as error:
            for one in batch:
                # A request that was refused for its own reason keeps that reason.
                one.error = one.error or error
        finally:
            for one in batch:
                one.done = True

    def _open(self) -> Store:
        if self._connection is None:
            # 0: the worker checkpoints the write-ahead log into the database.
            self._connection = connect(self._where, synchronous="FULL", checkpoint_pages=0)
        return self._connection

    def _admit(self, connection: Store, one: _Waiting) -> bool:
        """Return whether there is room for a request, and count it."""
        if time.monotonic() - self._sizes.looked > LOOK_S:
            self._sizes = _look(connection)
        project, size = one.request.project, len(one.request.body)
        theirs = self._sizes.by_project.get(project, 0)
        stored = self._sizes.stored.get(project, 0)
        limit = self._max_bytes
        if self._sizes.inbox + size > limit or theirs + size > limit // PROJECT_PART:
            one.error = InboxFull()
        # What is waiting counts as well: it is acknowledged, and will be stored.
        elif stored + theirs + size > self._quota_bytes:
            one.error = QuotaReached(stored, self._quota_bytes)
        else:
            # Counted on from the last look-up, so that what is admitted until the next one stays
            # within.
            self._sizes.inbox += size
            self._sizes.by_project[project] = theirs + size
        return one.error is None


def _look(connection: Store) -> _Sizes:
    # Counted by triggers: adding up a long inbox took 80 ms of each half second.
    waiting = dict(connection.execute("SELECT project, bytes FROM waiting"))
    stored = stored_bytes(connection)
    return _Sizes(time.monotonic(), sum(waiting.values()), waiting, stored)


def stored_bytes(connection: Store) -> dict[int, int]:
    """Return how many bytes of each project are stored, including its archive."""
    stored = dict(connection.execute("SELECT project, sum(bytes) FROM totals GROUP BY project"))
    for project, size in connection.execute(
        "SELECT project, sum(bytes) FROM archives GROUP BY project"
    ):
        stored[project] = stored.get(project, 0) + size
    return stored


def _insert(connection: Store, batch: Sequence[_Waiting]) -> None:
    with writing(connection):
        numbers = put(connection, [one.request for one in batch])
    for one, number in zip(batch, numbers, strict=True):
        one.receipt = number


def put(connection: Store, requests: Sequence[Request], *, counts: bool = True) -> list[int]:
    """Insert requests within a transaction, and count their events as received.

    Returns their numbers. A replayed event has been received before: it does not count again.
    """
    numbers = [
        connection.execute(
            INSERT_REQUEST, [getattr(one, name) for name in REQUEST_COLUMNS]
        ).fetchone()[0]
        for one in requests
    ]
    received: dict[tuple[int, int], int] = {}
    for one in requests:
        key = (one.source, one.project)
        received[key] = received.get(key, 0) + (one.events if counts else 0)
    connection.executemany(
        "INSERT INTO totals (source, project, received) VALUES (?, ?, ?)"
        " ON CONFLICT (source) DO UPDATE SET received = totals.received + excluded.received",
        [(*key, number) for key, number in sorted(received.items())],
    )
    return numbers


REQUEST_COLUMNS = ("project", "source", "received", "format", "events", "context", "body")
INSERT_REQUEST = (
    f"INSERT INTO inbox ({', '.join(REQUEST_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id"
)
