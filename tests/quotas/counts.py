"""The counters as they are, and as they would be if everything were counted anew."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Connection, text

from collab.core.usage import triggers
from collab.extensions import db

Counts = dict[tuple[str, int, str], tuple[int, int]]


def read(connection: Connection) -> Counts:
    rows = connection.execute(text("SELECT owner, owner_id, kind, bytes, count FROM usage"))
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows if row[3] or row[4]}


def counted(app: Flask) -> Counts:
    """Return the counters."""
    with app.app_context(), db.engine.connect() as connection:
        return read(connection)


def recounted(app: Flask) -> Counts:
    """Return what the counters should be, by the rows themselves."""
    with app.app_context(), db.engine.connect() as connection:
        triggers.recount(connection)
        found = read(connection)
        connection.rollback()
    return found
