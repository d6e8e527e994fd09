"""The databases of tests: files of SQLite, or, asked for, those of a PostgreSQL of the tests' own.

`python -m pytest --database postgresql` (or TEST_DATABASE=postgresql) runs the tests on it. What is
about SQLite itself is marked `sqlite`, and left out then.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from collab.core.database.postgresql import TAKE_WRITER_LOCK

from .postgres import PostgresServer, postgres_server

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
#: Where the folder of the server is noted for the processes that run tests.
FOLDER_NOTE = "COLLAB_TESTS_POSTGRESQL"

#: What a writer of the service holds.
WRITER_LOCK = str(TAKE_WRITER_LOCK)

_server = contextlib.ExitStack()


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
    config.addinivalue_line("markers", "sqlite: is about SQLite, or looks into its file")
    if config.getoption("--database") == POSTGRESQL and FOLDER_NOTE not in os.environ:
        server = _server.enter_context(postgres_server())
        os.environ[FOLDER_NOTE] = str(server.folder)
        _server.callback(os.environ.pop, FOLDER_NOTE)


def pytest_unconfigure() -> None:
    """Stop it, where it was started."""
    _server.close()


def left_out(config: pytest.Config, items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests that are not run on the database that was chosen."""
    if config.getoption("--database") == SQLITE:
        return []
    return [item for item in items if item.get_closest_marker("sqlite")]


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
        _create(there, name_of(folder), "template0")
    return settings_of(folder)


def copy(source: Path, folder: Path) -> dict[str, str]:
    """Copy a database that nobody has open, named by its file, for a folder; returns settings."""
    if there := server():
        _create(there, name_of(folder), name_of(source.parent))
    else:
        for path in source.parent.glob("collab.db*"):
            shutil.copy(path, folder / path.name)
    return settings_of(folder)


def _create(there: PostgresServer, name: str, template: str) -> None:
    # Files are copied as they are: nothing is written twice, and with fsync off nothing waits.
    there.ask("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    there.ask("postgres", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY = file_copy")


class Table:
    """A connection of another process to a test's database on PostgreSQL, spoken to as SQLite."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

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
    """Open a connection of another process to the database of an instance folder."""
    if there := server():
        return Table(there.url(name_of(folder)))
    return sqlite3.connect(
        folder / "collab.db", isolation_level=None, timeout=timeout, check_same_thread=False
    )
