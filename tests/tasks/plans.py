"""How SQLite finds tasks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from collab.extensions import db


@contextmanager
def planned(app: Flask) -> Iterator[list[str]]:
    """Fill the list, at the end of the block, with the steps of its one query for tasks."""
    sent: list[tuple[str, Any]] = []
    steps: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith("SELECT") and "tasks.title" in statement:
            sent.append((statement, parameters))

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        yield steps
        event.remove(db.engine, "before_cursor_execute", note)
        [(statement, parameters)] = sent
        explain = f"EXPLAIN QUERY PLAN {statement}"
        rows = db.session.connection().exec_driver_sql(explain, parameters)
        steps += [row[3] for row in rows]
