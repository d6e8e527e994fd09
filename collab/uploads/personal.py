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


def files_of(whom: Subject) -> Iterator[tuple[str, Path]]:
    """Yield somebody's uploads, each with its name in an export and where it is."""
    query = select(Upload.id, Upload.name, Upload.sha256).where(Upload.owner_id == whom.id)
    for key, name, digest in db.session.execute(query.order_by(Upload.id)):
        safe = name.replace("/", "_").replace("\\", "_")
        yield f"{key}-{safe}", blobs().path(digest)


def init_app(app: Flask) -> None:
    """Declare them, and give people their files."""
    declare(app, *TABLES)
    on_export(app, files_of)
