"""The store of the pipeline: one SQLite file, apart from the service's own database.

Requests wait in it (`inbox`), events lie in it, and so do the counters: so that one transaction
takes a request out of the inbox, stores its events and counts them. `connect` makes what is
missing; times are whole milliseconds since 1970 UTC.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

#: Seconds that a writer waits for another one.
PATIENCE_S = 10.0
#: Pages of the write-ahead log (4 KiB each) after which the worker puts them into the database.
CHECKPOINT_PAGES = 8000
#: KiB of pages that a connection keeps in memory.
CACHE_KIB = 32 * 1024
#: Upper bounds, in milliseconds, of the classes in which times from receipt to store are counted.
LATENCY_BUCKETS = (
    *(10, 20, 30, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750),
    *(1000, 2000, 5000, 10_000, 30_000, 60_000, 600_000, 10**12),
)
#: States of a dead letter.
OPEN = "open"
REPLAYED = "replayed"
DISCARDED = "discarded"

#: Each version's statements bring a store of the one before up to date.
VERSIONS: tuple[str, ...] = (
    """
    CREATE TABLE inbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        project INTEGER NOT NULL,
        source INTEGER NOT NULL,
        received INTEGER NOT NULL,
        format TEXT NOT NULL,
        events INTEGER NOT NULL,
        context TEXT NOT NULL,
        body BLOB NOT NULL
    );
    CREATE TABLE waiting (project INTEGER PRIMARY KEY, bytes INTEGER NOT NULL);
    CREATE TRIGGER inbox_grows AFTER INSERT ON inbox BEGIN
        INSERT INTO waiting VALUES (NEW.project, length(NEW.body))
            ON CONFLICT (project) DO UPDATE SET bytes = bytes + excluded.bytes;
    END;
    CREATE TRIGGER inbox_shrinks AFTER DELETE ON inbox BEGIN
        UPDATE waiting SET bytes = bytes - length(OLD.body) WHERE project = OLD.project;
    END;
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        project INTEGER NOT NULL,
        source INTEGER NOT NULL,
        ts INTEGER NOT NULL,
        received INTEGER NOT NULL,
        type TEXT NOT NULL,
        event_id TEXT NOT NULL,
        user_id TEXT,
        session_id TEXT,
        late INTEGER NOT NULL,
        data TEXT NOT NULL
    );
    CREATE INDEX events_by_time ON events (project, ts);
    CREATE INDEX events_by_type ON events (project, type, ts, user_id);
    CREATE INDEX events_by_user ON events (project, user_id, ts, type, session_id);
    CREATE TABLE seen (
        source INTEGER NOT NULL,
        day INTEGER NOT NULL,
        id BLOB NOT NULL,
        PRIMARY KEY (source, day, id)
    ) WITHOUT ROWID;
    CREATE TABLE seen_days (
        source INTEGER NOT NULL,
        day INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (source, day)
    ) WITHOUT ROWID;
    CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        project INTEGER NOT NULL,
        source INTEGER NOT NULL,
        received INTEGER NOT NULL,
        rejected_at INTEGER NOT NULL,
        stage TEXT NOT NULL,
        reason TEXT NOT NULL,
        event_id TEXT,
        type TEXT,
        format TEXT NOT NULL,
        receipt TEXT NOT NULL,
        context TEXT NOT NULL,
        state TEXT NOT NULL,
        changed_at INTEGER,
        payload BLOB NOT NULL,
        correction BLOB
    );
    CREATE INDEX dead_letters_by_project ON dead_letters (project, state, id);
    CREATE INDEX dead_letters_by_source ON dead_letters (source, state, id);
    CREATE INDEX dead_letters_by_receipt ON dead_letters (source, receipt);
    CREATE TABLE totals (
        source INTEGER PRIMARY KEY,
        project INTEGER NOT NULL,
        received INTEGER NOT NULL DEFAULT 0,
        stored INTEGER NOT NULL DEFAULT 0,
        duplicate INTEGER NOT NULL DEFAULT 0,
        rejected INTEGER NOT NULL DEFAULT 0,
        late INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE minutes (
        project INTEGER NOT NULL,
        minute INTEGER NOT NULL,
        source INTEGER NOT NULL,
        type TEXT NOT NULL,
        events INTEGER NOT NULL,
        late INTEGER NOT NULL,
        PRIMARY KEY (project, minute, source, type)
    ) WITHOUT ROWID;
    CREATE TABLE latencies (
        source INTEGER NOT NULL,
        minute INTEGER NOT NULL,
        bucket INTEGER NOT NULL,
        events INTEGER NOT NULL,
        PRIMARY KEY (source, minute, bucket)
    ) WITHOUT ROWID;
    CREATE TABLE archives (
        project INTEGER NOT NULL,
        hour INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        events INTEGER NOT NULL,
        sha256 TEXT,
        PRIMARY KEY (project, hour)
    ) WITHOUT ROWID;
    CREATE TABLE taken (entry TEXT PRIMARY KEY, source INTEGER, events INTEGER) WITHOUT ROWID;
    CREATE TABLE state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    """,
)


def connect(
    path: Path | str, *, synchronous: str = "FULL", readonly: bool = False
) -> sqlite3.Connection:
    """Open the store, made or brought up to date if need be; `readonly` needs it to be there.

    FULL: what is committed survives a power cut. Transactions are begun by hand (`writing`).
    """
    if readonly:
        connection = sqlite3.connect(
            f"{Path(path).absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=PATIENCE_S,
            isolation_level=None,
            check_same_thread=False,
        )
    else:
        _make_private(Path(path))
        connection = sqlite3.connect(
            path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA temp_store=MEMORY")
        _upgrade(connection)
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    return connection


def _make_private(path: Path) -> None:
    # Only if it is not there: to close a descriptor of an open database gives up the locks of all
    # its connections in this process (POSIX), and another process would take its log away.
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _upgrade(connection: sqlite3.Connection) -> None:
    if _version(connection) >= len(VERSIONS):
        return
    with writing(connection):
        for number in range(_version(connection), len(VERSIONS)):
            for statement in _statements(VERSIONS[number]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={number + 1}")


def _statements(script: str) -> Iterator[str]:
    """Cut a script into its statements; those of a trigger belong together."""
    statement = ""
    for part in script.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextlib.contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Be the only writer within this block; it ends with a commit, or undone by what it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """See one moment of the store within this block, whatever is written meanwhile."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")
