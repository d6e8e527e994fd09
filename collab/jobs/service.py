"""Submitting, cancelling and retrying jobs; `reading.py` lists them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, null, select, update

from ..auth.models import User
from ..core import tracing
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict, Unavailable, Unprocessable, invalid
from ..core.models import utcnow
from ..core.transactions.rows import Rows
from ..core.usage import quota
from ..events import log
from ..events.catalogue.jobs import JobCancelled, JobCancelRequested, JobEvent, JobQueued
from ..extensions import db
from ..flags import service as flags
from ..projects import access
from . import reading, registry
from .engine.queue import QUEUE, QueuedJob
from .engine.runner import wake_after_commit
from .models import (
    CANCELLED,
    DEAD,
    ENDED_STATUSES,
    FAILED,
    QUEUED,
    RETRY_WAIT,
    RUNNING,
    Attempt,
    Job,
    JobKey,
    JobResult,
    LogLine,
    event_place,
    still_to_come,
)
from .order import Order as Order
from .registry import JobType

NEW_JOBS = Rows(Job)

#: Attempts whose log and ending are kept: a job may be retried again and again.
MAX_ATTEMPTS_KEPT = 50
KEY_LIFETIME = timedelta(hours=24)


class JobEnded(Conflict):
    """The job is already over."""


class NotRetryable(Conflict):
    """Only a job that failed, died or was cancelled can be retried."""


class OwnerDisabled(Conflict):
    """The account of the job's owner is disabled, so nothing runs in their name."""


class KeyReused(Unprocessable):
    """This idempotency key was used before with another job of this type."""

    kind = "idempotency-key-reused"


# -- submitting -----------------------------------------------------------------------------------


def submit(order: Order, caller: Caller) -> tuple[Job, bool]:
    """Create a job and commit; returns it, and whether the same order had created it before."""
    job, known = enqueue(order, caller)
    db.session.commit()
    return job, known


def enqueue(order: Order, caller: Caller) -> tuple[Job, bool]:
    """Make a job in the open transaction: it exists, and is run, if that is committed.

    Raises FeatureOff, Unavailable, NotFound, Forbidden, KeyReused, and what `admit` raises.
    """
    _require_available(order.type, caller)
    take_write_lock()
    _require_feature(order.type, caller)  # again: it may have been switched off meanwhile
    access.admit(order.project_id, caller)
    # Before the payload is admitted: a repeated order must not fail because something has changed.
    if order.key is not None and (known := _known(order, caller)) is not None:
        return known, True
    _admit(order, caller)
    # The service itself makes what a schedule orders, whoever owns it.
    actor = None if order.schedule_id else caller.user_id
    (job,) = _insert([order], caller.user_id, actor)
    if order.key is not None:
        _keep_key(order, job)
    return job, False


def enqueue_all(orders: Sequence[Order], caller: Caller) -> list[Job]:
    """Make many jobs in the open transaction, by few statements; their keys don't count.

    Raises what `enqueue` raises; then nothing may be committed.
    """
    kinds = {order.type.name: order.type for order in orders}.values()
    for kind in kinds:
        _require_available(kind, caller)
    take_write_lock()
    for kind in kinds:
        _require_feature(kind, caller)
    for project_id in {order.project_id for order in orders}:
        access.admit(project_id, caller)
    for order in orders:
        _admit(order, caller)
    return _insert(orders, caller.user_id, caller.user_id)


def enqueue_for(owner_id: int, order: Order, actor: int | None = None) -> Job:
    """Make a job of the service's own in somebody's name, in the open transaction."""
    take_write_lock()
    return _insert([order], owner_id, actor)[0]


def _require_feature(kind: JobType, caller: Caller) -> None:
    if kind.feature is not None:
        flags.require(kind.feature, caller.user_id)


def _require_available(kind: JobType, caller: Caller) -> None:
    _require_feature(kind, caller)
    if reason := kind.unavailable():
        raise Unavailable(reason, retry_after=60)


def _admit(order: Order, caller: Caller) -> None:
    if order.type.needs_project and order.project_id is None:
        raise invalid("project_id", f"A job of type {order.type.name} needs a project.")
    if order.type.admit is not None:
        order.type.admit(order.payload, order.project_id, caller)


def _insert(orders: Sequence[Order], owner_id: int, actor: int | None) -> list[Job]:
    """Write rows and events; the jobs are pictures of the rows, which no session watches."""
    if not orders:
        return []
    jobs = [NEW_JOBS.add(**_row(order, owner_id, utcnow())) for order in orders]
    queued = [JobQueued(job_type=job.type, reason=_why(job), **event_place(job)) for job in jobs]
    log.record_all(queued, actor=actor)
    QUEUE.here().defer_new([QueuedJob(job.id, job.type, job.due_at) for job in jobs])
    wake_after_commit()
    return jobs


def _why(job: Job) -> str:
    return "submitted" if job.schedule_id is None else "scheduled"


