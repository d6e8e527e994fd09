"""The databases of tests: files of SQLite, or, asked for, those of a PostgreSQL of the tests' own.

`python -m pytest --database postgresql` (or TEST_DATABASE=postgresql) runs the tests on it. What is
about SQLite itself is marked `sqlite`, and left out then.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event

from collab.core.database import register_functions
from collab.core.database.postgresql import TAKE_WRITER_LOCK
from collab.core.database.postgresql_schema import trigger as server_trigger
from collab.core.models import utcnow
from collab.extensions import db

from .postgres import PostgresServer, postgres_server

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
#: Why a test is about SQLite alone: what its mark has to name.
WHY = {
    "file": "its file, the files beside it, what is in them, or what its driver counts",
    "plans": "how it carries out queries, and in how many steps",
    "index": "what its index for searches is made of",
    "locks": "workers' locks, which are files there, and no locks of a server",
    "faults": "a fault that a file alone can have, such as a full disk under it",
    "backup": "backups of files",
    "epoch": "what is remembered of callers, while a number stands that lies in a file beside it",
}
NO_REASON = "without a reason"
#: Where the folder of the server is noted for the processes that run tests.
FOLDER_NOTE = "COLLAB_TESTS_POSTGRESQL"

#: What a trigger does that refuses a row.
REFUSE = "SELECT RAISE(ABORT, 'refused')"
#: What a writer of the service holds.
WRITER_LOCK = str(TAKE_WRITER_LOCK)

#: What is raised where the lock of a writer did not come.
LOCKED = (sqlite3.OperationalError, psycopg.errors.LockNotAvailable)

_server = contextlib.ExitStack()
LEFT_OUT: pytest.StashKey[Counter[str]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the database be chosen."""
    parser.addoption(
        "--database",
        choices=(SQLITE, POSTGRESQL),
        default=os.environ.get("TEST_DATABASE", SQLITE),
        help="what the tests run on",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start the server, in the process that starts all others."""
    config.addinivalue_line("markers", f"sqlite(why): is about SQLite alone: {', '.join(WHY)}")
    if config.getoption("--database") == POSTGRESQL and FOLDER_NOTE not in os.environ:
        server = _server.enter_context(postgres_server())
        os.environ[FOLDER_NOTE] = str(server.folder)
        _server.callback(os.environ.pop, FOLDER_NOTE)


def pytest_unconfigure() -> None:
    """Stop it, where it was started."""
    _server.close()


def left_out(config: pytest.Config, items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests that are not run on the database that was chosen."""
    marked = {item: found.args for item in items if (found := item.get_closest_marker("sqlite"))}
    config.stash[LEFT_OUT] = Counter(why[0] if why else NO_REASON for why in marked.values())
    return [] if config.getoption("--database") == SQLITE else list(marked)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say what is left out on PostgreSQL, and why."""
    if config.getoption("--database") == SQLITE:
        return []
    counts = config.stash.get(LEFT_OUT, Counter())
    listed = ", ".join(f"{count} {why}" for why, count in sorted(counts.items()))
    return [f"about SQLite alone, and left out: {counts.total()} ({listed})"]


def server() -> PostgresServer | None:
    """Return the server that tests run on; None: they run on SQLite."""
    folder = os.environ.get(FOLDER_NOTE)
    return PostgresServer(Path(folder), running=True) if folder else None


def name_of(folder: Path) -> str:
    """Return the name of the database that belongs to an instance folder."""
    return "test_" + sha256(str(folder).encode()).hexdigest()[:16]


def settings_of(folder: Path) -> dict[str, str]:
    """Return the settings by which an application finds the database of an instance folder."""
    there = server()
    return {"DATABASE_URL": there.url(name_of(folder))} if there else {}


def make(folder: Path) -> dict[str, str]:
    """Make an empty database for an instance folder; returns its settings."""
    if there := server():
        there.make(name_of(folder), "template0")
    return settings_of(folder)


def copy(source: Path, folder: Path) -> dict[str, str]:
    """Copy a database that nobody has open, named by its file, for a folder; returns settings."""
    if there := server():
        there.make(name_of(folder), name_of(source.parent))
    else:
        for path in source.parent.glob("collab.db*"):
            shutil.copy(path, folder / path.name)
    return settings_of(folder)


class Table:
    """A connection of another process to a test's database on PostgreSQL, spoken to as SQLite."""

    def __init__(self, url: str, timeout: float) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        patience_ms = max(1, int(timeout * 1000))  # 0 would be without an end
        self._connection.execute(f"SET lock_timeout = {patience_ms}".encode())

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement; BEGIN IMMEDIATE takes the writer's lock."""
        if sql == "BEGIN IMMEDIATE":
            self._connection.execute("BEGIN")
            sql = WRITER_LOCK
        return self._connection.execute(sql.replace("?", "%s").encode(), values or None)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each row."""
        self._connection.cursor().executemany(sql.replace("?", "%s").encode(), rows)

    def executescript(self, script: str) -> None:
        """Run several statements."""
        self._connection.execute(script.encode())

    def commit(self) -> None:
        """Do nothing: each statement has been committed."""

    def rollback(self) -> None:
        """Let go of the writer's lock."""
        self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def opened(folder: Path, *, timeout: float = 5) -> Any:
    """Open a connection of another process to the database of an instance folder.

    It waits for locks of others as many seconds as `timeout` says, and then raises one of LOCKED.
    """
    if there := server():
        return Table(there.url(name_of(folder)), timeout)
    connection = sqlite3.connect(
        folder / "collab.db", isolation_level=None, timeout=timeout, check_same_thread=False
    )
    register_functions(connection)
    return connection


@contextlib.contextmanager
def in_a_hurry(app: Flask) -> Iterator[None]:
    """Let the application's connections give up at once instead of waiting for the lock."""

    def be_impatient(connection: Any, record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 1")

    if server():
        app.config["DATABASE_TIMEOUT_SECONDS"] = 0.01
        yield
        return
    with app.app_context():
        engine = db.engine
    event.listen(engine, "connect", be_impatient)
    engine.dispose()
    yield
    event.remove(engine, "connect", be_impatient)
    engine.dispose()


def size(folder: Path) -> int:
    """Return the bytes of the database of an instance folder."""
    if there := server():
        ((found,),) = there.ask("postgres", f"SELECT pg_database_size('{name_of(folder)}')")
        return int(found)
    return (folder / "collab.db").stat().st_size


def from_now(**difference: float) -> str:
    """Return a time as columns have it: `from_now(hours=-1)`."""
    return f"{utcnow() + timedelta(**difference):%Y-%m-%d %H:%M:%S.%f}"


def has(folder: Path, text: str) -> bool:
    """Return whether a text is anywhere in the database of an instance folder, as it is."""
    kept = [path.read_bytes() for path in folder.glob("collab.db*")] or [dump(folder).encode()]
    return any(text.encode() in one or text.encode().hex().encode() in one for one in kept)


def dump(folder: Path) -> str:
    """Return all rows of all tables as text: bytes in hexadecimal digits."""
    there = server()
    assert there is not None
    name = name_of(folder)
    tables = there.ask(name, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [
        row for (table,) in tables for row in there.ask(name, f'SELECT t::text FROM "{table}" t')
    ]
    assert rows
    return "\n".join(row for (row,) in rows)


def trigger(name: str, moment: str, table: str, does: str, when: str = "") -> str:
    """Return the SQL of a trigger that does something for each row, or refuses it (REFUSE)."""
    if server():
        does = "RAISE EXCEPTION 'refused'" if does == REFUSE else does
        return server_trigger(name, moment, table, [does], when)
    condition = f" WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} {moment} ON {table}{condition} BEGIN {does}; END"


def drop_trigger(name: str) -> str:
    """Return the SQL that drops such a trigger."""
    return f"DROP FUNCTION {name}() CASCADE" if server() else f"DROP TRIGGER {name}"


def break_commits(table: str) -> str:
    """Return the SQL that lets every commit with a new row of a table fail.

    What a deferred constraint refers to is not there.
    """
    return (
        "CREATE TABLE broken"
        " (person INTEGER REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED);"
        + trigger("break_it", "AFTER INSERT", table, "INSERT INTO broken VALUES (-1)")
        + ";"
    )


def mend_commits() -> str:
    """Return the SQL that takes it back."""
    return f"{drop_trigger('break_it')}; DROP TABLE broken;"
