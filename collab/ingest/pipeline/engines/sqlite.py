"""The store as an SQLite file: one writer at a time, and any number of readers."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ....core.storage.file_lock import FileLock, try_hold
from .face import ROWS_PER_FETCH, EventRow, Key, Rows, Store, Values, joined
from .sqlite_schema import VERSIONS

#: Seconds that a writer waits for another one.
PATIENCE_S = 10.0
#: KiB of pages that a connection keeps in memory: the server has several connections.
CACHE_KIB = 8 * 1024
#: The same for the loading connection: the pages that it writes to grow with the store.
LOADER_CACHE_KIB = 64 * 1024
#: Ids in one statement: SQLite takes 32,766 parameters, and an id needs three.
IDS_PER_STATEMENT = 500

FIND_ID = "SELECT 1 FROM seen WHERE source = ? AND day = ? AND id = ?"
INSERT_EVENT = (
    "INSERT INTO events (project, source, ts, received, type, event_id, user_id, session_id,"
    " late, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class SqliteStore(Store):
    """A connection to the file; transactions are begun explicitly."""

    event_parts = "data -> '$.data', data -> '$.metadata'"

    def __init__(self, raw: sqlite3.Connection, path: Path) -> None:
        self.raw, self._path = raw, path
        self._locks: dict[str, FileLock] = {}

    def execute(self, sql: str, values: Values = ()) -> Rows:
        """Run a statement."""
        return self.raw.execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> Rows:
        """Run a statement for each row."""
        return self.raw.executemany(sql, rows)

    def stream(self, sql: str, values: Values = (), at_once: int = ROWS_PER_FETCH) -> Iterator[Any]:
        """Run a query whose rows are read as they are needed."""
        return self.raw.execute(sql, values)

    def close(self) -> None:
        """Close the connection, and release its locks."""
        self.raw.close()
        for lock in self._locks.values():
            lock.close()
        self._locks = {}

    @contextlib.contextmanager
    def writing(self) -> Iterator[Store]:
        """Be the only writer within this block."""
        self.raw.execute("BEGIN IMMEDIATE")
        try:
            yield self
            self.raw.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self.raw.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[Store]:
        """See the store at one moment within this block."""
        self.raw.execute("BEGIN")
        try:
            yield self
        finally:
            self.raw.execute("ROLLBACK")

    @contextlib.contextmanager
    def trying(self) -> Iterator[Store]:
        """Undo, at its end, what is written within this block."""
        self.raw.execute("BEGIN IMMEDIATE")
        try:
            yield self
        finally:
            self.raw.execute("ROLLBACK")

    def add_ids(self, keys: Sequence[Key]) -> set[Key]:
        """Note ids; returns those that were unknown."""
        fresh: set[Key] = set()
        for start in range(0, len(keys), IDS_PER_STATEMENT):
            some = keys[start : start + IDS_PER_STATEMENT]
            marks = ", ".join(["(?, ?, ?)"] * len(some))
            fresh.update(
                self.raw.execute(
                    f"INSERT INTO seen (source, day, id) VALUES {marks}"  # noqa: S608
                    " ON CONFLICT DO NOTHING RETURNING source, day, id",
                    [part for key in some for part in key],
                )
            )
        return fresh

    def known_ids(self, keys: Sequence[Key]) -> set[Key]:
        """Return which of the ids are noted."""
        return {key for key in keys if self.raw.execute(FIND_ID, key).fetchone()}

    def add_events(self, rows: Sequence[EventRow]) -> None:
        """Store events."""
        self.raw.executemany(
            INSERT_EVENT,
            [(*row[:-2], joined(*row[-2:])) for row in rows],
        )

    def number_after(self, last: int) -> None:
        """Let request numbers continue after one."""
        self.raw.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'inbox'", (last,)
        )

    def try_lock(self, name: str) -> bool:
        """Hold a lock of this store until it is closed; False if another connection has it."""
        if name in self._locks:
            return True
        lock = try_hold(Path(f"{self._path}.{name}.lock"))
        if lock is None:
            return False
        self._locks[name] = lock
        return True


def connect(
    path: Path, *, synchronous: str, readonly: bool, checkpoint_pages: int | None
) -> SqliteStore:
    """Open the file; creates or upgrades it if need be."""
    raw = _readable(path) if readonly else _writable(path, synchronous)
    if checkpoint_pages is not None and not readonly:
        raw.execute(f"PRAGMA wal_autocheckpoint={checkpoint_pages}")
    raw.execute(f"PRAGMA cache_size=-{LOADER_CACHE_KIB if checkpoint_pages else CACHE_KIB}")
    return SqliteStore(raw, path)


def _readable(path: Path) -> sqlite3.Connection:
    if not path.exists():
        _writable(path, "NORMAL").close()
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=PATIENCE_S,
        isolation_level=None,
        check_same_thread=False,
    )


def _writable(path: Path, synchronous: str) -> sqlite3.Connection:
    _make_private(path)
    raw = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
    raw.execute("PRAGMA auto_vacuum=INCREMENTAL")
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute(f"PRAGMA synchronous={synchronous}")
    raw.execute("PRAGMA temp_store=MEMORY")
    upgrade(raw)
    return raw


def _make_private(path: Path) -> None:
    # Only if it is not there: closing a descriptor of an open database gives up the locks of all
    # its connections in this process (POSIX), and another process would remove its log.
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def upgrade(raw: sqlite3.Connection) -> None:
    """Create the tables, or upgrade them."""
    if _version(raw) >= len(VERSIONS):
        return
    with SqliteStore(raw, Path()).writing():
        for number in range(_version(raw), len(VERSIONS)):
            for statement in _statements(VERSIONS[number]):
                raw.execute(statement)
            raw.execute(f"PRAGMA user_version={number + 1}")


def _statements(script: str) -> Iterator[str]:
    """Split a script into its statements; those of a trigger belong together."""
    statement = ""
    for part in script.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _version(raw: sqlite3.Connection) -> int:
    return int(raw.execute("PRAGMA user_version").fetchone()[0])


class SqliteService:
    """The service's database as a file, which this only reads."""

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=PATIENCE_S,
            isolation_level=None,
        )

    def version(self) -> object:
        """Return a value that changes with each commit by another connection."""
        return self._raw.execute("PRAGMA data_version").fetchone()[0]

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query."""
        return self._raw.execute(sql, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._raw.close()
