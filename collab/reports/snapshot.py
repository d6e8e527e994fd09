"""Reading everything at one moment, and no longer than the run may last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from ..extensions import db
from ..jobs.context import JobContext

#: Steps of SQLite's virtual machine between two looks at whether to stop: about 10 ms.
STEPS_BETWEEN_LOOKS = 200_000


@contextmanager
def snapshot(ctx: JobContext) -> Iterator[Connection]:
    """Give a connection of its own; all its reads see the database at one moment.

    A statement that runs when the run has to stop is cut off; raises Stopped.
    """
    on_sqlite = db.engine.dialect.name == "sqlite"
    with db.engine.connect() as connection:
        opened = _sqlite(connection, ctx) if on_sqlite else _postgresql(connection, ctx)
        try:
            with opened:
                yield connection
        except OperationalError:
            ctx.check()
            raise


@contextmanager
def _sqlite(connection: Connection, ctx: JobContext) -> Iterator[None]:
    """Begin by hand: the driver does so before writes only, and each read would see its own."""
    driver: Any = connection.connection.driver_connection
    connection.exec_driver_sql("BEGIN")
    driver.set_progress_handler(lambda: ctx.cancelled, STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


@contextmanager
def _postgresql(connection: Connection, ctx: JobContext) -> Iterator[None]:
    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    limit = max(1, int(ctx.remaining_s * 1000))
    connection.execute(text(f"SET LOCAL statement_timeout = {limit}"))
    yield
