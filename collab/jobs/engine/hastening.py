"""Running a job now that is waiting for its time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import null, update

from ...core.models import utcnow
from ...events import log
from ...events.catalogue.jobs import JobQueued
from ...extensions import db
from ..models import QUEUED, RETRY_WAIT, Job, event_place
from .queue import QUEUE, QueuedJob
from .runner import wake_after_commit


def hasten(job: Job, actor: int | None) -> None:
    """Make a waiting job run now, in the open transaction; any other stays as it is."""
    waits = (Job.id == job.id) & Job.status.in_((QUEUED, RETRY_WAIT))
    now: dict[str, Any] = {"status": QUEUED, "due_at": null(), "updated_at": utcnow()}
    statement = update(Job).where(waits).values(version=Job.version + 1, **now)
    moved: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    db.session.refresh(job)
    # By the row count: another process may have begun it since it was read.
    if moved.rowcount == 1:
        queued = JobQueued(job_type=job.type, reason="hastened", **event_place(job))
        log.record(queued, actor=actor)
        QUEUE.here().defer([QueuedJob(job.id, job.type, None)])
        wake_after_commit()
