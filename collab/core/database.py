"""How the database is opened, and the lock that a change takes before it reads."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from ..extensions import db
from .counting import metrics
from .errors import Unavailable
from .json import dumps, loads
from .slots import Registry, Slot
from .transactions.disk import DISK, Disk
from .transactions.fair_lock import FairLock
from .transactions.shared_lock import SharedLock
from .words.calling import call_key
from .words.folding import fold
from .words.sorting import sort_key
from .words.splitting import indexed

#: What SQL can call besides SQLite's own; whose `lower` knows the case of ASCII only.
FUNCTIONS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "folded": fold,
    "search_words": indexed,
    "sort_key": sort_key,
    "call_key": call_key,
}

WRITER_WAIT = metrics.histogram(
    "collab_database_writer_wait_seconds", "What changes have waited for their turn to write."
)

#: Bytes to which the write-ahead log is cut once what is in it is in the database.
WAL_BYTES = 64 * 2**20


def engine_options(url: str, patience_s: float) -> dict[str, Any]:
    """Return the pool's size, how JSON is written, and for SQLite the time to wait for a lock."""
    options: dict[str, Any] = {
        "pool_size": 16,
        "max_overflow": 64,
        "pool_timeout": 10,
        "hide_parameters": True,  # an error's text goes to the log, and they may be secrets
        "json_serializer": lambda value: dumps(value).decode(),
        "json_deserializer": loads,
    }
    if url.startswith("sqlite"):
        options["connect_args"] = {
            "timeout": patience_s,
            "check_same_thread": False,
            "factory": SharingConnection,
        }
    return options


TURNS: Slot[WriterTurns] = Slot("turns")
#: What is checked once the writer's lock is held.
_CHECKS: Registry[list[Callable[[Connection], None]]] = Registry("checks on the lock", lambda _: [])


