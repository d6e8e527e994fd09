"""What files keep about people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Kept, Person, Stays, Then, declare

TABLES = (
    Kept(
        "files",
        Stays("until it is deleted"),
        (
            Person(
                "author_id",
                Then.STAYS,
                export="files",
                why="what is in a project belongs to it",
            ),
        ),
    ),
    Kept(
        "file_changes",
        Stays("they go with their file: the text is made of them"),
        (Person("author_id", Then.STAYS, export="edits", why="the text is made of them"),),
        {"delta": "what the file's text is made of", "undoes": "the same"},
        unshown=("update", "undoes"),
    ),
    Kept("file_checkpoints", Stays("they go with their file")),
    Kept(
        "file_clients",
        Stays("they go with their file"),
        (Person("user_id", Then.STAYS, why="numbers by which editors tell changes apart"),),
    ),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
