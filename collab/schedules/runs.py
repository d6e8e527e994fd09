"""The runs of a schedule: each begins once, ends as its job does, and is recorded in the history.

Everything here happens in the open transaction, under the writer's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update

from ..core.errors import ApiError
from ..core.json import dumps
from ..core.models import utcnow
from ..core.text import times
from ..core.usage import quota
from ..core.usage.counted import ROW_BYTES
from ..events import log
from ..events.catalogue.schedules import (
    ScheduleEnded,
    SchedulePaused,
    ScheduleRecovered,
    ScheduleRunEnded,
    ScheduleRunFailed,
    ScheduleRunSkipped,
    ScheduleRunStarted,
)
from ..extensions import db
from ..jobs import models as jobs
from ..jobs import registry
from ..jobs.models import Job
from ..jobs.order import Order
from ..jobs.service import call_off, enqueue
from .models import (
    CANCEL,
    CANCELLED,
    FAILED,
    FAILURES,
    OVERLAP,
    PAUSED,
    QUEUE_FULL,
    REFUSED,
    RUNNING,
    SKIP,
    SKIPPED,
    SUCCEEDED,
    SUPERSEDED,
    WAITING,
    Schedule,
    ScheduleRun,
)
from .owner import owner_of

#: Runs of one schedule that may wait for the previous one.
MAX_WAITING_RUNS = 24
#: Runs in a row that fail before a schedule is paused.
MAX_FAILURES_IN_A_ROW = 100
#: Rows that a run adds besides the job's own: its events, its attempt, its entry in the history.
ROWS_OF_A_RUN = 6
#: Characters of a refusal that are kept.
MAX_MESSAGE_LENGTH = 500

#: In the words of the partial index, which a query must repeat to use it.
OPEN_RUNS = text("schedule_runs.status IN ('running', 'waiting')")
#: Job status -> status of its run.
STATUS_OF_JOB = {
    jobs.SUCCEEDED: SUCCEEDED,
    jobs.FAILED: FAILED,
    jobs.DEAD: FAILED,
    jobs.CANCELLED: CANCELLED,
}


def about(schedule: Schedule) -> dict[str, Any]:
    """Return what each event of a schedule has."""
    return {
        "schedule_id": schedule.id,
        "owner_id": schedule.owner_id,
        "project_id": schedule.project_id,
        "name": schedule.name,
    }


def note(schedule: Schedule, **values: Any) -> None:
    """Write changes that no request has made: the version and `updated_at` stay."""
    statement = update(Schedule).where(Schedule.id == schedule.id)
    db.session.execute(statement.values(updated_at=Schedule.updated_at, **values))


def is_known(schedule: Schedule, nominal_at: datetime) -> bool:
    """Return whether a time has been handled."""
    query = select(ScheduleRun.id).where(ScheduleRun.schedule_id == schedule.id)
    return db.session.scalar(query.where(ScheduleRun.nominal_at == nominal_at)) is not None


def open_runs(schedule: Schedule) -> Sequence[ScheduleRun]:
    """Return the run in progress, if any, and those that wait for it."""
    query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule.id, OPEN_RUNS)
    return db.session.scalars(query.order_by(ScheduleRun.id)).all()


# -- beginning ------------------------------------------------------------------------------------


def begin(
    schedule: Schedule, nominal_at: datetime | None, policy: str, actor: int | None = None
) -> ScheduleRun:
    """Begin a run, or do what the policy says if the previous one has not ended."""
    before = open_runs(schedule)
    run = _new(schedule, nominal_at)
    if not before:
        start(schedule, run, actor)
    elif policy == SKIP:
        skip(schedule, run, OVERLAP)
    elif policy == CANCEL:
        _supersede(schedule, before)
    elif len(before) > MAX_WAITING_RUNS:
        skip(schedule, run, QUEUE_FULL)
    return run


def leave_out(schedule: Schedule, nominal_at: datetime, reason: str) -> None:
    """Record that a time passed without a job."""
    skip(schedule, _new(schedule, nominal_at), reason)


def _new(schedule: Schedule, nominal_at: datetime | None) -> ScheduleRun:
    run = ScheduleRun(schedule_id=schedule.id, nominal_at=nominal_at, status=WAITING)
    db.session.add(run)
    db.session.flush()
    return run


def start(schedule: Schedule, run: ScheduleRun, actor: int | None = None) -> None:
    """Make the job of a run; if that is refused, note why."""
    try:
        job = _make_job(schedule)
    except ApiError as error:
        # Not tried again: its time has passed, and the next one will come.
        run.status, run.finished_at = REFUSED, utcnow()
        message = error.detail[:MAX_MESSAGE_LENGTH]
        fail(schedule, run, {"code": error.kind or "refused", "message": message})
        return
    run.status, run.job_id = RUNNING, job.id
    started = ScheduleRunStarted(
        run_id=run.id, job_id=job.id, nominal_at=_written(run), **about(schedule)
    )
    log.record(started, actor=actor)


def _make_job(schedule: Schedule) -> Job:
    """Make a job in the owner's name; raises what `jobs.service.enqueue` raises, and QuotaSpent."""
    size = len(dumps(schedule.payload)) + ROWS_OF_A_RUN * ROW_BYTES
    quota.require(size, person_id=schedule.owner_id, project_id=schedule.project_id)
    order = Order(
        registry.require(schedule.type),
        schedule.payload,
        schedule.project_id,
        priority=schedule.priority,
        max_attempts=schedule.max_attempts,
        timeout_s=schedule.timeout_s,
        schedule_id=schedule.id,
    )
    return enqueue(order, owner_of(schedule))[0]


