"""What jobs keep about people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Days, Kept, Person, Span, Then, declare, declare_more
from .models import ERASE_TYPE

ENDED_DAYS = Days("JOB_RETENTION_DAYS", "ended jobs")
#: That of an erasure stays as proof: it has nothing but the id.
IS_OWN = f"owner_id = :id AND project_id IS NULL AND type <> '{ERASE_TYPE}'"
OWN_JOBS = f"SELECT id FROM jobs WHERE {IS_OWN}"  # noqa: S608 (no one's words)

TABLES = (
    Kept(
        "jobs",
        ENDED_DAYS,
        (
            Person("owner_id", Then.DELETE, IS_OWN, export="jobs"),
            Person(
                "owner_id",
                Then.STAYS,
                "owner_id = :id AND project_id IS NOT NULL",
                export="project_jobs",
                why="what is in a project belongs to it",
            ),
            Person(
                "owner_id",
                Then.STAYS,
                f"owner_id = :id AND type = '{ERASE_TYPE}'",
                why="the proof that they were erased, until JOB_RETENTION_DAYS",
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
