"""Reading everything at one moment, and no longer than the run may last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from ..core.database import engine
from ..extensions import db
from ..jobs.context import JobContext


@contextmanager
def snapshot(ctx: JobContext) -> Iterator[Connection]:
    """Give a connection of its own; all its reads see the database at one moment.

    A statement that runs when the run has to stop is cut off; raises Stopped.
    """
    with db.engine.connect() as connection:
        try:
            with engine().one_moment(connection, lambda: ctx.cancelled, ctx.remaining_s):
                yield connection
        except OperationalError:
            ctx.check()
            raise