def _row(order: Order, owner_id: int, now: datetime) -> dict[str, Any]:
    return {
        "owner_id": owner_id,
        "project_id": order.project_id,
        "schedule_id": order.schedule_id,
        "type": order.type.name,
        "status": QUEUED,
        "payload": order.payload,
        # Negative, so that one ascending index has both: higher priority first, then the older job.
        "rank": -order.priority,
        "run_at": order.run_at,
        "due_at": still_to_come(order.run_at, now),
        "max_attempts": order.max_attempts or order.type.max_attempts,
        "timeout_s": order.timeout_s or order.type.timeout_s,
        "attempt": 0,
        "cancel_requested": False,
        "created_at": now,
        "updated_at": now,
        "trace": tracing.carrier(),
        "version": 1,
    }


def _known(order: Order, caller: Caller) -> Job | None:
    """Return the job that the same key made before; raises KeyReused for another order."""
    mine = {"owner_id": caller.user_id, "type": order.type.name, "key": order.key}
    too_old = delete(JobKey).filter_by(**mine).where(JobKey.created_at < utcnow() - KEY_LIFETIME)
    # Deleted when found, or the row would keep the key from being reused.
    db.session.execute(too_old)
    query = select(JobKey).filter_by(**mine)
    found = db.session.scalars(query).one_or_none()
    if found is None:
        return None
    if found.fingerprint not in order.fingerprints:
        raise KeyReused(pointer="#/idempotency_key")
    return access.load(Job, found.job_id, caller)


def _keep_key(order: Order, job: Job) -> None:
    key = JobKey(
        owner_id=job.owner_id,
        type=job.type,
        key=order.key or "",
        fingerprint=order.fingerprints[0],
        job_id=job.id,
    )
    db.session.add(key)


# -- changing -------------------------------------------------------------------------------------


def cancel(job: Job, caller: Caller) -> Job:
    """Cancel a job and commit, as `call_off` does; raises JobEnded."""
    call_off(job, caller.user_id)
    db.session.commit()
    return job


def call_off(job: Job, actor: int | None, reason: str = "requested") -> None:
    """Cancel a job: at once if it waits; if it runs, it ends as cancelled within a second.

    After the commit no run can end the job in any other way. Raises JobEnded.
    """
    # Cancelling writes a row, too: people without room left must be able to stop what fills it.
    quota.let_pass(db.session())
    told = event_place(job) | {"reason": reason}
    if _move(job, Job.status.in_((QUEUED, RETRY_WAIT)), status=CANCELLED, due_at=null()):
        QUEUE.here().forget([job.id])
        _tell(JobCancelled(**told), actor)
    elif _move(job, (Job.status == RUNNING) & reading.GOES_ON, cancel_requested=True):
        _tell(JobCancelRequested(**told), actor)
        # It may run in this process, which then stops it now and not at the next look.
        wake_after_commit(look=True)
    elif job.status != RUNNING:  # cancelled twice is not an error: it has been told, and stops
        raise JobEnded(f"The job is already over: it is {job.status}.")


def retry(job: Job, caller: Caller) -> Job:
    """Run a job again that failed, died or was cancelled, with its full number of attempts.

    One that was cancelled before its `run_at` waits for it again.

    Raises NotRetryable, OwnerDisabled, GoesOnAlready, and what `submit` raises of its type.
    """
    kind = registry.find(job.type)
    if kind is None:
        raise invalid("type", f"Nothing here runs jobs of type {job.type!r} any more.")
    _require_available(kind, caller)
    if db.session.get_one(User, job.owner_id, populate_existing=True).disabled:
        raise OwnerDisabled()
    if kind.alone:
        take_write_lock()
        reading.require_none(job.owner_id, job.type)
    anew: dict[str, Any] = {
        "status": QUEUED,
        "due_at": still_to_come(job.run_at, utcnow()),
        # The count of attempts goes on, so that each has its own number; the limit starts again.
        "attempts_forgiven": Job.attempt,
        "cancel_requested": False,
        "finished_at": None,
        "progress": None,
        "progress_message": None,
        "error": null(),
    }
    if not _move(job, Job.status.in_((FAILED, DEAD, CANCELLED)), **anew):
        raise NotRetryable(f"A job that is {job.status} can't be retried.")
    _forget(job)
    QUEUE.here().defer([QueuedJob(job.id, job.type, job.due_at)])
    _tell(JobQueued(job_type=job.type, reason="retried", **event_place(job)), caller.user_id)
    db.session.commit()
    return job


def _forget(job: Job) -> None:
    """Delete the result, and what is kept of old attempts."""
    db.session.execute(delete(JobResult).where(JobResult.job_id == job.id))
    last = job.attempt - MAX_ATTEMPTS_KEPT
    db.session.execute(delete(LogLine).where(LogLine.job_id == job.id, LogLine.attempt <= last))
    db.session.execute(delete(Attempt).where(Attempt.job_id == job.id, Attempt.number <= last))


def _move(job: Job, when: ColumnElement[bool], **values: Any) -> bool:
    """Change the row if it is in one of these states; returns whether it was."""
    if values.get("status") in ENDED_STATUSES:
        values["finished_at"] = utcnow()
    statement = (
        update(Job)
        .where(Job.id == job.id, when)
        .values(version=Job.version + 1, updated_at=utcnow(), **values)
        .execution_options(synchronize_session=False)
    )
    moved: Any = db.session.execute(statement)
    db.session.refresh(job)
    return bool(moved.rowcount == 1)


def _tell(event: JobEvent, actor: int | None) -> None:
    log.record(event, actor=actor)
    wake_after_commit()
