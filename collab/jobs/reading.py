"""Reading jobs, their results and their output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import String, Subquery, cast, func, literal, null, select, union_all
from sqlalchemy.orm import aliased

from ..core.caller import Caller
from ..core.errors import Conflict, Forbidden, NotFound
from ..core.lists.paging import Page, paginate
from ..core.lists.reading import as_text
from ..core.models import Id
from ..core.schemas import MAX_ID
from ..extensions import db
from ..projects import access
from . import oversight
from .models import JOB_SORTS, LIVE_STATUSES, RUNNING, Attempt, Job, JobResult, LogLine

#: The states of jobs that will go on unless something stops them.
GOES_ON = Job.status.in_(LIVE_STATUSES) & Job.cancel_requested.is_(False)
#: True for all; in the query so that the list uses the indexes made for it.
EVERY_JOB = Job.created_at.is_not(None)


class GoesOnAlready(Conflict):
    """Another job of this type goes on: there is one of each person at a time."""


def list_jobs(
    caller: Caller,
    *,
    project_id: int | None,
    scope: str,
    owner_id: int | None,
    schedule_id: int | None,
    status: str | None,
    type: str | None,
    sort: str,
    **page: Any,
) -> Page:
    """Return a page of the caller's jobs, of a project's, or for an admin of everybody's.

    Raises NotFound for a project that the caller can't read, Forbidden for others' to no admin.
    """
    query = select(Job).where(_whose(caller, project_id, scope, owner_id))
    if schedule_id is not None:
        query = query.where(Job.schedule_id == schedule_id)
    if status is not None:
        query = query.where(Job.status == status)
    if type is not None:
        query = query.where(Job.type == type)

    def item(row: Any) -> Any:
        return oversight.outlined(row.Job, caller)

    return paginate(query, columns=JOB_SORTS, sort=sort, key=Job.id, item=item, **page)


def _whose(caller: Caller, project_id: int | None, scope: str, owner_id: int | None) -> Any:
    """Return the condition for whose jobs are listed."""
    others = project_id is None and owner_id not in (None, caller.user_id)
    if not caller.is_admin and (scope == "all" or others):
        raise Forbidden("Only an admin may list the jobs of others.")
    everybodys = project_id is None and (scope == "all" or others)
    which = EVERY_JOB if everybodys else access.owned_by(Job, caller, project_id)
    return which if owner_id is None else which & (Job.owner_id == owner_id)


def going_on(owner_id: int, kind: str) -> Job | None:
    """Return a person's waiting or running job of a type, the oldest if there are several."""
    mine = select(Job).where(Job.owner_id == owner_id, Job.type == kind, GOES_ON)
    return db.session.scalars(mine.order_by(Job.id).limit(1)).one_or_none()


def require_none(owner_id: int, kind: str) -> None:
    """Refuse a second job of a type, under the writer's lock; raises GoesOnAlready."""
    if (job := going_on(owner_id, kind)) is not None:
        raise GoesOnAlready(f"Job {job.id} is doing this already: there can be only one at a time.")


def is_wanted(job_id: int, attempt: int) -> bool:
    """Return whether what an attempt makes still counts, as the open transaction has it."""
    runs = (Job.status == RUNNING) & (Job.attempt == attempt) & Job.cancel_requested.is_(False)
    return db.session.scalar(select(Job.id).where(Job.id == job_id, runs)) is not None


def payload_of(job: Job) -> Mapping[str, Any]:
    """Return what a job works on; raises NotFound if the job has been deleted."""
    # If it was just made, and not read, it is there without a query.
    if "payload" in vars(job):
        return job.payload
    query = select(as_text(Job.__table__.c.payload)).where(Job.id == job.id)
    payload: Mapping[str, Any] | None = db.session.scalar(query)
    if payload is None:
        raise NotFound()
    return payload


JOB_RESULT = select(
    as_text(JobResult.__table__.c.data),
    JobResult.content_type,
    JobResult.filename,
    func.length(JobResult.body).label("size"),
)


def made_by(job: Job) -> Any:
    """Return what a job made, if anything: its data, and what its file is."""
    return db.session.execute(JOB_RESULT.where(JobResult.job_id == job.id)).one_or_none()


def output_of(job: Job) -> Any:
    """Return the file that a job made; raises NotFound if there is none."""
    query = select(JobResult.body, JobResult.content_type, JobResult.filename)
    found = db.session.execute(query.where(JobResult.job_id == job.id)).one_or_none()
    if found is None or found.body is None:
        raise NotFound("This job has made no file.")
    return found


def list_log(job: Job, *, stream: str | None, sort: str, **page: Any) -> Page:
    """Return a page of what a job's runs wrote."""
    query = select(LogLine).where(LogLine.job_id == job.id)
    if stream is not None:
        query = query.where(LogLine.stream == stream)
    columns = {"id": LogLine.id}
    return paginate(query, columns=columns, sort=sort, key=LogLine.id, **page)


def list_attempts(job: Job, *, sort: str, **page: Any) -> Page:
    """Return a page of a job's attempts, the one under way included."""
    one = aliased(Attempt, _attempts(job.id))
    query = select(one.number, one.worker, one.outcome, one.error, one.started_at, one.finished_at)
    return paginate(
        query, columns={"id": one.id}, sort=sort, key=one.id, item=lambda row: row, **page
    )


def _attempts(job_id: int) -> Subquery:
    """Build the query for finished attempts and the running one, as of one moment."""
    names = ("id", "number", "worker", "outcome", "error", "started_at", "finished_at")
    ended = select(*(Attempt.__table__.c[name] for name in names)).where(Attempt.job_id == job_id)
    # With the same types, or SQLite would sort all of them again for each page.
    last, running = cast(literal(MAX_ID, Id), Id), cast(literal(RUNNING), String)
    error, finished = cast(null(), Attempt.error.type), cast(null(), Attempt.finished_at.type)
    now = select(last, Job.attempt, Job.lease_owner, running, error, Job.started_at, finished)
    return union_all(ended, now.where(Job.id == job_id, Job.status == RUNNING)).subquery()
