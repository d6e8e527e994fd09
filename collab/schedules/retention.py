"""Deletes old runs, at the same age as their jobs."""

from __future__ import annotations

from ..core.storage import retention
from .models import ScheduleRun


def forget_runs() -> bool:
    """Delete some runs that ended more than JOB_RETENTION_DAYS ago."""
    before = retention.border("JOB_RETENTION_DAYS")
    if before is None:
        return False
    return retention.delete_older(ScheduleRun.finished_at, before, ScheduleRun.id)
