"""What a loader asks of a queue, and the inbox of the store as one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Protocol

from .. import tables
from ..batch import Row

#: Events that one load takes, unless a single request has more.
MAX_EVENTS = 4000
#: Requests that one load takes.
MAX_REQUESTS = 1000

TAKE_QUERY = (
    "SELECT id, project, source, received, format, events, context, body FROM inbox"
    " WHERE project NOT IN ({}) ORDER BY id LIMIT ?"
)


class TakenElsewhere(Exception):
    """Another worker has loaded one of these requests: look again at what is left."""


class Queue(Protocol):
    """Requests in order, each of which leaves it when its load is committed."""

    #: Whether events are counted as received by the load, and not before by the inbox.
    counts_at_load: bool

    def take(self, slow: Sequence[int]) -> list[Row]:
        """Return some requests; those of `slow` projects only if there is nothing else."""

    def settle(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Make it so, within a load's transaction, that they are never loaded again."""

    def acknowledge(self, rows: Sequence[Row]) -> None:
        """Let go of them: their load is committed."""


class InboxQueue:
    """The inbox of the store: what leaves it does so in the transaction of the load."""

    counts_at_load = False

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def take(self, slow: Sequence[int]) -> list[Row]:
        """Return what came first."""
        return (self._select(slow) if slow else []) or self._select([])

    def _select(self, without: Sequence[int]) -> list[Row]:
        query = TAKE_QUERY.format(", ".join("?" * len(without)))
        found = self._connection.execute(query, (*without, MAX_REQUESTS))
        rows: list[Row] = []
        count = 0
        for one in found:
            row = Row(*one)
            count += row.events
            if rows and count > MAX_EVENTS:
                break
            rows.append(row)
        found.close()
        return rows

    def settle(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Take them out; raises TakenElsewhere."""
        if tables.remove(connection, rows) != len(rows):
            raise TakenElsewhere()

    def acknowledge(self, rows: Sequence[Row]) -> None:
        """Do nothing: they are gone."""
