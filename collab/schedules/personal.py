"""What schedules keep about people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Days, Kept, Person, Stays, Then, declare

TABLES = (
    Kept(
        "schedules",
        Stays("until they are deleted"),
        (
            Person(
                "owner_id",
                Then.DELETE,
                "owner_id = :id AND project_id IS NULL",
                export="schedules",
            ),
            Person(
                "owner_id",
                Then.STAYS,
                "owner_id = :id AND project_id IS NOT NULL",
                export="project_schedules",
                why="what is in a project belongs to it; it makes no more jobs",
            ),
        ),
        {"payload": "what each job works on, of which its own type knows"},
    ),
    Kept(
        "schedule_runs",
        Days("JOB_RETENTION_DAYS", "runs of schedules"),
        others={"error": "what went wrong"},
    ),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
