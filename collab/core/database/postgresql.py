"""PostgreSQL: any number of processes, on any number of machines, write one at a time.

Each writer takes one advisory lock until the end of its transaction, so what holds on SQLite holds
here: nobody changes what a change depends on, and ids of the log grow in the order of commits. If
commits waited for the disk under that lock, it would let only some hundred a second through. So
they do not wait there: they are flushed after the lock has been released, many at once, and before
anybody is told of them (`harden`).

Nothing belongs to a session of the server: no prepared statement, no lock that outlives its
transaction, no setting. So a pool in transaction mode (PgBouncer) works, too.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ...extensions import db
from ..compiled import READERS, session_connection
from ..transactions.fair_lock import FairLock
from . import postgresql_schema, postgresql_words
from .engine import Engine
from .turns import TURNS

#: Advisory locks are two numbers: this is the first one of all of ours.
LOCK_SPACE = 0xC011AB
WRITER_LOCK = 1
ALONE_LOCK = 2

#: Seconds for connecting.
CONNECT_S = 10
#: Seconds between two attempts to be alone.
ALONE_PAUSE_S = 0.1

IS_UNFLUSHED = "SELECT pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn()"
DATABASE_BYTES = "SELECT pg_database_size(current_database())"

# Everything in one round trip, and local to the transaction: a pool may hand the connection on.
BEGIN_WRITING = (
    "SELECT set_config('lock_timeout', %s, true), set_config('synchronous_commit', 'off', true),"
    f" pg_advisory_xact_lock({LOCK_SPACE}, {WRITER_LOCK})"
)
TAKE_WRITER_LOCK = text(f"SELECT pg_advisory_xact_lock({LOCK_SPACE}, {WRITER_LOCK})")
BE_ALONE = text(f"SELECT pg_try_advisory_xact_lock({LOCK_SPACE}, {ALONE_LOCK})")
_SCHEME = re.compile(r"^postgresql(\+psycopg)?:")


def renew_lost(driver: Any, record: Any) -> None:
    """Have the pool reconnect in place of a connection that comes back lost."""
    if driver is not None and driver.closed:
        record.invalidate()


class PostgresEngine(Engine):
    """A database of a PostgreSQL server."""

    name = "postgresql"
    row_name = "ctid"
    is_file = False
    sees_statements = True
    parses_schema = False

    @staticmethod
    def options(values: dict[str, Any]) -> dict[str, Any]:
        """Return how to connect."""
        from .postgresql_driver import PLAIN_ADAPTERS, Driver

        connect = partial(
            Driver.connect,
            _libpq_address(values["DATABASE_URL"]),
            prepare_threshold=None,
            connect_timeout=CONNECT_S,
            context=PLAIN_ADAPTERS,
        )
        return {"creator": connect, "use_native_hstore": False}

    def prepare(self, engine: sqlalchemy.Engine) -> None:
        """Have everything that the application derives from texts written before each commit."""
        engine.dialect.supports_native_json_deserialization = False  # it comes as text
        # Many rows per statement, since a trigger that counts runs once for each statement.
        engine.dialect.use_insertmanyvalues_wo_returning = True
        event.listen(engine, "commit", self.derive)
        event.listen(engine, "checkin", renew_lost)

    def door(self) -> FairLock | None:
        """Return None: other processes wait for the server's lock, which is fair."""
        return None

    def begin_writing(self, connection: Connection) -> bool:
        """Take the advisory lock."""
        driver: Any = connection.connection.dbapi_connection
        if driver.in_transaction:
            driver.due = None
            return False
        turns = TURNS.here()
        # A waiting writer holds no connection of the server: the one whose turn it is may need it.
        turns.take(connection, driver.let_go)
        driver.ended = partial(turns.end, connection.info)
        patience_s = self._config["DATABASE_TIMEOUT_SECONDS"]
        with self.together(connection):  # BEGIN, too
            driver.execute(BEGIN_WRITING.encode(), (f"{patience_s}s",))
        driver.in_transaction = True
        return True

    def trouble_writing(self, patience_s: float) -> str | None:
        """Take the lock and release it."""
        try:
            self.let_go()  # which reconnects where the connection is lost
            with db.engine.connect() as connection:
                connection.execute(text(f"SET LOCAL lock_timeout = '{patience_s:.0f}s'"))
                connection.execute(TAKE_WRITER_LOCK)
        except SQLAlchemyError as error:
            return str(getattr(error, "orig", error))
        return None

    def let_go(self) -> None:
        """End the session's transaction, if it has only read: a pool gets its connection back."""
        own = session_connection()
        if own is not None:
            driver: Any = own.connection.dbapi_connection
            driver.let_go()

    def harden(self) -> None:
        """Have the server's log flushed, on the session's connection if it has one.

        What is read under the writer's lock is reported after that transaction's commit, which
        flushes everything before it.
        """
        own = session_connection()
        if own is None:
            READERS.of(self._app).use(_flush)
            return
        driver: Any = own.connection.dbapi_connection
        if not driver.in_transaction:
            driver.let_go()
            with driver.between_transactions():
                _flush(own)

    @contextlib.contextmanager
    def one_moment(
        self, connection: Connection, stopped: Callable[[], bool], seconds: float
    ) -> Iterator[None]:
        """Begin a transaction that sees what was there at its first read."""
        self.let_go()
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        limit_ms = max(1, int(seconds * 1000))
        connection.execute(text(f"SET LOCAL statement_timeout = {limit_ms}"))
        yield

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold a lock in an open transaction, on a connection of its own.

        Those who wait hold none meanwhile: the lock's holder may need it.
        """
        while True:
            with db.engine.connect() as connection:
                if connection.scalar(BE_ALONE):
                    yield
                    return
            time.sleep(ALONE_PAUSE_S)

    def before_migrations(self, connection: Connection) -> None:
        """Create the table of rows to process before a commit."""
        self.run(connection, postgresql_words.DUE_TABLE)
        connection.commit()

    def forget_texts(self, connection: Connection) -> None:
        """Drop the index, the columns and the triggers."""
        postgresql_words.forget(connection)

    def ensure_schema(self, connection: Connection) -> None:
        """Create functions and triggers, and have texts compared by their bytes."""
        postgresql_schema.ensure(connection)
        postgresql_words.ensure(connection)

    def run(self, connection: Connection, sql: str) -> None:
        """Run SQL as it is, whatever it has of signs."""
        connection.execution_options(no_parameters=True).exec_driver_sql(sql)

    def same(self, first: str, second: str) -> str:
        """Return the condition that two values are equal."""
        return f"{first} IS NOT DISTINCT FROM {second}"

    def expression(self, sql: str) -> str:
        """Return an expression as it is: `byte_length` is a function of ours."""
        return sql

    def triggers(self, connection: Connection, prefix: str) -> dict[str, str]:
        """Return the SQL of triggers, which their comments hold."""
        rows = connection.execute(postgresql_schema.KNOWN_TRIGGERS)
        return {name: sql for name, sql in rows if name.startswith(prefix)}

    def trigger(
        self, name: str, moment: str, table: str, statements: Iterable[str], when: str = ""
    ) -> str:
        """Return the SQL of a function and its trigger."""
        return postgresql_schema.trigger(name, moment, table, statements, when)

    def trigger_of_all(self, name: str, moment: str, table: str, statements: Iterable[str]) -> str:
        """Return the SQL of a function and its trigger."""
        return postgresql_schema.trigger_of_all(name, moment, table, statements)

    def make_trigger(self, connection: Connection, name: str, sql: str) -> None:
        """Create a trigger, and note the SQL it was created from."""
        self.run(connection, sql)
        self.run(connection, postgresql_schema.note(name, sql))

    def drop_trigger(self, connection: Connection, name: str) -> None:
        """Drop a trigger with its function."""
        self.run(connection, f"DROP FUNCTION {name}() CASCADE")

    def begin_schema(self, connection: Connection) -> None:
        """Do nothing: a transaction is already open."""

    @contextlib.contextmanager
    def together(self, connection: Connection) -> Iterator[None]:
        """Send them in one round trip."""
        driver: Any = connection.connection.dbapi_connection
        base: Any = connection.dialect.loaded_dbapi.Error
        try:
            with driver.pipeline():
                yield
        except base as error:  # as SQLAlchemy would raise it
            said = "statements that were sent together"
            raise DBAPIError.instance(said, None, error, base, hide_parameters=True) from error

    def find_and_change(self, driver: Any, query: str, change: str) -> list[Any]:
        """Do both in one round trip: neither part of such a statement sees the other one's work.

        And find out which texts have changed: a commit follows, and asks for that next.
        """
        with driver.pipeline():
            both = driver.execute(f"WITH changed AS ({change}) {query}".encode())
            due = driver.execute(postgresql_words.TAKE_DUE.encode())
        # Not within the block, which would wait twice: for the rows, and at the end.
        driver.due = due.fetchall()
        found: list[Any] = both.fetchall()
        return found

    def derive(self, connection: Connection) -> None:
        """Make the words and keys of texts."""
        driver: Any = connection.connection.dbapi_connection
        if driver.is_open:
            due, driver.due = driver.due, None
            postgresql_words.catch_up(driver, due)

    def forget_deleted(self, connection: Connection) -> bool:
        """Do nothing: the server vacuums deleted rows itself."""
        return True

    def put_log_away(self) -> None:
        """Do nothing: the server manages its own log."""

    def sizes(self) -> dict[str, int]:
        """Return the bytes of the database; the log belongs to all databases of the server."""
        found = READERS.of(self._app).use(lambda one: one.exec_driver_sql(DATABASE_BYTES).scalar())
        return {"main": int(found or 0)}

    @property
    def version(self) -> str:
        """Return the server's version."""
        return ".".join(map(str, db.engine.dialect.server_version_info or ()))

    @property
    def address(self) -> str:
        """Return the address as libpq takes it."""
        return _libpq_address(self._config["DATABASE_URL"])

    @property
    def place(self) -> str:
        """Return the address without its password."""
        return db.engine.url.render_as_string(hide_password=True)


def _libpq_address(url: str) -> str:
    """Return an address without the name of our driver."""
    return _SCHEME.sub("postgresql:", url)


def _flush(connection: Connection) -> None:
    # Checked first: that is cheap, and most readers come after somebody else has flushed.
    if connection.exec_driver_sql(IS_UNFLUSHED).scalar():
        connection.exec_driver_sql(postgresql_schema.FLUSH_COMMIT)