def init_app(app: Flask) -> None:
    """Set SQLite's pragmas on every new connection."""
    path = Path(app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///"))
    pragmas = (
        f"journal_size_limit={WAL_BYTES}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "secure_delete=ON",  # what is deleted is overwritten: nothing of it stays in free pages
    )

    def set_pragmas(connection: Any, record: object) -> None:
        make_private(path)
        if is_new(path):  # later it would have to be rewritten, and this would wait for a lock
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        if connection.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",):
            connection.execute("PRAGMA synchronous=NORMAL")  # a commit writes the log, and no more
        connection.disk = DISK.of(app)
        connection.written = lambda: turns.end(connection, record)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        register_functions(connection)

    with app.app_context():
        metrics.declare(app, WRITER_WAIT)
        waited = lambda seconds: WRITER_WAIT.of(app).child().observe(seconds)  # noqa: E731
        lock = SharedLock(path) if app.config["WEB_PROCESSES"] > 1 else None
        turns = TURNS.put(app, WriterTurns(app.config["DATABASE_TIMEOUT_SECONDS"], waited, lock))
        event.listen(db.engine, "connect", set_pragmas)
        event.listen(db.engine, "before_cursor_execute", _before_execute)
        event.listen(db.engine, "checkin", roll_back)
        event.listen(db.engine, "checkin", turns.end)


class SharingConnection(sqlite3.Connection):
    """A connection whose commits wait for the disk together with others.

    In WAL mode a commit is whole once the log is written, and outlives a power cut once the log is
    synced (SQLite's `synchronous=FULL` does that within the commit, while nobody else may write).
    Others can read it from the first moment on; who tells it on calls `harden` before.
    """

    #: What commits wait for, and what is done before that; set for each connection.
    disk: Disk
    written: Callable[[], None]
    #: Whether the open transaction's commit may come to the disk later than it returns.
    lazy = False

    def commit(self) -> None:
        """Commit, and return when it is on the disk."""
        wait, self.lazy = not self.lazy, False
        if self.in_transaction:
            try:
                self.disk.commit(self._write, wait=wait)
            except OSError as error:
                raise sqlite3.OperationalError(f"It may not be on the disk: {error}") from error

    def _write(self) -> None:
        super().commit()
        self.written()

    def rollback(self) -> None:
        """Roll back."""
        self.lazy = False
        super().rollback()


def make_private(path: Path) -> None:
    """Let nobody but the server's own user read a database, whatever the folder allows.

    SQLite gives the files beside it (-wal, -shm) the mode of the database itself.
    """
    # Never opened here if it is there: to close any descriptor of a file lets go of all POSIX locks
    # that this process has on it, and the next process that ends would delete a log in use.
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for one in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with contextlib.suppress(OSError):
            one.chmod(0o600)


def put_log_away(app: Flask) -> None:
    """Write what is in the write-ahead log into the database, as far as nobody uses it now."""
    path = app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(path, timeout=1)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()


def is_new(path: Path) -> bool:
    """Return whether nothing has been written into a database yet."""
    try:
        return path.stat().st_size == 0
    except OSError:
        return True


def roll_back(driver: Any, record: object) -> None:
    """End the transaction that a connection still has when it comes back to the pool.

    After a COMMIT that failed SQLite's transaction is still open, with the writer's lock, though
    SQLAlchemy takes it for ended: whoever got the connection next would commit what was refused.
    """
    if driver is not None and driver.in_transaction:
        driver.rollback()


def register_functions(connection: sqlite3.Connection) -> None:
    """Let a connection know what statements and triggers of ours call."""
    connection.execute("PRAGMA trusted_schema = ON")  # some builds let triggers call no such thing
    for name, function in FUNCTIONS.items():
        connection.create_function(name, 1, _of_text(function), deterministic=True)


def _of_text(function: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: function(value) if isinstance(value, str) else value


def take_write_lock() -> None:
    """Make this transaction the only writer from now on, until it ends.

    What a change depends on (a role, a last owner, a version) is read after this, so nobody can
    change it in between. What was decided before, on the way here, is checked again (`on_lock`).
    """
    _begin_writing(db.session.connection())


Check = Callable[[Connection], None]


def on_lock(app: Flask, check: Check) -> None:
    """Have something checked whenever a transaction has become the only writer.

    It is for what a request had to decide before it came to the lock, such as who calls; what the
    check raises ends the request.
    """
    _CHECKS.of(app).append(check)


def commit_lazily() -> None:
    """Let the open transaction's commit come to the disk some moments later than it returns.

    A power cut in between takes it back, whole. It is for what nobody is promised: what tells of it
    hardens it before (`harden`).
    """
    driver: Any = db.session.connection().connection.dbapi_connection
    driver.lazy = True


def harden() -> None:
    """Return when nothing that could be read before this call can be lost by a power cut.

    Whoever tells others what they read in the database calls it before. Raises OSError.
    """
    DISK.here().harden()


class WriterTurns:
    """Lets the writers of this process take turns.

    SQLite lets a second writer wait by sleeping and trying again, up to 0.1 s at a time, and
    whoever tries at the right moment wins: among many, some wait for seconds. A lock wakes the
    next one at once, and nobody takes it again while another has waited for long. Web processes
    share such a lock; between all others SQLite's own way remains.
    """

    def __init__(
        self, patience_s: float, waited: Callable[[float], None], lock: FairLock | None = None
    ) -> None:
        """Make it; `waited` is told what each turn was waited for, in seconds, also in vain."""
        self._lock, self._patience_s, self._waited = lock or FairLock(), patience_s, waited

    def take(self, connection: Connection) -> None:
        """Wait for the connection's turn, which lasts until its commit is written.

        Or until it is given back to the pool.
        """
        if not connection.info.get(TURN_NOTE):
            began = time.perf_counter()
            taken = self._lock.acquire(timeout=self._patience_s)
            self._waited(time.perf_counter() - began)
            if not taken:
                raise Unavailable("Too many writers are waiting.")
            connection.info[TURN_NOTE] = True

    @contextlib.contextmanager
    def one(self, patience_s: float) -> Iterator[bool]:
        """Have a turn within this block; returns whether it came in time."""
        taken = self._lock.acquire(timeout=patience_s)
        try:
            yield taken
        finally:
            if taken:
                self._lock.release()

    @property
    def taken(self) -> bool:
        """Return whether somebody in this process writes, or waits for another process to end."""
        return self._lock.locked()

    def end(self, driver: object, record: Any) -> None:
        """Pass the turn on: after a commit, or when a connection comes back to the pool."""
        if record.info.pop(TURN_NOTE, False):
            self._lock.release()


TURN_NOTE = "collab.turn"


def _begin_writing(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    if not driver.in_transaction:
        # Our turn first: then nobody else of this process waits for SQLite's lock by polling.
        TURNS.here().take(connection)
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:  # as SQLAlchemy would raise it
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error
        for check in _CHECKS.here():
            check(connection)


def _before_execute(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    """Begin a transaction as a writer where its first statement is a write."""
    if context.isinsert or context.isupdate or context.isdelete:
        _begin_writing(connection)
