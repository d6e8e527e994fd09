"""What a database has to do for the rest of the code: the interface of each kind of database."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy
from flask import Flask
from sqlalchemy import Connection

from ..slots import Slot
from ..transactions.fair_lock import FairLock

#: The tables in which a statement-level trigger finds the rows as they were, and as they are.
OLD_ROWS = "old_rows"
NEW_ROWS = "new_rows"


class Engine(ABC):
    """A kind of database: how it is opened, who writes, and what differs in its SQL.

    Its connections have `in_transaction`, which says whether the open transaction has the writer's
    lock, and `execute(sql, values)`, as SQLite's of Python do; and `lazy`, which can be set to let
    the commit of the open transaction return some moments before it is on disk.
    """

    #: The name by which SQLAlchemy knows it, and by which we keep statements for it.
    name: str
    #: What SQL calls the location of a row in its table.
    row_name: str
    #: Whether it is a file on this machine, whose pages and log this process manages.
    is_file: bool
    #: Whether its triggers can see all rows that a statement has changed.
    sees_statements: bool
    #: Whether each connection parses the schema and keeps it in memory: then a short one pays off.
    parses_schema: bool

    def __init__(self, app: Flask) -> None:
        """Know an application's settings; nothing is opened."""
        self._app, self._config = app, app.config

    @staticmethod
    @abstractmethod
    def options(values: dict[str, Any]) -> dict[str, Any]:
        """Return how connections are made, as SQLAlchemy's `create_engine` takes it."""

    @abstractmethod
    def prepare(self, engine: sqlalchemy.Engine) -> None:
        """Prepare the connections that will be made."""

    @abstractmethod
    def door(self) -> FairLock | None:
        """Return the lock by which the writers of several processes take turns, if there is one."""

    @abstractmethod
    def begin_writing(self, connection: Connection) -> bool:
        """Take the writer's lock until the transaction ends; returns whether it had to be taken.

        Raises OperationalError if it does not come in time.
        """

    @abstractmethod
    def trouble_writing(self, patience_s: float) -> str | None:
        """Check whether a change can be made, on a connection of its own; returns what is wrong."""

    @abstractmethod
    def let_go(self) -> None:
        """Have the session, if it has only read, give a server's connection back for others."""

    @abstractmethod
    def harden(self) -> None:
        """Return once a power cut can't lose anything that could be read before this call.

        Raises OSError, or an error of SQLAlchemy's.
        """

    @abstractmethod
    def one_moment(
        self, connection: Connection, stopped: Callable[[], bool], seconds: float
    ) -> AbstractContextManager[None]:
        """Have all reads of such a block see the database as it is at one moment.

        A statement is interrupted when it is `stopped`, or when the seconds are over.
        """

    @abstractmethod
    def alone(self) -> AbstractContextManager[None]:
        """Exclude other processes during such a block: for migrations."""

    @abstractmethod
    def before_migrations(self, connection: Connection) -> None:
        """Make what every transaction that writes needs; commits."""

    @abstractmethod
    def forget_texts(self, connection: Connection) -> None:
        """Undo what `ensure_schema` derived from texts, on the way to an older schema."""

    @abstractmethod
    def ensure_schema(self, connection: Connection) -> None:
        """Create after the migrations what is not one of their tables."""

    @abstractmethod
    def run(self, connection: Connection, sql: str) -> None:
        """Run SQL as it is, whatever signs it contains."""

    @abstractmethod
    def same(self, first: str, second: str) -> str:
        """Return the SQL of the condition that two values are equal, or both NULL."""

    @abstractmethod
    def expression(self, sql: str) -> str:
        """Return an expression in its own SQL; `byte_length(…)` is known to each kind."""

    @abstractmethod
    def begin_schema(self, connection: Connection) -> None:
        """Begin a transaction that changes the schema, unless one is open."""

    @abstractmethod
    def triggers(self, connection: Connection, prefix: str) -> dict[str, str]:
        """Return the SQL of the triggers whose names begin like this, as they were created."""

    @abstractmethod
    def trigger(
        self, name: str, moment: str, table: str, statements: Iterable[str], when: str = ""
    ) -> str:
        """Return the SQL of a trigger that runs statements for each row."""

    @abstractmethod
    def trigger_of_all(self, name: str, moment: str, table: str, statements: Iterable[str]) -> str:
        """Return the SQL of a trigger that runs statements once for all rows of a statement.

        They read these rows in NEW_ROWS and OLD_ROWS. Only where the database `sees_statements`.
        """

    @abstractmethod
    def make_trigger(self, connection: Connection, name: str, sql: str) -> None:
        """Create a trigger from its SQL."""

    @abstractmethod
    def drop_trigger(self, connection: Connection, name: str) -> None:
        """Drop a trigger that `trigger` made."""

    def together(self, connection: Connection) -> AbstractContextManager[None]:
        """Have the statements of such a block sent all at once; nobody may read rows of theirs."""
        return contextlib.nullcontext()

    def find_and_change(self, driver: Any, query: str, change: str) -> list[Any]:
        """Return what a query finds, and change it, in the driver's open transaction."""
        found: list[Any] = driver.execute(query).fetchall()
        if found:
            driver.execute(change)
        return found

    @abstractmethod
    def derive(self, connection: Connection) -> None:
        """Write what is derived from texts that the open transaction has changed so far."""

    @abstractmethod
    def forget_deleted(self, connection: Connection) -> bool:
        """Remove all traces of deleted rows from our log; False while somebody is reading there."""

    @abstractmethod
    def put_log_away(self) -> None:
        """Copy a write-ahead log into the database, as far as nobody is using it now."""

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """Return the bytes of the database (`main`) and of the log beside it (`wal`)."""

    @property
    @abstractmethod
    def version(self) -> str:
        """Return the version of the database, or of its library."""

    @property
    def address(self) -> str | None:
        """Return where its own libraries find the server, with secrets; None: there is none."""
        return None

    @property
    @abstractmethod
    def place(self) -> str:
        """Say where the database is, without secrets."""


ENGINE: Slot[Engine] = Slot("engine of the database")
