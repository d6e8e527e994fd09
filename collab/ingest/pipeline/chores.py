"""What the worker does when nothing waits: it deletes what is old or gone, a little at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from .archive import DAY_MS, HOUR_MS, Archive
from .store import writing
from .tables import EVENT_BYTES, MINUTE_MS

#: Rows that one step deletes.
ROWS_PER_STEP = 500
#: Numbers of events that one step looks at, where no index leads to those that must go.
NUMBERS_PER_STEP = 5000
#: Days after which an id is forgotten, from when it last came with its day.
SEEN_DAYS = 7
#: Days that the classes of latency stay.
LATENCY_DAYS = 7

#: A step returns whether there is more to do at once.
Step = Callable[[], bool]


class Chores:
    """Deletes from the store of a loader; used by the worker alone."""

    def __init__(
        self, connection: sqlite3.Connection, archive: Archive, *, retention_days: int
    ) -> None:
        self._connection, self._archive, self._days = connection, archive, retention_days
        #: How far the look for events of sources that are gone has come, and for which.
        self._looked, self._gone = 0, frozenset[int]()

    def step(self, now: int, sources: set[int]) -> bool:
        """Do a little of each; returns whether there is more. `sources` are those that exist."""
        more = [self._purge(sources), self._forget_ids(now), self._drop_latencies(now)]
        if self._days:
            before = now - self._days * DAY_MS
            more += [self._drop_events(before), self._drop_letters(before)]
            more.append(self._drop_archives(before))
        more.append(self._archive.seal(self._connection, now) > 0)
        return any(more)

    def _forget_ids(self, now: int) -> bool:
        found = self._connection.execute(
            "SELECT source, day FROM seen_days WHERE last < ? LIMIT 1", (now - SEEN_DAYS * DAY_MS,)
        ).fetchone()
        if found is None:
            return False
        with writing(self._connection) as connection:
            deleted = connection.execute(
                "DELETE FROM seen WHERE (source, day, id) IN"
                " (SELECT source, day, id FROM seen WHERE source = ? AND day = ? LIMIT ?)",
                (*found, ROWS_PER_STEP),
            ).rowcount
            if deleted < ROWS_PER_STEP:
                connection.execute("DELETE FROM seen_days WHERE source = ? AND day = ?", found)
        return True

    def _drop_latencies(self, now: int) -> bool:
        before = (now - LATENCY_DAYS * DAY_MS) // MINUTE_MS
        with writing(self._connection) as connection:
            deleted = connection.execute(
                "DELETE FROM latencies WHERE (source, minute, bucket) IN"
                " (SELECT source, minute, bucket FROM latencies WHERE minute < ? LIMIT ?)",
                (before, ROWS_PER_STEP),
            ).rowcount
        return deleted > 0

    def _drop_events(self, before: int) -> bool:
        """Delete events that came long ago, whatever their own time is."""
        # Numbers grow with time: those that came long ago are the first.
        with writing(self._connection) as connection:
            deleted = connection.execute(
                "DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?)"
                " AND received < ? RETURNING source, length(data), project, ts, type, late",
                (ROWS_PER_STEP, before),
            ).fetchall()
            _count_off(connection, [row[:2] for row in deleted])
            _count_off_minutes(connection, deleted)
        return bool(deleted)

    def _drop_letters(self, before: int) -> bool:
        with writing(self._connection) as connection:
            deleted = connection.execute(
                "DELETE FROM dead_letters WHERE id IN"
                " (SELECT id FROM dead_letters ORDER BY id LIMIT ?) AND rejected_at < ?"
                " RETURNING source, length(payload) + coalesce(length(correction), 0)",
                (ROWS_PER_STEP, before),
            ).fetchall()
            _count_off(connection, deleted)
        return bool(deleted)

    def _drop_archives(self, before: int) -> bool:
        found = self._connection.execute(
            "SELECT project, hour FROM archives WHERE hour < ? LIMIT 1", (before // HOUR_MS,)
        ).fetchone()
        if found:
            self._archive.delete(self._connection, *found)
        return found is not None

    # -- sources that are gone ----------------------------------------------------------------

    def _purge(self, sources: set[int]) -> bool:
        """Delete all that came from sources which are gone."""
        known = dict(self._connection.execute("SELECT source, project FROM totals").fetchall())
        gone = frozenset(known.keys() - sources)
        if not gone:
            return False
        if gone != self._gone:
            self._looked, self._gone = 0, gone
        if self._purge_events():
            return True
        with writing(self._connection) as connection:
            if any(_purge_rows(connection, table, gone) for table in ("dead_letters", "inbox")):
                return True
            if any(_purge_ids(connection, source) for source in gone):
                return True
            if any(_purge_minutes(connection, known[source], source) for source in gone):
                return True
            for table in ("seen_days", "latencies", "totals"):
                _purge_table(connection, table, gone)
        self._purge_projects({known[key] for key in gone})
        self._gone = frozenset()
        return True

    def _purge_events(self) -> bool:
        """Look at some more events, by their numbers; returns whether there are more to look at."""
        last = self._connection.execute("SELECT max(id) FROM events").fetchone()[0] or 0
        if self._looked >= last:
            return False
        until = self._looked + NUMBERS_PER_STEP
        with writing(self._connection) as connection:
            marks = ", ".join("?" * len(self._gone))
            connection.execute(
                f"DELETE FROM events WHERE id > ? AND id <= ? AND source IN ({marks})",  # noqa: S608
                (self._looked, until, *self._gone),
            )
        self._looked = until
        return True

    def _purge_projects(self, projects: Iterable[int]) -> None:
        """Delete what belongs to no source, of projects that have none left."""
        for project in projects:
            left = self._connection.execute(
                "SELECT 1 FROM totals WHERE project = ? LIMIT 1", (project,)
            ).fetchone()
            if left is None:
                with writing(self._connection) as connection:
                    connection.execute("DELETE FROM archives WHERE project = ?", (project,))
                self._archive.delete_project(project)


def _count_off(connection: sqlite3.Connection, deleted: list[tuple[int, int]]) -> None:
    sizes: dict[int, int] = {}
    for source, size in deleted:
        sizes[source] = sizes.get(source, 0) + size + EVENT_BYTES
    connection.executemany(
        "UPDATE totals SET bytes = bytes - ? WHERE source = ?",
        [(size, source) for source, size in sizes.items()],
    )


def _count_off_minutes(connection: sqlite3.Connection, deleted: list[tuple[Any, ...]]) -> None:
    """Let the roll-ups go on saying what the events say."""
    gone: dict[tuple[int, int, int, str], list[int]] = {}
    for source, _, project, ts, kind, late in deleted:
        counts = gone.setdefault((project, ts // MINUTE_MS, source, kind), [0, 0])
        counts[0] += 1
        counts[1] += late
    where = "WHERE project = ? AND minute = ? AND source = ? AND type = ?"
    connection.executemany(
        f"UPDATE minutes SET events = events - ?, late = late - ? {where}",  # noqa: S608
        [(*counts, *key) for key, counts in gone.items()],
    )
    connection.executemany(f"DELETE FROM minutes {where} AND events <= 0", list(gone))  # noqa: S608


def _purge_rows(connection: sqlite3.Connection, table: str, gone: Iterable[int]) -> bool:
    ids = tuple(gone)
    marks = ", ".join("?" * len(ids))
    statement = (
        f"DELETE FROM {table} WHERE id IN"  # noqa: S608
        f" (SELECT id FROM {table} WHERE source IN ({marks}) LIMIT ?)"
    )
    return connection.execute(statement, (*ids, ROWS_PER_STEP)).rowcount > 0


def _purge_ids(connection: sqlite3.Connection, source: int) -> bool:
    statement = (
        "DELETE FROM seen WHERE (source, day, id) IN"
        " (SELECT source, day, id FROM seen WHERE source = ? LIMIT ?)"
    )
    return connection.execute(statement, (source, ROWS_PER_STEP)).rowcount > 0


def _purge_minutes(connection: sqlite3.Connection, project: int, source: int) -> bool:
    statement = (
        "DELETE FROM minutes WHERE (project, minute, source, type) IN"
        " (SELECT project, minute, source, type FROM minutes WHERE project = ? AND source = ?"
        " LIMIT ?)"
    )
    return connection.execute(statement, (project, source, ROWS_PER_STEP)).rowcount > 0


def _purge_table(connection: sqlite3.Connection, table: str, gone: Iterable[int]) -> None:
    connection.executemany(
        f"DELETE FROM {table} WHERE source = ?",  # noqa: S608
        [(key,) for key in gone],
    )
