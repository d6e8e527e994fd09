"""What the worker does when nothing is waiting: it deletes what is old or gone, in small steps."""

# ruff: noqa: S608  (SQL is only made from what is in here)

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .archives.archive import DAY_MS, HOUR_MS, SEAL_AFTER_MS, Archive
from .counters import MINUTE_MS, ROLLUPS, add_counts, add_totals
from .engines.face import Store
from .store import writing
from .tables import EVENT_BYTES

#: Rows that one step deletes.
ROWS_PER_STEP = 500
#: Event numbers that one step looks at, where no index leads to those that must go.
NUMBERS_PER_STEP = 5000
#: Days after which an id is forgotten, from when it last came with its day.
SEEN_DAYS = 7
#: Days that latency buckets stay.
LATENCY_DAYS = 7

#: The archive's files in this worker's folder.
OUR_FILES = "(writer = ? OR writer LIKE ?)"


class Chores:
    """Deletes from a loader's store; used only by the worker."""

    def __init__(self, connection: Store, archive: Archive, *, retention_days: int) -> None:
        self._connection, self._archive, self._days = connection, archive, retention_days
        #: How far the search for events of deleted sources has come, and for which sources.
        self._looked, self._gone = 0, frozenset[int]()

    def step(self, now: int, sources: Callable[[], Mapping[int, int]]) -> bool:
        """Do a little of each; returns whether there is more.

        `sources` returns those that exist, with their projects. It is called after reading the
        store: so a source that is in the store and does not exist must have existed before.
        """
        more = [self._seal(now), self._drop_files(sources)]
        if self._days:
            more.append(self._drop_archives(now - self._days * DAY_MS))
        # Of all workers that share a store, one tidies it; each tidies its own files.
        if self._connection.try_lock("chores"):
            more += [self._purge(sources), self._forget_ids(now), self._drop_latencies(now)]
            if self._days:
                before = now - self._days * DAY_MS
                more += [self._drop_events(before), self._drop_letters(before)]
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
        """Delete events that arrived long ago, whatever their own time."""
        # Numbers grow with time: those that arrived long ago come first.
        with writing(self._connection) as connection:
            deleted = connection.execute(
                "DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?)"
                " AND received < ? RETURNING source, length(data), project, ts, type, late",
                (ROWS_PER_STEP, before),
            ).fetchall()
            _count_off(connection, [row[:2] for row in deleted])
            _count_off_rollups(connection, deleted)
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

    # -- the files of this folder -------------------------------------------------------------

    def _seal(self, now: int) -> bool:
        border = (now - SEAL_AFTER_MS) // HOUR_MS
        return self._archive.seal(self._connection, border) > 0

    def _drop_archives(self, before: int) -> bool:
        found = self._connection.execute(
            f"SELECT project, hour, writer FROM archives WHERE hour < ? AND {OUR_FILES} LIMIT 1",
            (before // HOUR_MS, *self._archive.our_writers),
        ).fetchone()
        if found:
            self._archive.delete(self._connection, *found)
        return found is not None

    def _drop_files(self, sources: Callable[[], Mapping[int, int]]) -> bool:
        """Delete the files of projects that no longer have a source."""
        found = self._connection.execute(
            f"SELECT DISTINCT project FROM archives WHERE {OUR_FILES}",
            self._archive.our_writers,
        ).fetchall()
        gone = {project for (project,) in found} - set(sources().values())
        for project in gone:
            with writing(self._connection) as connection:
                connection.execute(
                    f"DELETE FROM archives WHERE project = ? AND {OUR_FILES}",
                    (project, *self._archive.our_writers),
                )
            self._archive.delete_project(project)
        return bool(gone)

    # -- sources that are gone ----------------------------------------------------------------

    def _purge(self, sources: Callable[[], Mapping[int, int]]) -> bool:
        """Delete everything that came from sources that are gone."""
        known = dict(self._connection.execute("SELECT source, project FROM totals").fetchall())
        gone = frozenset(known.keys() - sources().keys())
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
            if any(_purge_rollups(connection, known[source], source) for source in gone):
                return True
            for table in ("seen_days", "totals", "latencies"):  # as loads do
                _purge_table(connection, table, gone)
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
                f"DELETE FROM events WHERE id > ? AND id <= ? AND source IN ({marks})",
                (self._looked, until, *self._gone),
            )
        self._looked = until
        return True


def _count_off(connection: Store, deleted: list[tuple[int, int]]) -> None:
    sizes: dict[int, int] = {}
    for source, size in deleted:
        sizes[source] = sizes.get(source, 0) - size - EVENT_BYTES
    add_totals(connection, "bytes", sizes)


def _count_off_rollups(connection: Store, deleted: list[tuple[Any, ...]]) -> None:
    """Keep the roll-ups in agreement with the events."""
    gone: dict[tuple[int, int, int, str], tuple[int, int]] = {}
    for source, _, project, ts, kind, late in deleted:
        key = (project, ts // MINUTE_MS, source, kind)
        events, late_ones = gone.get(key, (0, 0))
        gone[key] = (events - 1, late_ones - late)
    add_counts(connection, gone)
    for table, column, width in ROLLUPS:
        places = {(project, at // width, source, kind) for project, at, source, kind in gone}
        connection.executemany(
            f"DELETE FROM {table} WHERE project = ? AND {column} = ? AND source = ? AND type = ?"
            " AND events <= 0",
            sorted(places),
        )


def _purge_rows(connection: Store, table: str, gone: Iterable[int]) -> bool:
    ids = tuple(gone)
    marks = ", ".join("?" * len(ids))
    statement = (
        f"DELETE FROM {table} WHERE id IN"
        f" (SELECT id FROM {table} WHERE source IN ({marks}) LIMIT ?)"
    )
    return connection.execute(statement, (*ids, ROWS_PER_STEP)).rowcount > 0


def _purge_ids(connection: Store, source: int) -> bool:
    statement = (
        "DELETE FROM seen WHERE (source, day, id) IN"
        " (SELECT source, day, id FROM seen WHERE source = ? LIMIT ?)"
    )
    return connection.execute(statement, (source, ROWS_PER_STEP)).rowcount > 0


def _purge_rollups(connection: Store, project: int, source: int) -> bool:
    for table, column, _ in ROLLUPS:
        statement = (
            f"DELETE FROM {table} WHERE (project, {column}, source, type) IN"
            f" (SELECT project, {column}, source, type FROM {table}"
            " WHERE project = ? AND source = ? LIMIT ?)"
        )
        if connection.execute(statement, (project, source, ROWS_PER_STEP)).rowcount > 0:
            return True
    return False


def _purge_table(connection: Store, table: str, gone: Iterable[int]) -> None:
    connection.executemany(
        f"DELETE FROM {table} WHERE source = ?",
        [(key,) for key in gone],
    )
