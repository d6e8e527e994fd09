"""What happens to schedules: sent to their project, or to the owner of a personal one."""

from __future__ import annotations

from typing import Any

from ...frozen import frozen
from ..types import Event


@frozen(kw_only=True)
class ScheduleEvent(Event):
    """Something that happened to a schedule."""

    schedule_id: int
    owner_id: int
    project_id: int | None
    name: str

    @property
    def topic(self) -> str:
        """Return the topic of the project, or of a personal schedule's owner."""
        return f"project:{self.project_id}" if self.project_id else f"user:{self.owner_id}"


@frozen(kw_only=True)
class ScheduleCreated(ScheduleEvent):
    """A schedule was made: jobs of `job_type` at the times of a cron expression in a time zone."""

    type = "schedule.created"
    job_type: str
    cron: str
    time_zone: str


@frozen(kw_only=True)
class ScheduleUpdated(ScheduleEvent):
    """A schedule changed; `changes` has the new values, except for what its jobs work on.

    A person who changes what the jobs work on becomes the owner, in whose name they run.
    """

    type = "schedule.updated"
    changes: dict[str, Any]


@frozen(kw_only=True)
class SchedulePaused(ScheduleEvent):
    """A schedule was paused: it makes no jobs until it is resumed.

    `reason` is requested, account_disabled (the owner's), failures (many in a row), or type_gone
    (nothing here runs jobs of its type any more).
    """

    type = "schedule.paused"
    reason: str


@frozen(kw_only=True)
class ScheduleResumed(ScheduleEvent):
    """A schedule continues with its next time; times that passed meanwhile are not made up for."""

    type = "schedule.resumed"


@frozen(kw_only=True)
class ScheduleEnded(ScheduleEvent):
    """A schedule ended: its owner may no longer make jobs in the project (role_lost)."""

    type = "schedule.ended"
    reason: str


@frozen(kw_only=True)
class ScheduleDeleted(ScheduleEvent):
    """A schedule was deleted with its history; its jobs stay."""

    type = "schedule.deleted"


@frozen(kw_only=True)
class ScheduleRunStarted(ScheduleEvent):
    """A schedule made a job; `nominal_at` is the time that it is for, null if somebody asked."""

    type = "schedule.run_started"
    run_id: int
    job_id: int
    nominal_at: str | None


@frozen(kw_only=True)
class ScheduleRunSkipped(ScheduleEvent):
    """A time of a schedule passed without a job.

    `reason` is overlap (the run before had not ended), missed (nothing could run then: this and
    all times since the run before), queue_full, superseded (a later one took its place), or why
    the schedule was paused or ended.
    """

    type = "schedule.run_skipped"
    run_id: int
    nominal_at: str | None
    reason: str


@frozen(kw_only=True)
class ScheduleRunEnded(ScheduleEvent):
    """The job of a run is over: `status` is succeeded or cancelled (failed has its own type)."""

    type = "schedule.run_ended"
    run_id: int
    job_id: int | None
    status: str


@frozen(kw_only=True)
class ScheduleRunFailed(ScheduleEvent):
    """A run of a schedule failed, or its job was refused: `failures` are those in a row."""

    type = "schedule.run_failed"
    run_id: int
    job_id: int | None
    error: dict[str, Any]
    failures: int


@frozen(kw_only=True)
class ScheduleRecovered(ScheduleEvent):
    """A run of a schedule succeeded after `failures` that had not."""

    type = "schedule.recovered"
    run_id: int
    failures: int
