"""A store that is filled without a pipeline, and rows that hypothesis makes for it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from hypothesis import strategies as st

from collab.ingest.pipeline.store import VERSIONS
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


def empty_store() -> sqlite3.Connection:
    """Return a store in memory, with nothing in it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(";".join(VERSIONS))
    return connection


def filled(rows: Iterable[Row]) -> sqlite3.Connection:
    """Return a store with some events, numbered from 1 in their order, and their roll-ups."""
    connection = empty_store()
    fill(connection, rows)
    return connection


def fill(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Add events and count them, in a transaction."""
    connection.execute("BEGIN")
    insert(connection, list(rows))
    connection.execute("COMMIT")


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Add events and count them."""
    connection.executemany(
        "INSERT INTO events (ts, type, user_id, session_id, source, event_id, project, late,"
        """ received, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, '{"data":{},"metadata":{}}')""",
        rows,
    )
    counts = Counter((one.project, one.ts // MINUTE_MS, one.source, one.type) for one in rows)
    late: Counter[Any] = Counter()
    for one in rows:
        late[one.project, one.ts // MINUTE_MS, one.source, one.type] += one.late
    connection.executemany(
        "INSERT INTO minutes (project, minute, source, type, events, late)"
        " VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET events = events + excluded.events, late = late + excluded.late",
        [(*key, count, late[key]) for key, count in counts.items()],
    )


@contextmanager
def counted(connection: sqlite3.Connection) -> Iterator[list[int]]:
    """Count the steps of SQLite's machine within, by tens."""
    steps = [0]

    def tick() -> int:
        steps[0] += 10
        return 0

    connection.set_progress_handler(tick, 10)
    yield steps
    connection.set_progress_handler(None, 0)


@contextmanager
def planned(connection: sqlite3.Connection) -> Iterator[list[str]]:
    """Gather how SQLite carries out what is asked within."""
    statements: list[str] = []
    plans: list[str] = []
    connection.set_trace_callback(statements.append)
    yield plans
    connection.set_trace_callback(None)
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


def add_letter(connection: sqlite3.Connection, **values: Any) -> int:
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
        f"INSERT INTO dead_letters ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
        tuple(row.values()),
    )
    return int(made.lastrowid or 0)
