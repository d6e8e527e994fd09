"""SQLite: one file in the instance folder, a write-ahead log beside it, one writer at a time."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import sqlalchemy
from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from ..transactions.database_file import database_file
from ..transactions.disk import DISK
from ..transactions.fair_lock import FairLock
from ..transactions.shared_lock import SharedLock
from ..words.calling import call_key
from ..words.folding import fold
from ..words.sorting import sort_key
from ..words.splitting import indexed
from .engine import Engine
from .pooling import note_long
from .sharing import SharingConnection
from .turns import TURNS

#: Functions that SQL can call besides SQLite's own, whose `lower` handles ASCII only.
SQL_FUNCTIONS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "folded": fold,
    "search_words": indexed,
    "sort_key": sort_key,
    "call_key": call_key,
}

#: The files of a database, by the endings of their names.
FILE_ENDINGS = {"main": "", "wal": "-wal"}
#: Bytes to which the write-ahead log is truncated once its content is in the database.
WAL_BYTES = 64 * 2**20
#: Pages in the log, of 4 KiB each, from which on a commit copies them into the database. A new task
#: writes 50, mostly the same ones as the task before: the longer the log, the more of them are
#: written back once instead of each time.
CHECKPOINT_PAGES = 4000
#: Bytes that SQLite may use in this process before a connection has to give up cached pages for
#: others. Another connection's commit invalidates them anyway: lists cost the same with 64 MiB.
HEAP_BYTES = 24 * 2**20
_BYTE_LENGTH = re.compile(r"byte_length\(([^()]*)\)")
#: Steps of SQLite's virtual machine between two checks whether to stop: about 10 ms.
STEPS_BETWEEN_LOOKS = 200_000
#: Seconds that a process that ends waits for others to release the log.
LOG_PATIENCE_S = 1
#: Seconds that it waits for readers of rows deleted since; after that it tries again later.
FORGET_PATIENCE_S = 0.1


class SqliteEngine(Engine):
    """The database as a file."""

    name = "sqlite"
    row_name = "rowid"
    is_file = True
    sees_statements = False
    parses_schema = True

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        # Its address is a file's, or there would be another engine.
        self.path = cast(Path, database_file(app.config["SQLALCHEMY_DATABASE_URI"]))

    @staticmethod
    def options(values: dict[str, Any]) -> dict[str, Any]:
        """Return the time to wait for a lock."""
        patience_s = values["DATABASE_TIMEOUT_SECONDS"]
        return {
            "connect_args": {
                "timeout": patience_s,
                # The pool lends a connection to one thread after another, never to two at once.
                "check_same_thread": False,
                "factory": SharingConnection,
            }
        }

    def prepare(self, engine: sqlalchemy.Engine) -> None:
        """Set the pragmas on every new connection."""
        event.listen(engine, "connect", self._set_pragmas)
        event.listen(engine, "checkin", roll_back)
        event.listen(engine, "before_cursor_execute", note_long)

    def _set_pragmas(self, connection: Any, record: object) -> None:
        make_private(self.path)
        if is_new(self.path):  # later it would have to be rewritten, and this would wait for a lock
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        if connection.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",):
            connection.execute("PRAGMA synchronous=NORMAL")  # a commit writes the log, and no more
        connection.disk = DISK.of(self._app)
        connection.written = partial(TURNS.of(self._app).given_back, connection, record)
        for pragma in (
            f"journal_size_limit={WAL_BYTES}",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
            f"soft_heap_limit={HEAP_BYTES}",  # of all connections together
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "secure_delete=ON",  # deleted data is overwritten: nothing of it stays in free pages
        ):
            connection.execute(f"PRAGMA {pragma}")
        register_functions(connection)

    def door(self) -> FairLock | None:
        """Return the lock of the web processes on this machine, if there are several."""
        return SharedLock(self.path) if self._config["WEB_PROCESSES"] > 1 else None

    def begin_writing(self, connection: Connection) -> bool:
        """Take the writer's lock of the file."""
        driver: Any = connection.connection.dbapi_connection
        if driver.in_transaction:
            return False
        # Our turn first: then nobody else in this process waits for SQLite's lock by polling.
        TURNS.here().take(connection)
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:  # as SQLAlchemy would raise it
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error
        return True

    def trouble_writing(self, patience_s: float) -> str | None:
        """Begin to write and change nothing."""
        try:
            self._begin_and_end(patience_s)
        except sqlite3.Error as error:
            return str(error)
        return None

    def _begin_and_end(self, patience_s: float) -> None:
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(address, uri=True, timeout=patience_s, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    def let_go(self) -> None:
        """Do nothing: a reader holds nothing that others need."""

    def harden(self) -> None:
        """Have the log synced; raises OSError."""
        DISK.of(self._app).harden()

    @contextlib.contextmanager
    def one_moment(
        self, connection: Connection, stopped: Callable[[], bool], seconds: float
    ) -> Iterator[None]:
        """Begin by hand: the driver begins for writes only; each read would see its own moment."""
        driver: Any = connection.connection.driver_connection
        connection.exec_driver_sql("BEGIN")
        driver.set_progress_handler(stopped, STEPS_BETWEEN_LOOKS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Do nothing: migrations hold a lock in the folder of the file."""
        yield

    def before_migrations(self, connection: Connection) -> None:
        """Do nothing: the functions of a connection are all it needs."""

    def forget_texts(self, connection: Connection) -> None:
        """Do nothing: the migrations created everything."""

    def ensure_schema(self, connection: Connection) -> None:
        """Do nothing: the migrations create everything."""

    def run(self, connection: Connection, sql: str) -> None:
        """Run SQL."""
        connection.exec_driver_sql(sql)

    def same(self, first: str, second: str) -> str:
        """Return the condition that two values are equal."""
        return f"{first} IS {second}"

    def expression(self, sql: str) -> str:
        """Return an expression in SQLite's SQL."""
        return _BYTE_LENGTH.sub(r"length(CAST(\1 AS BLOB))", sql)

    def begin_schema(self, connection: Connection) -> None:
        """Begin as a writer, since Python's driver begins no transaction for DROP."""
        driver: Any = connection.connection.dbapi_connection
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    def triggers(self, connection: Connection, prefix: str) -> dict[str, str]:
        """Return the SQL of triggers."""
        query = sqlalchemy.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {name: sql for name, sql in connection.execute(query) if name.startswith(prefix)}

    def trigger(
        self, name: str, moment: str, table: str, statements: Iterable[str], when: str = ""
    ) -> str:
        """Return the SQL of a trigger."""
        condition = f" WHEN {when}" if when else ""
        body = "; ".join(statements)
        return f"CREATE TRIGGER {name} {moment} ON {table}{condition} BEGIN {body}; END"

    def trigger_of_all(self, name: str, moment: str, table: str, statements: Iterable[str]) -> str:
        """Raise NotImplementedError: a trigger sees one row."""
        raise NotImplementedError

    def make_trigger(self, connection: Connection, name: str, sql: str) -> None:
        """Make a trigger."""
        connection.exec_driver_sql(sql)

    def drop_trigger(self, connection: Connection, name: str) -> None:
        """Drop a trigger."""
        connection.exec_driver_sql(f"DROP TRIGGER {name}")

    def derive(self, connection: Connection) -> None:
        """Do nothing: triggers have done it."""

    def forget_deleted(self, connection: Connection) -> bool:
        """Copy the log into the file and truncate it; briefly, as nobody can write meanwhile."""
        connection.connection.rollback()
        return self._cut_log(FORGET_PATIENCE_S)

    def put_log_away(self) -> None:
        """Copy the write-ahead log into the file, as far as nobody is using it now."""
        with contextlib.suppress(sqlite3.Error):
            self._cut_log(LOG_PATIENCE_S)

    def _cut_log(self, patience_s: float) -> bool:
        with contextlib.closing(sqlite3.connect(self.path, timeout=patience_s)) as connection:
            return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def sizes(self) -> dict[str, int]:
        """Return the bytes of the files."""
        files = {name: Path(f"{self.path}{ending}") for name, ending in FILE_ENDINGS.items()}
        return {name: one.stat().st_size if one.exists() else 0 for name, one in files.items()}

    @property
    def version(self) -> str:
        """Return the version of the library."""
        return sqlite3.sqlite_version

    @property
    def place(self) -> str:
        """Return the file's path."""
        return str(self.path)


def make_private(path: Path) -> None:
    """Let only the server's own user read a database, whatever the folder allows.

    SQLite gives the files beside it (-wal, -shm) the mode of the database itself.
    """
    # Never opened here if it exists: closing any descriptor of a file releases all POSIX locks that
    # this process has on it, and the next process that ends would delete a log in use.
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for one in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with contextlib.suppress(OSError):
            one.chmod(0o600)


def is_new(path: Path) -> bool:
    """Return whether a database has never been written to."""
    try:
        return path.stat().st_size == 0
    except OSError:
        return True


def roll_back(driver: Any, record: object) -> None:
    """End a transaction that is still open on a connection when it comes back to the pool.

    After a failed COMMIT SQLite's transaction is still open, with the writer's lock, though
    SQLAlchemy considers it ended: the next user of the connection would commit what was refused.
    """
    if driver is not None and driver.in_transaction:
        driver.rollback()


def register_functions(connection: sqlite3.Connection) -> None:
    """Register the functions that our statements and triggers call on a connection."""
    connection.execute("PRAGMA trusted_schema = ON")  # or some builds let triggers call none
    for name, function in SQL_FUNCTIONS.items():
        connection.create_function(name, 1, _of_text(function), deterministic=True)


def _of_text(function: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: function(value) if isinstance(value, str) else value
