"""How the database is opened, and the lock that a change takes before it reads.

What differs between databases is behind one interface (`engine.py`); nothing else asks which one it
is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import Connection, event

from ...extensions import db
from ..compiled import session_connection
from ..counting import metrics
from ..json import dumps, loads
from ..slots import Contributions, application
from . import functions as functions
from .engine import ENGINE, Engine
from .engine import NEW_ROWS as NEW_ROWS
from .engine import OLD_ROWS as OLD_ROWS
from .pooling import RecedingPool
from .postgresql import PostgresEngine
from .sqlite import SqliteEngine
from .sqlite import register_functions as register_functions
from .turns import TURNS as TURNS
from .turns import WRITER_WAIT, WriterTurns

#: The kinds of databases, by how their addresses begin.
ENGINES: dict[str, type[Engine]] = {"sqlite": SqliteEngine, "postgresql": PostgresEngine}

#: Seconds that a thread waits for a connection of the pool.
POOL_PATIENCE_S = 10

Check = Callable[[Connection], None]

#: What is checked once the writer's lock is held.
_CHECKS: Contributions[Check] = Contributions("checks on the lock")


def engine_options(url: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the pool's size, how JSON is written, and what the kind of database takes."""
    common = {
        "poolclass": RecedingPool,
        "pool_size": values["DATABASE_POOL"],
        "max_overflow": values["DATABASE_POOL_OVERFLOW"],
        "pool_timeout": POOL_PATIENCE_S,
        # The one that was used last: its page cache is still warm, and others can be closed.
        "pool_use_lifo": True,
        "hide_parameters": True,  # an error's text goes to the log, and they may be secrets
        "json_serializer": lambda value: dumps(value).decode(),
        "json_deserializer": loads,
    }
    return common | _kind(url).options(values)


def with_driver(url: str) -> str:
    """Return a database's address with the driver that is used, if none is named."""
    return url.replace("postgresql:", "postgresql+psycopg:", 1)


def _kind(url: str) -> type[Engine]:
    return ENGINES[url.partition(":")[0].partition("+")[0]]


def init_app(app: Flask) -> None:
    """Have an application's connections made and maintained as its database needs it."""
    engine = ENGINE.put(app, _kind(app.config["SQLALCHEMY_DATABASE_URI"])(app))
    with app.app_context():
        metrics.declare(app, WRITER_WAIT)
        waited = lambda seconds: WRITER_WAIT.of(app).child().observe(seconds)  # noqa: E731
        patience_s, lock = app.config["DATABASE_TIMEOUT_SECONDS"], engine.door()
        turns = TURNS.put(app, WriterTurns(patience_s, waited, lock))
        engine.prepare(db.engine)
        event.listen(db.engine, "before_cursor_execute", _before_execute)
        event.listen(db.engine, "checkin", turns.given_back)


def take_write_lock() -> None:
    """Make this transaction the only writer until it ends.

    What a change depends on (a role, a last owner, a version) is read after this, so nobody can
    change it in between. What was decided on the way here is checked again (`on_lock`).
    """
    begin_writing(db.session.connection())


def begin_writing(connection: Connection) -> None:
    """Make a connection's transaction the only writer, unless it already is."""
    if ENGINE.here().begin_writing(connection):
        for check in _CHECKS:
            check(connection)


def on_lock(app: Flask, check: Check) -> None:
    """Have something checked whenever a transaction has become the only writer.

    It is for what a request had to decide before it had the lock, such as who calls; an error that
    the check raises ends the request.
    """
    _CHECKS.add(app, check)


def let_go() -> None:
    """Keep no connection of a server while this thread waits for another one that may need it.

    The session's transaction ends if it has only read; nothing is lost by that.
    """
    if session_connection() is not None:
        ENGINE.here().let_go()


def commit_lazily() -> None:
    """Let the open transaction's commit return some moments before it is on disk.

    A power cut in between undoes all of it. It is for changes that nobody has been promised: code
    that reports them calls `harden` first.
    """
    driver: Any = db.session.connection().connection.dbapi_connection
    driver.lazy = True


def harden() -> None:
    """Return once a power cut can't lose anything that could be read before this call.

    Code that tells others what it read in the database calls this first. Raises OSError.
    """
    ENGINE.here().harden()


def put_log_away(app: Flask) -> None:
    """Copy the write-ahead log into the database, as far as nobody is using it now."""
    ENGINE.of(app).put_log_away()


def close_idle() -> bool:
    """Close connections left over from a busy moment; return that nothing is left to do."""
    pool = db.engine.pool
    if isinstance(pool, RecedingPool):
        pool.close_idle()
    return False


def engine() -> Engine:
    """Return the kind of database that the present application has."""
    return ENGINE.of(application())


def _before_execute(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    """Begin a transaction as a writer where its first statement is a write."""
    if context.isinsert or context.isupdate or context.isdelete:
        begin_writing(connection)
