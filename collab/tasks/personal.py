"""What tasks keep about people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Kept, Person, Stays, Then, declare

TABLES = (
    Kept(
        "tasks",
        Stays("until it is deleted"),
        (
            Person(
                "owner_id", Then.DELETE, "owner_id = :id AND project_id IS NULL", export="tasks"
            ),
            Person(
                "owner_id",
                Then.STAYS,
                "owner_id = :id AND project_id IS NOT NULL",
                export="project_tasks",
                why="what is in a project belongs to it",
            ),
            Person("assignee_id", Then.UNLINK),
        ),
        {"tags": "words"},
    ),
    Kept(
        "task_tags",
        Stays("they go with their task"),
        (Person("owner_id", Then.STAYS, why="they go with their task"),),
    ),
    Kept(
        "comments",
        Stays("until it is deleted"),
        (
            Person(
                "author_id",
                Then.STAYS,
                export="comments",
                why="a part of what a project talked about; those on personal tasks go with them",
            ),
        ),
    ),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
