"""What jobs keep of people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Days, Kept, Person, Span, Then, declare, declare_more

ENDED_DAYS = Days("JOB_RETENTION_DAYS", "ended jobs")
OWN_JOBS = "SELECT id FROM jobs WHERE owner_id = :id AND project_id IS NULL"

TABLES = (
    Kept(
        "jobs",
        ENDED_DAYS,
        (
            Person("owner_id", Then.DELETE, "owner_id = :id AND project_id IS NULL", export="jobs"),
            Person(
                "owner_id",
                Then.STAYS,
                "owner_id = :id AND project_id IS NOT NULL",
                export="project_jobs",
                why="what is in a project belongs to it",
            ),
        ),
        {
            "payload": "what was ordered, of which the order's own type knows",
            "error": "what went wrong",
            "lease_owner": "a worker",
            "trace": "numbers of a trace",
        },
    ),
    Kept(
        "job_keys",
        Span("24 hours", "job keys"),
        (Person("owner_id", Then.DELETE, why="keys of a client's own making"),),
        unshown=("fingerprint",),
    ),
    Kept("job_log", ENDED_DAYS),
    Kept("job_attempts", ENDED_DAYS, others={"error": "what went wrong"}),
    Kept("job_results", ENDED_DAYS, others={"data": "what the job made; reports say more"}),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
    own = f"topic IN (SELECT 'job:' || id FROM ({OWN_JOBS}) AS own)"  # noqa: S608 (no one's words)
    declare_more(app, "events", Person("topic", Then.DELETE, own, why="what jobs said as they ran"))
