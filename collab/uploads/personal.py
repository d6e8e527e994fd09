"""What uploads keep of people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Kept, Person, Stays, Then, declare

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


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
