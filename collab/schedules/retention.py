"""What came of times long ago goes, when the jobs of then do."""

from __future__ import annotations

from ..core.storage import retention
from .models import ScheduleRun


def forget_runs() -> bool:
    """Delete some runs that came to their end more than JOB_RETENTION_DAYS ago."""
    before = retention.border("JOB_RETENTION_DAYS")
    if before is None:
        return False
    return retention.delete_older(ScheduleRun.finished_at, before, ScheduleRun.id)
