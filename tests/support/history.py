"""The log as it is in the database, to compare with what readers saw; and a way to fill it."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select

from collab.events import log
from collab.events.log import Published
from collab.events.models import EventRow
from collab.extensions import db


def rows(app: Flask, *topics: str, after: int = 0) -> list[Any]:
    """Return the rows of the log after an id, of some topics or of all."""
    with app.app_context():
        table = EventRow.__table__
        found = db.session.execute(select(table).order_by(table.c.id)).all()
    return [row for row in found if row.id > after and (not topics or row.topic in topics)]


def ids(app: Flask, *topics: str, after: int = 0) -> list[int]:
    return [row.id for row in rows(app, *topics, after=after)]


def row_of(app: Flask, kind: str) -> Any:
    """Return the newest row of a type."""
    return [row for row in rows(app) if row.type == kind][-1]


def fill(app: Flask, project_id: int, count: int, size: int = 10, actor: int = 1) -> list[int]:
    """Write many events of a project in one commit and return their ids."""
    with app.app_context():
        found = [
            log.record(
                Published(
                    kind="file.changed",
                    where=f"project:{project_id}",
                    project_id=project_id,
                    payload={"n": number, "text": "x" * size},
                ),
                actor,
            ).id
            for number in range(count)
        ]
        db.session.commit()
    return found
