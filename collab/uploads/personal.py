"""What uploads keep of people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from ..core.personal.declared import Kept, Person, Stays, Subject, Then, declare, on_export
from ..core.storage.blob_store import blobs
from ..extensions import db
from .models import Upload

TABLES = (
    Kept(
        "uploads",
        Stays("until it is deleted"),
        (
            Person(
                "owner_id", Then.DELETE, "owner_id = :id AND project_id IS NULL", export="uploads"
            ),
            Person(
                "owner_id",
                Then.STAYS,
                "owner_id = :id AND project_id IS NOT NULL",
                export="project_uploads",
                why="what is in a project belongs to it",
            ),
        ),
    ),
)


#: Uploads that are looked up at a time.
LOOKED_UP_AT_ONCE = 200


def files_of(whom: Subject) -> Iterator[tuple[str, Path]]:
    """Yield somebody's uploads, each with its name in an export and where it is.

    Whoever copies a long file meanwhile keeps no transaction open by it.
    """
    query = select(Upload.id, Upload.name, Upload.sha256).where(Upload.owner_id == whom.id)
    query, last = query.order_by(Upload.id).limit(LOOKED_UP_AT_ONCE), 0
    while rows := db.session.execute(query.where(Upload.id > last)).all():
        db.session.rollback()
        for key, name, digest in rows:
            safe = name.replace("/", "_").replace("\\", "_")
            yield f"{key}-{safe}", blobs().path(digest)
        last = rows[-1].id


def init_app(app: Flask) -> None:
    """Declare them, and give people their files."""
    declare(app, *TABLES)
    on_export(app, files_of)
