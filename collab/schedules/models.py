"""Schedules, and their runs."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, Versioned, partial_index, utcnow
from ..core.text.zones import MAX_ZONE_LENGTH
from ..projects.models import Owned
from .timetable import MAX_CRON_LENGTH, Timetable, described

MAX_NAME_LENGTH = 120

ACTIVE = "active"
PAUSED = "paused"
#: States in which it never runs again, whatever anybody does.
ENDED = "ended"
STATUSES = (ACTIVE, PAUSED, ENDED)

#: Why a schedule is paused or has ended.
REQUESTED = "requested"
ACCOUNT_DISABLED = "account_disabled"
FAILURES = "failures"
TYPE_GONE = "type_gone"
ROLE_LOST = "role_lost"
REASONS = (REQUESTED, ACCOUNT_DISABLED, FAILURES, TYPE_GONE, ROLE_LOST)

#: What to do with times that passed while nothing could run.
SKIP = "skip"
ONCE = "once"
ALL = "all"
MISSED_POLICIES = (SKIP, ONCE, ALL)

#: What to do when a run is due and the previous one has not ended.
QUEUE = "queue"
CANCEL = "cancel"
OVERLAP_POLICIES = (SKIP, QUEUE, CANCEL)

WAITING = "waiting"
RUNNING = "running"
SUCCEEDED = "succeeded"
FAILED = "failed"
CANCELLED = "cancelled"
SKIPPED = "skipped"
REFUSED = "refused"
RUN_STATUSES = (WAITING, RUNNING, SUCCEEDED, FAILED, CANCELLED, SKIPPED, REFUSED)

#: Why a run was skipped, besides the reasons above.
OVERLAP = "overlap"
MISSED = "missed"
SUPERSEDED = "superseded"
QUEUE_FULL = "queue_full"
SKIP_REASONS = (OVERLAP, MISSED, SUPERSEDED, QUEUE_FULL, *REASONS)

#: Runs to come that a schedule shows.
SHOWN_RUNS = 5

HAS_NEXT = text("next_at IS NOT NULL")
IS_OPEN = text("status IN ('running', 'waiting')")


class Schedule(Owned, Versioned, Model):
    """A recurring job."""

    __tablename__ = "schedules"
    __table_args__ = (
        partial_index("ix_schedules_next_at", "next_at", where=HAS_NEXT),
        # When the clock was put back since; see `attending`.
        partial_index(
            "ix_schedules_reckoned_at",
            "reckoned_at",
            where=HAS_NEXT,
        ),
        Index("ix_schedules_owner_id_id", "owner_id", "id"),
        Index("ix_schedules_owner_id_status_id", "owner_id", "status", "id"),
        Index("ix_schedules_project_id_id", "project_id", "id"),
        Index("ix_schedules_project_id_status_id", "project_id", "status", "id"),
        Index("ix_schedules_status_id", "status", "id"),
        # What ends with a role; see `on_owner_gone`.
        Index("ix_schedules_owner_id_project_id_status", "owner_id", "project_id", "status"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH))
    cron: Mapped[str] = mapped_column(String(MAX_CRON_LENGTH))
    time_zone: Mapped[str] = mapped_column(String(MAX_ZONE_LENGTH))
    missed: Mapped[str] = mapped_column(String(8))
    overlap: Mapped[str] = mapped_column(String(8))
    #: What each job is: its type, what it works on (not loaded with the rest) and its limits.
    type: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    priority: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int | None]
    timeout_s: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(8), default=ACTIVE)
    #: Why it is not active.
    reason: Mapped[str | None] = mapped_column(String(20))
    #: The first time that has not been handled; none while it is not active.
    next_at: Mapped[datetime | None]
    #: The clock's time when `next_at` was computed.
    reckoned_at: Mapped[datetime] = mapped_column(default=utcnow)
    #: Runs in a row that failed or were refused.
    failures: Mapped[int] = mapped_column(default=0)

    #: Whether private data of its owner is left out; see `oversight.Outline`.
    withheld = False

    @property
    def timetable(self) -> Timetable:
        """Return when it is due."""
        return Timetable(self.cron, self.time_zone)

    @property
    def description(self) -> str:
        """Describe in words when it is due."""
        return described(self.cron)

    @property
    def next_runs(self) -> list[datetime]:
        """Return the next times, of an active one."""
        if self.next_at is None:
            return []
        following = self.timetable.after(self.next_at)
        return [self.next_at, *islice(following, SHOWN_RUNS - 1)]

    def shown_besides(self) -> tuple[object, ...]:
        """Return what changes as it runs, which is not a change by anybody."""
        return (self.next_at, self.failures)


class ScheduleRun(Model):
    """One time of a schedule, and its outcome; the constraint allows it only once."""

    __tablename__ = "schedule_runs"
    __table_args__ = (
        UniqueConstraint("schedule_id", "nominal_at"),
        Index("ix_schedule_runs_schedule_id_id", "schedule_id", "id"),
        Index("ix_schedule_runs_schedule_id_status_id", "schedule_id", "status", "id"),
        partial_index(
            "ix_schedule_runs_open",
            "schedule_id",
            "status",
            "id",
            where=IS_OPEN,
        ),
        # What came to its end long ago; see `retention`.
        Index("ix_schedule_runs_finished_at", "finished_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    #: The time that the schedule names; none for a run that somebody asked for.
    nominal_at: Mapped[datetime | None]
    #: Its job, as long as there is one; it may go before its run does.
    job_id: Mapped[int | None] = mapped_column(
        ForeignKey("jobs.id", ondelete="SET NULL"), index=True
    )
    status: Mapped[str] = mapped_column(String(10))
    #: Why it was skipped.
    reason: Mapped[str | None] = mapped_column(String(20))
    #: Why there is no job, or why it failed.
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    finished_at: Mapped[datetime | None]


#: What lists may be sorted by.
SCHEDULE_SORTS = {"id": Schedule.id}
RUN_SORTS = {"id": ScheduleRun.id}