def _supersede(schedule: Schedule, before: Sequence[ScheduleRun]) -> None:
    """Cancel the run in progress; a later one replaces those that wait for its end."""
    for run in before:
        if run.status == WAITING:
            # Those that wait are replaced: only the latest time is worth a run under this policy.
            skip(schedule, run, SUPERSEDED)
        elif (job := _job_of(run)) is not None and job.status not in jobs.ENDED_STATUSES:
            # Only asked to end: the new run waits, and begins once this one's job is over.
            call_off(job, None, SUPERSEDED)


def _job_of(run: ScheduleRun) -> Job | None:
    if run.job_id is None:
        return None
    return db.session.get(Job, run.job_id, populate_existing=True)


# -- ending ---------------------------------------------------------------------------------------


def skip(schedule: Schedule, run: ScheduleRun, reason: str) -> None:
    """Let a run's time pass without a job."""
    run.status, run.reason, run.finished_at = SKIPPED, reason, utcnow()
    skipped = ScheduleRunSkipped(
        run_id=run.id, nominal_at=_written(run), reason=reason, **about(schedule)
    )
    log.record(skipped, actor=None)


def settle(schedule: Schedule) -> None:
    """Record how a run ended whose job is over, or has been deleted."""
    for run in open_runs(schedule):
        if run.status == RUNNING:
            job = _job_of(run)
            if job is None or job.status in jobs.ENDED_STATUSES:
                _settle(schedule, run, job)


def _settle(schedule: Schedule, run: ScheduleRun, job: Job | None) -> None:
    run.status = CANCELLED if job is None else STATUS_OF_JOB[job.status]
    run.finished_at = utcnow() if job is None else job.finished_at
    if run.status == FAILED and job is not None:
        fail(schedule, run, job.error or {})
        return
    ended = ScheduleRunEnded(run_id=run.id, job_id=run.job_id, status=run.status, **about(schedule))
    log.record(ended, actor=None)
    if run.status == SUCCEEDED and schedule.failures:
        recovered = ScheduleRecovered(run_id=run.id, failures=schedule.failures, **about(schedule))
        log.record(recovered, actor=None)
        note(schedule, failures=0)


def fail(schedule: Schedule, run: ScheduleRun, error: dict[str, Any]) -> None:
    """Count a run that failed or was refused; very many in a row pause the schedule."""
    run.error = error
    note(schedule, failures=schedule.failures + 1)
    failed = ScheduleRunFailed(
        run_id=run.id,
        job_id=run.job_id,
        error=error,
        failures=schedule.failures,
        **about(schedule),
    )
    log.record(failed, actor=None)
    if schedule.failures >= MAX_FAILURES_IN_A_ROW and schedule.next_at is not None:
        halt(schedule, PAUSED, FAILURES)


def halt(schedule: Schedule, status: str, reason: str, actor: int | None = None) -> None:
    """Pause or end a schedule; waiting runs are skipped, one in progress goes on."""
    # Without `next_at` no index leads to it: halted schedules cost nothing.
    schedule.status, schedule.reason, schedule.next_at = status, reason, None
    told = SchedulePaused if status == PAUSED else ScheduleEnded
    log.record(told(reason=reason, **about(schedule)), actor=actor)
    for run in open_runs(schedule):
        if run.status == WAITING:
            skip(schedule, run, reason)


def _written(run: ScheduleRun) -> str | None:
    return times.write(run.nominal_at) if run.nominal_at else None
