"""A job as it is shown: its row, with what it made."""

from __future__ import annotations

from typing import Any

from ..core.links import BASE_PATH
from . import reading
from .models import Job
from .oversight import Outline


class JobView:
    """A job's row and its result, for a schema to read."""

    def __init__(self, job: Job, made: Any) -> None:
        self._job = job
        self.payload = reading.payload_of(job)
        self.result = made.data if made else None
        self.output = _output(job, made) if made else None

    def __getattr__(self, name: str) -> Any:
        """Return a column of the job."""
        return getattr(self._job, name)


def as_seen(job: Job | Outline) -> JobView | Outline:
    """Return a job with its result, or the outline if the caller may see no more."""
    return job if isinstance(job, Outline) else shown(job)


def shown(job: Job) -> JobView:
    """Return a job with its result."""
    return JobView(job, reading.made_by(job) if job.finished_at else None)


def _output(job: Job, made: Any) -> dict[str, Any] | None:
    if made.size is None:
        return None
    return {
        "content_type": made.content_type,
        "filename": made.filename,
        "size": made.size,
        "url": f"{BASE_PATH}/jobs/{job.id}/output",
    }
