"""What happens to jobs."""

from __future__ import annotations

from typing import Any

from ...frozen import frozen
from ..types import Event


@frozen(kw_only=True)
class JobEvent(Event):
    """Something that happened to a job."""

    job_id: int
    project_id: int | None = None

    @property
    def topic(self) -> str:
        """Return the topic of the job's followers."""
        return f"job:{self.job_id}"


@frozen(kw_only=True)
class JobQueued(JobEvent):
    """A job waits to be run: it is new, was handed back by a worker, or retried by request.

    `reason` is submitted, scheduled (a schedule made it), handed_back, retried or hastened.
    """

    type = "job.queued"
    job_type: str
    reason: str


@frozen(kw_only=True)
class JobStarted(JobEvent):
    """A worker began an attempt at a job."""

    type = "job.started"
    attempt: int


@frozen(kw_only=True)
class JobProgressed(JobEvent):
    """A run says how far it is: `progress` from 0 to 1, and what it is doing."""

    type = "job.progressed"
    progress: float
    message: str


@frozen(kw_only=True)
class JobOutput(JobEvent):
    """A run wrote something: `stream` is stdout, stderr, or the job's log."""

    type = "job.output"
    attempt: int
    stream: str
    text: str


@frozen(kw_only=True)
class JobRetryScheduled(JobEvent):
    """An attempt failed, or was lost with its worker; the next one begins at `due_at`."""

    type = "job.retry_scheduled"
    attempt: int
    error: dict[str, Any]
    due_at: str


@frozen(kw_only=True)
class JobSucceeded(JobEvent):
    """A job is done; GET the job for its result."""

    type = "job.succeeded"
    attempt: int


@frozen(kw_only=True)
class JobFailed(JobEvent):
    """A job failed in a way that another attempt would not fix."""

    type = "job.failed"
    attempt: int
    error: dict[str, Any]


@frozen(kw_only=True)
class JobDied(JobEvent):
    """A job failed for the last time: it has no attempts left."""

    type = "job.died"
    attempt: int
    error: dict[str, Any]


@frozen(kw_only=True)
class JobCancelRequested(JobEvent):
    """Somebody cancelled a running job: it ends as cancelled within a second.

    `reason` is requested, account_disabled (its owner's account), or superseded: the next run of
    its schedule takes its place.
    """

    type = "job.cancel_requested"
    reason: str = "requested"


@frozen(kw_only=True)
class JobCancelled(JobEvent):
    """A job was cancelled; `reason` as for `job.cancel_requested`."""

    type = "job.cancelled"
    reason: str = "requested"
