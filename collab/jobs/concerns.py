"""Whom the events of jobs concern."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..events import log
from ..events.concerns import Family, Rule, by_id, keys, who
from ..events.models import EventRow
from ..extensions import db
from ..frozen import frozen
from . import registry
from .models import Job

JOB_FACTS = (Job.id, Job.type, Job.owner_id, Job.project_id, Job.schedule_id)
OUTCOME_PHRASES = {
    "succeeded": "succeeded",
    "failed": "failed",
    "died": "failed for the last time",
}


@frozen
class JobFacts:
    """The subjects of some events; what is missing here has been deleted."""

    #: id -> type, owner_id, project_id, schedule_id
    jobs: Mapping[int, Any]
    #: Event -> the person who asked for what the server did.
    askers: Mapping[int, int]


def _owner(row: Any, facts: JobFacts) -> Iterable[int]:
    job = facts.jobs[row.data["job_id"]]
    kind = registry.find(job.type)
    return (job.owner_id,) if kind is None or kind.tells else ()


def _owner_of_submitted(row: Any, facts: JobFacts) -> Iterable[int]:
    """Name the owner of a job that they submitted: schedules report on their own runs."""
    return () if facts.jobs[row.data["job_id"]].schedule_id else _owner(row, facts)


def _owner_of_cancelled(row: Any, facts: JobFacts) -> Iterable[int]:
    """Name the owner, if it is known that somebody cancelled the job."""
    return () if _actor(row, facts) is None else _owner(row, facts)


def _actor(row: Any, facts: JobFacts) -> int | None:
    did: int | None = row.actor
    return facts.askers.get(row.id, did)


def _finished(row: Any) -> str:
    job, outcome = f"your job {row.job_id} ({row.job_type})", row.data["outcome"]
    if outcome == "cancelled":
        return f"{who(row)} cancelled {job}."
    return f"Y{job[1:]} {OUTCOME_PHRASES[outcome]}."


FINISHED_RULE = Rule("job_finished", _owner_of_submitted)


class JobEvents(Family):
    """People are notified of how their jobs ended, unless they cancelled them."""

    word = subject = "job"
    rules = {
        "job.succeeded": (FINISHED_RULE,),
        "job.failed": (FINISHED_RULE,),
        "job.died": (FINISHED_RULE,),
        "job.cancelled": (Rule("job_finished", _owner_of_cancelled),),
    }
    sentences = {"job_finished": _finished}

    @property
    def shown(self) -> Any:
        """Return the job's type."""
        return Job.type

    def look_up(self, rows: Sequence[Any]) -> JobFacts:
        """Look up the jobs, and who asked for the end of running ones."""
        return JobFacts(
            jobs=by_id(JOB_FACTS, keys(rows, "job_id")),
            askers={row.id: asker for row in rows if (asker := _asker(row)) is not None},
        )

    def about(self, row: Any, facts: JobFacts) -> dict[str, int | None] | None:
        """Return the job and its project."""
        job = facts.jobs.get(row.data["job_id"])
        return {"job_id": job.id, "project_id": job.project_id} if job else None

    def actor(self, row: Any, facts: JobFacts) -> int | None:
        """Return who did it; of a running job's end, who asked for it."""
        return _actor(row, facts)

    def data(self, row: Any) -> dict[str, Any]:
        """Return how it ended."""
        return {"job_id": row.data["job_id"], "outcome": row.type.partition(".")[2]}

    def may_read(self, key: int, user_id: int, facts: JobFacts) -> bool:
        """Return whether the job is theirs."""
        return bool(facts.jobs[key].owner_id == user_id)


def _asker(row: Any) -> int | None:
    """Return who asked for a running job's end; the worker that ended it is nobody."""
    if row.type != "job.cancelled" or row.actor is not None:
        return None
    asked = EventRow.type == "job.cancel_requested"
    query = log.rows().where(EventRow.topic == row.topic, asked, EventRow.id < row.id)
    found = db.session.execute(query.order_by(EventRow.id.desc()).limit(1)).one_or_none()
    return found.actor if found else None
