"""A connection to PostgreSQL that lets go of the writer's lock before its commit is flushed."""

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
    """Reads what PostgreSQL has as decimals: sums of whole numbers are whole, means are floats."""

    def load(self, data: Buffer) -> int | float:
        """Return the number."""
        read = bytes(data)
        return float(read) if b"." in read else int(read)


#: What is written and read as SQLite has it. JSON is read as text: SQLAlchemy decodes it where it
#: is wanted.
PLAIN_ADAPTERS = AdaptersMap(psycopg.adapters)
PLAIN_ADAPTERS.register_loader("numeric", PlainNumber)
PLAIN_ADAPTERS.register_loader("json", TextLoader)
set_json_dumps(dumps, PLAIN_ADAPTERS)


#: What the server says of a database that is not, or not now, what this code takes: it is being
#: restored or migrated, or it is a standby that may only be read.
UNREADY_ERRORS = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.InvalidSchemaName,
    errors.InsufficientPrivilege,
    errors.ReadOnlySqlTransaction,
)


class Unready(psycopg.OperationalError):
    """Such an error, told as SQLite tells it: it may be over when the caller tries again.

    To psycopg these are faults of a statement. But ours are made of the models, so it is the
    database that is to blame; and whoever follows the log has to wait, not pass the row.
    """


class Driver(DiscreetConnection):
    """psycopg's connection, which knows whether its transaction has the writer's lock."""

    #: Whether the open transaction has the writer's lock.
    in_transaction = False
    #: Called when it has it no longer.
    ended: Callable[[], None] = staticmethod(lambda: None)
    #: Whether the open transaction's commit may come to the disk later than it returns.
    lazy = False
    #: The texts that have changed, if it is known and nothing was written since.
    due: list[Any] | None = None

    @property
    def is_open(self) -> bool:
        """Return whether there is a transaction that may be committed."""
        return self.pgconn.transaction_status == TransactionStatus.INTRANS

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        """Run what every call of the server goes through; raises Unready for what is no fault."""
        try:
            return super().wait(gen, *args, **kwargs)
        except UNREADY_ERRORS as error:
            raise Unready(str(error)) from error

    def commit(self) -> None:
        """Commit, let the next writer begin, and then wait until the disk has it.

        Raises OperationalError also where the flush fails: then it is not known what a crash of
        the server leaves, as with any commit whose answer is lost.
        """
        waits = self.in_transaction and not self.lazy
        try:
            super().commit()
        finally:
            self._end()
        if waits:
            self._flush()

    def rollback(self) -> None:
        """Take it all back; where the connection is lost, the server has done so already."""
        try:
            super().rollback()
        except psycopg.OperationalError:
            # Whoever was using it has been told. What comes now is the tidying after a request,
            # whose answer must not become another one.
            if not self.closed:
                raise
        finally:
            self._end()

    def let_go(self) -> None:
        """End a transaction that has only read; the next statement begins another one.

        Nothing is lost by it, as each statement sees the database as it is then (READ COMMITTED).
        Without a transaction a pool in front of the server has its connection back.
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
