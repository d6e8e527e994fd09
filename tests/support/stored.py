"""A store that is filled without a pipeline, and rows that hypothesis makes for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from collab.ingest.pipeline.counters import add_counts
from collab.ingest.pipeline.engines.face import Store
from collab.ingest.pipeline.engines.sqlite import SqliteStore, upgrade
from collab.ingest.reading.periods import MINUTE_MS


class Row(NamedTuple):
    """An event as the store has it."""

    ts: int
    type: str = "view"
    user_id: str | None = None
    session_id: str | None = None
    source: int = 1
    event_id: str = ""
    project: int = 1
    late: int = 0


def empty_store() -> SqliteStore:
    """Return a store in memory, with nothing in it."""
    raw = sqlite3.connect(":memory:", isolation_level=None)
    upgrade(raw)
    return SqliteStore(raw, Path())


def filled(rows: Iterable[Row]) -> SqliteStore:
    """Return a store with some events, numbered from 1 in their order, and their roll-ups."""
    connection = empty_store()
    fill(connection, rows)
    return connection


def fill(connection: Store, rows: Iterable[Row]) -> None:
    """Add events and count them, in a transaction."""
    with connection.writing():
        insert(connection, list(rows))


def insert(connection: Store, rows: Sequence[Row]) -> None:
    """Add events and count them."""
    connection.add_events(
        [
            (
                *(one.project, one.source, one.ts, 0, one.type, one.event_id),
                *(one.user_id, one.session_id, one.late, "{}", "{}"),
            )
            for one in rows
        ]
    )
    counts: dict[Any, tuple[int, int]] = {}
    for one in rows:
        key = (one.project, one.ts // MINUTE_MS, one.source, one.type)
        events, late = counts.get(key, (0, 0))
        counts[key] = (events + 1, late + one.late)
    add_counts(connection, counts)


@contextmanager
def counted(connection: SqliteStore) -> Iterator[list[int]]:
    """Count the steps of SQLite's machine within, by tens."""
    steps = [0]

    def tick() -> int:
        steps[0] += 10
        return 0

    connection.raw.set_progress_handler(tick, 10)
    yield steps
    connection.raw.set_progress_handler(None, 0)


@contextmanager
def planned(connection: SqliteStore) -> Iterator[list[str]]:
    """Gather how SQLite carries out what is asked within."""
    statements: list[str] = []
    plans: list[str] = []
    connection.raw.set_trace_callback(statements.append)
    yield plans
    connection.raw.set_trace_callback(None)
    for one in statements:
        if one.startswith(("SELECT", "WITH")):
            plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {one}")]


#: Few values of each, so that they meet: times in the same millisecond, names that are absent.
NAMES = st.sampled_from([None, "a", "b", "c"])
TYPES = st.sampled_from(["view", "cart", "buy"])


def rows(times: st.SearchStrategy[int]) -> st.SearchStrategy[list[Row]]:
    """Return a strategy for lists of events at such times."""
    few = st.integers(1, 2)
    made = st.builds(Row, times, TYPES, NAMES, NAMES, few, NAMES.map(str), few, st.integers(0, 1))
    return st.lists(made, max_size=40)


def add_letter(connection: Store, **values: Any) -> int:
    """Add a dead letter, open unless said otherwise, and return its id."""
    row = {
        "project": 1,
        "source": 1,
        "received": 0,
        "rejected_at": 0,
        "stage": "validate",
        "reason": "`event_type` is missing.",
        "format": "event",
        "receipt": "1:0",
        "context": "{}",
        "state": "open",
        "payload": b"{}",
    } | values
    made = connection.execute(
        f"INSERT INTO dead_letters ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
        " RETURNING id",
        tuple(row.values()),
    )
    return int(made.fetchone()[0])
