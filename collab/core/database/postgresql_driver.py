"""A connection to PostgreSQL that releases the writer's lock before its commit is flushed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import RV, Buffer, PQGen
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import TransactionStatus
from psycopg.types.json import set_json_dumps
from psycopg.types.string import TextLoader

from ..discreet_driver import DiscreetConnection
from ..json import dumps
from .postgresql_schema import FLUSH_COMMIT


class PlainNumber(Loader):
    """Reads PostgreSQL's decimals: sums of whole numbers are whole, means are floats."""

    def load(self, data: Buffer) -> int | float:
        """Return the number."""
        read = bytes(data)
        return float(read) if b"." in read else int(read)


#: What is written and read as SQLite does it. JSON is read as text: SQLAlchemy decodes it where
#: needed.
PLAIN_ADAPTERS = AdaptersMap(psycopg.adapters)
PLAIN_ADAPTERS.register_loader("numeric", PlainNumber)
PLAIN_ADAPTERS.register_loader("json", TextLoader)
set_json_dumps(dumps, PLAIN_ADAPTERS)


#: The server's errors for a database that this code can't use, or not now: it is being restored or
#: migrated, or it is a read-only standby.
UNREADY_ERRORS = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.InvalidSchemaName,
    errors.InsufficientPrivilege,
    errors.ReadOnlySqlTransaction,
)


class Unready(psycopg.OperationalError):
    """Such an error, reported as SQLite does: it may be over when the caller tries again.

    To psycopg these are faults of a statement. But ours are made from the models, so the database
    is to blame; and readers of the log have to wait, not skip the row.
    """


class Driver(DiscreetConnection):
    """psycopg's connection, which knows whether its transaction has the writer's lock."""

    #: Whether the open transaction has the writer's lock.
    in_transaction = False
    #: Called when the transaction no longer has the lock.
    ended: Callable[[], None] = staticmethod(lambda: None)
    #: Whether the open transaction's commit may return before it is on disk.
    lazy = False
    #: The texts that have changed, if that is known and nothing was written since.
    due: list[Any] | None = None

    @property
    def is_open(self) -> bool:
        """Return whether there is a transaction that may be committed."""
        return self.pgconn.transaction_status == TransactionStatus.INTRANS

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        """Run what every call of the server goes through; raises Unready if nothing is at fault."""
        try:
            return super().wait(gen, *args, **kwargs)
        except UNREADY_ERRORS as error:
            raise Unready(str(error)) from error

    def commit(self) -> None:
        """Commit, let the next writer begin, and then wait until it is on disk.

        Raises OperationalError also where the flush fails: then nobody knows what a crash of the
        server would leave, as with any commit whose answer is lost.
        """
        waits = self.in_transaction and not self.lazy
        try:
            super().commit()
        finally:
            self._end()
        if waits:
            self._flush()

    def rollback(self) -> None:
        """Undo all of it; if the connection is lost, the server has done so already."""
        try:
            super().rollback()
        except psycopg.OperationalError:
            # The code that was using it has been told. This is the clean-up after a request, and
            # must not change its answer.
            if not self.closed:
                raise
        finally:
            self._end()

    def let_go(self) -> None:
        """End a transaction that has only read; the next statement begins another one.

        Nothing is lost by that, as each statement sees the database as it is then (READ COMMITTED).
        Without a transaction a pool in front of the server gets its connection back.
        """
        if self.is_open and not self.in_transaction:
            with contextlib.suppress(psycopg.Error):  # the next statement says it, too
                super().rollback()

    @contextlib.contextmanager
    def between_transactions(self) -> Iterator[None]:
        """Let each statement of such a block be a transaction of its own."""
        if not self.closed:
            self.autocommit = True
        try:
            yield
        finally:
            if not self.closed:
                self.autocommit = False

    def _end(self) -> None:
        self.lazy, self.due = False, None
        if self.in_transaction:
            self.in_transaction = False
            self.ended()

    def _flush(self) -> None:
        with self.between_transactions():
            self.execute(FLUSH_COMMIT.encode())
