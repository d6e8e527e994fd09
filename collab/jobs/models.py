"""Jobs, their attempts, logs and results."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, entity_tag, partial_index, utcnow
from ..core.tracing import CARRIER_LENGTH
from ..projects.models import Owned

QUEUED = "queued"
RUNNING = "running"
RETRY_WAIT = "retry_wait"
SUCCEEDED = "succeeded"
FAILED = "failed"
CANCELLED = "cancelled"
DEAD = "dead"

STATUSES = (QUEUED, RUNNING, RETRY_WAIT, SUCCEEDED, FAILED, CANCELLED, DEAD)
#: The error of a job that ended because its owner's account was disabled.
ACCOUNT_DISABLED = "account_disabled"
#: The type of job that erases its owner. It goes on when everything else that is done in their name
#: has ended, and its row stays as proof.
ERASE_TYPE = "erase"
#: Nothing more happens unless somebody acts.
ENDED_STATUSES = (SUCCEEDED, FAILED, CANCELLED, DEAD)
#: It runs, or will.
LIVE_STATUSES = (QUEUED, RUNNING, RETRY_WAIT)


class Job(Owned, Model):
    """Work to do, and how far it is: this row is the truth, whatever threads and processes do."""

    __tablename__ = "jobs"
    __table_args__ = (
        # What is ready, per person and type, the next one first; see `queue`.
        partial_index(
            "ix_jobs_ready",
            "owner_id",
            "type",
            "rank",
            "id",
            where=text("status = 'queued' AND due_at IS NULL"),
        ),
        partial_index(
            "ix_jobs_due",
            "due_at",
            where=text("due_at IS NOT NULL"),
        ),
        partial_index(
            "ix_jobs_running",
            "lease_owner",
            where=text("status = 'running'"),
        ),
        # What ended long ago; see `retention`.
        partial_index(
            "ix_jobs_ended",
            "finished_at",
            where=text("finished_at IS NOT NULL"),
        ),
        Index("ix_jobs_owner_id_id", "owner_id", "id"),
        partial_index(
            "ix_jobs_schedule_id_id",
            "schedule_id",
            "id",
            where=text("schedule_id IS NOT NULL"),
        ),
        Index("ix_jobs_project_id_id", "project_id", "id"),
        Index("ix_jobs_owner_id_status_id", "owner_id", "status", "id"),
        Index("ix_jobs_project_id_status_id", "project_id", "status", "id"),
        Index("ix_jobs_owner_id_type_id", "owner_id", "type", "id"),
        Index("ix_jobs_project_id_type_id", "project_id", "type", "id"),
        # Everybody's, for admins. Partial, though they contain all rows, so that only queries that
        # ask for one use it: claiming has its own.
        partial_index(
            "ix_jobs_status_id",
            "status",
            "id",
            where=text("created_at IS NOT NULL"),
        ),
        partial_index(
            "ix_jobs_type_id",
            "type",
            "id",
            where=text("created_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(12), default=QUEUED)
    #: Not loaded with the rest: up to a megabyte, which lists do not show.
    payload: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    #: Among one person's jobs the lower rank goes first: the priority with its sign inverted, so
    #: that an ordinary index has the order.
    rank: Mapped[int] = mapped_column(default=0)
    #: When it was asked to run; it waits until `due_at`, which a retry sets, too.
    run_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    timeout_s: Mapped[int]
    max_attempts: Mapped[int]
    #: Attempts begun so far; those before `attempts_forgiven` don't count against the limit.
    attempt: Mapped[int] = mapped_column(default=0)
    attempts_forgiven: Mapped[int] = mapped_column(default=0)
    #: Which worker runs it. The token grows with each claim and fences off earlier holders.
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_token: Mapped[int] = mapped_column(default=0)
    #: By the worker's wall clock, for people to read; nothing is decided by it (see `sweeper`).
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    #: The schedule that made it; no foreign key, as it may be deleted before its jobs.
    schedule_id: Mapped[int | None]
    #: Somebody wants it to end: whatever the run still produces, it ends as cancelled.
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[float | None]
    progress_message: Mapped[str | None] = mapped_column(String(200))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: The trace that it belongs to, as a `traceparent`.
    trace: Mapped[str | None] = mapped_column(String(CARRIER_LENGTH))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
    version: Mapped[int] = mapped_column(default=1)

    #: Whether private data of its owner is left out; see `oversight.Outline`.
    withheld = False

    @property
    def priority(self) -> int:
        """Return the priority: the higher one goes first."""
        return -self.rank

    @property
    def etag(self) -> str:
        """The entity tag's text; every change of the row raises the version."""
        return entity_tag("Job", self.id, self.created_at, self.updated_at, self.version)


class JobKey(Model):
    """An idempotency key: a person's, for one type of job, for 24 hours."""

    __tablename__ = "job_keys"
    __table_args__ = (UniqueConstraint("owner_id", "type", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)


class Attempt(Model):
    """One finished run of a job; the one in progress is in the job's own row."""

    __tablename__ = "job_attempts"
    __table_args__ = (Index("ix_job_attempts_job_id_id", "job_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    number: Mapped[int]
    worker: Mapped[str | None] = mapped_column(String(80))
    outcome: Mapped[str] = mapped_column(String(20))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime] = mapped_column(default=utcnow)


class LogLine(Model):
    """A piece of a run's output, or of its log."""

    __tablename__ = "job_log"
    __table_args__ = (Index("ix_job_log_job_id_id", "job_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    attempt: Mapped[int]
    stream: Mapped[str] = mapped_column(String(10))
    text: Mapped[str]
    time: Mapped[datetime] = mapped_column(default=utcnow)


class JobResult(Model):
    """What a job made; one at most."""

    __tablename__ = "job_results"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    body: Mapped[bytes | None]
    content_type: Mapped[str | None] = mapped_column(String(100))
    filename: Mapped[str | None] = mapped_column(String(255))


#: What lists may be sorted by.
JOB_SORTS = {"id": Job.id}


class Placed(Protocol):
    """A job, as a row or as it was claimed."""

    @property
    def id(self) -> int:
        """Its id."""

    @property
    def project_id(self) -> int | None:
        """The project that it is in, if any."""


def event_place(job: Placed) -> dict[str, Any]:
    """Return what every event of a job carries, so that its followers get it."""
    return {"job_id": job.id, "project_id": job.project_id}


def still_to_come(run_at: datetime | None, now: datetime) -> datetime | None:
    """Return until when a job with a requested time has to wait, if at all."""
    return run_at if run_at and run_at > now else None
