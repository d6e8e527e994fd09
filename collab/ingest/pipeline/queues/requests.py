"""What a loader asks of a queue, and the store's inbox as one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .. import tables
from ..batch import Row
from ..engines.face import Store
from ..store import reading
from .in_hand import InHand

#: Events that one load takes, unless a single request has more.
MAX_EVENTS = 4000
#: Requests that one load takes.
MAX_REQUESTS = 1000
#: Requests that are fetched at once if the store is on a server.
ROWS_PER_FETCH = 16
#: Bytes of bodies that one load takes, unless a single request has more: as objects they take ten
#: times as much.
MAX_BYTES = 8 * 2**20

TAKE_QUERY = (
    "SELECT id, project, source, received, format, events, context, body FROM inbox"
    " WHERE project NOT IN (0{}) ORDER BY id LIMIT ?"  # no project is 0
)
SINGLE_QUERY = TAKE_QUERY.replace("project NOT IN (0{})", "id <= ?")


class TakenElsewhere(Exception):
    """Another worker has loaded one of these requests: look again at what is left."""


@dataclass(frozen=True)
class InStream:
    """What is waiting outside the store: events by source, and when the oldest of all came (ms)."""

    events: Mapping[int, int] = field(default_factory=dict)
    oldest: int | None = None
    #: Why that is not known.
    trouble: str = ""


class Queue(Protocol):
    """A queue of requests, each of which leaves it when its load is committed."""

    #: Whether the load counts events as received, and not already the inbox.
    counts_at_load: bool

    def take(self, slow: Sequence[int]) -> list[Row]:
        """Return some requests; those of `slow` projects only if there is nothing else."""

    def put_back(self, rows: Sequence[Row]) -> None:
        """Put requests that were taken back for a later load: nothing is wrong with them."""

    def has_killed(self, row: Row) -> bool:
        """Return whether this request has killed workers again and again."""

    def settle(self, connection: Store, rows: Sequence[Row]) -> None:
        """Make sure, within a load's transaction, that they are never loaded again."""

    def acknowledge(self, rows: Sequence[Row]) -> None:
        """Release them: their load is committed."""

    def close(self) -> None:
        """Close what the queue has open."""


def within_bounds(rows: Iterable[Row]) -> list[Row]:
    """Return the first rows, as many as one load takes."""
    taken: list[Row] = []
    events = size = 0
    for row in rows:
        events, size = events + row.events, size + len(row.body)
        if taken and (events > MAX_EVENTS or size > MAX_BYTES):
            break
        taken.append(row)
    return taken


class InboxQueue:
    """The store's inbox: requests leave it in the load's transaction."""

    counts_at_load = False

    def __init__(self, connection: Store, in_hand: InHand) -> None:
        self._connection, self._in_hand = connection, in_hand

    def take(self, slow: Sequence[int]) -> list[Row]:
        """Return what came first; a single request if it may have killed the last worker.

        Nothing if another worker takes from this inbox: only one may have its requests in hand.
        """
        if not self._connection.try_lock("inbox"):
            return []
        rows = self._single() or (self._select(slow) if slow else []) or self._select([])
        self._in_hand.note(rows)
        return rows

    def _single(self) -> list[Row]:
        if not self._in_hand.until:
            return []
        found = self._connection.execute(SINGLE_QUERY, (self._in_hand.until, 1)).fetchall()
        if not found:
            self._in_hand.is_past()
        return [Row(*one) for one in found]

    def _select(self, without: Sequence[int]) -> list[Row]:
        query = TAKE_QUERY.format(", ?" * len(without))
        with reading(self._connection) as connection:
            found = connection.stream(query, (*without, MAX_REQUESTS), ROWS_PER_FETCH)
            return within_bounds(Row(*one) for one in found)

    def put_back(self, rows: Sequence[Row]) -> None:
        """Note that they are not in hand; they never left the inbox."""
        self._in_hand.note([])

    def has_killed(self, row: Row) -> bool:
        """Return whether this request has killed workers again and again."""
        return self._in_hand.has_killed(row)

    def close(self) -> None:
        """Close the note of what is in hand."""
        self._in_hand.close()

    def settle(self, connection: Store, rows: Sequence[Row]) -> None:
        """Take them out; raises TakenElsewhere."""
        if tables.remove(connection, rows) != len(rows):
            raise TakenElsewhere()

    def acknowledge(self, rows: Sequence[Row]) -> None:
        """Do nothing: they are gone."""


def stream_errors() -> tuple[type[Exception], ...]:
    """Return what a Redis client raises, if it is in use: it is imported only then."""
    client = sys.modules.get("redis")
    return (client.RedisError,) if client else ()
