"""Deletes jobs that ended long ago, with their results, logs and attempts."""

from __future__ import annotations

from ..core.models import utcnow
from ..core.storage import retention
from .models import ENDED_STATUSES, Job, JobKey
from .service import KEY_LIFETIME

#: Jobs in one commit: each has up to a few hundred rows.
JOBS_AT_ONCE = 20


def forget_jobs() -> bool:
    """Delete some jobs that ended more than JOB_RETENTION_DAYS ago."""
    before = retention.border("JOB_RETENTION_DAYS")
    if before is None:
        return False
    ended = Job.status.in_(ENDED_STATUSES)
    return retention.delete_older(Job.finished_at, before, Job.id, ended, limit=JOBS_AT_ONCE)


def forget_keys() -> bool:
    """Delete expired idempotency keys of jobs."""
    return retention.delete_older(JobKey.created_at, utcnow() - KEY_LIFETIME, JobKey.id)
