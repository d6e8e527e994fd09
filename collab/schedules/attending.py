"""Attending to schedules: which of them need it, and what is done then, one per transaction.

Any number of processes may do this at once. What a schedule needs is looked up under the writer's
lock and done in the same transaction, including its job: a second process finds it done. If the
process dies in between, nothing has happened. The clock may be set in any way: a handled time is in
the history, and is not handled again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from ..core.database import take_write_lock
from ..extensions import db
from ..jobs.models import ENDED_STATUSES, Job
from . import runs
from .models import ACTIVE, ALL, MISSED, ONCE, QUEUE, RUNNING, WAITING, Schedule, ScheduleRun
from .owner import obstacle
from .runs import OPEN_RUNS

#: Schedules that are attended to before others get their turn.
MAX_AT_ONCE = 200
#: How late a run may begin and still count as on time: a restart takes less.
MAX_LATE = timedelta(seconds=60)
#: Maximum of missed runs that are made up for: the newest.
MAX_MADE_UP_RUNS = 24
#: Clock differences between machines that are ignored.
CLOCK_TOLERANCE = timedelta(seconds=2)

NEXT_AT = select(func.min(Schedule.next_at)).where(Schedule.next_at.is_not(None))


def next_at() -> datetime | None:
    """Return when a schedule is due next."""
    return db.session.scalar(NEXT_AT)


def wanting(now: datetime) -> list[int]:
    """Return the ids of schedules that need attention, those due first coming first."""
    active = Schedule.next_at.is_not(None)
    due = select(Schedule.id).where(active, Schedule.next_at <= now).order_by(Schedule.next_at)
    # Computed in what is now the future: the clock was set back, and `next_at` may be far too late.
    put_back = select(Schedule.id).where(active, Schedule.reckoned_at > now + CLOCK_TOLERANCE)
    found: dict[int, None] = {}
    for query in (due, put_back, _ended_runs(), _waiting_runs()):
        found |= dict.fromkeys(db.session.scalars(query.limit(MAX_AT_ONCE)))
    return list(found)[:MAX_AT_ONCE]


def _ended_runs() -> Select[Any]:
    over = or_(Job.id.is_(None), Job.status.in_(ENDED_STATUSES))
    query = select(ScheduleRun.schedule_id).distinct().outerjoin(Job, Job.id == ScheduleRun.job_id)
    return query.where(OPEN_RUNS, ScheduleRun.status == RUNNING, over)


def _waiting_runs() -> Select[Any]:
    query = select(ScheduleRun.schedule_id).distinct().where(OPEN_RUNS)
    other = aliased(ScheduleRun)
    running = select(other.id).where(
        other.schedule_id == ScheduleRun.schedule_id, other.status == RUNNING
    )
    return query.where(ScheduleRun.status == WAITING, ~running.exists())


def attend(schedule_id: int, now: datetime) -> None:
    """Attend to one schedule, and commit."""
    take_write_lock()
    schedule = db.session.get(Schedule, schedule_id, populate_existing=True)
    if schedule is None:
        db.session.rollback()
        return
    runs.settle(schedule)
    if schedule.status == ACTIVE and (found := obstacle(schedule)) is not None:
        runs.halt(schedule, *found)
    if schedule.status == ACTIVE:
        _start_next(schedule)
        _see_to_times(schedule, now)
    db.session.commit()


def _start_next(schedule: Schedule) -> None:
    """Start the run that has waited longest, if the previous one is over."""
    waiting = runs.open_runs(schedule)
    if waiting and waiting[0].status == WAITING:
        runs.start(schedule, waiting[0])


def _see_to_times(schedule: Schedule, now: datetime) -> None:
    if schedule.next_at is not None and schedule.next_at <= now:
        _make_runs(schedule, schedule.next_at, now)
    elif schedule.reckoned_at <= now + CLOCK_TOLERANCE:
        return
    # What is due next, by the clock as it is now: it may have been set forward or back.
    if schedule.status == ACTIVE:
        reckon(schedule, now)


def reckon(schedule: Schedule, now: datetime) -> None:
    """Compute when a schedule is due next."""
    runs.note(schedule, next_at=schedule.timetable.next_after(now), reckoned_at=now)


def _make_runs(schedule: Schedule, first: datetime, now: datetime) -> None:
    """Begin the runs of the times from `first` to now that the policy requires, each once."""
    # Two more than are made up for: one that is on time, and one that is known to be left out.
    passed = schedule.timetable.latest(MAX_MADE_UP_RUNS + 2, first, now)
    on_time = [one for one in passed if now - one <= MAX_LATE]
    missed = passed[: len(passed) - len(on_time)]
    made_up = _made_up(schedule.missed, missed, is_on_time=bool(on_time))
    left_out = missed[: len(missed) - len(made_up)]
    # One entry stands for all skipped times: a year of minutes would fill the history.
    for one in left_out[-1:]:
        if not runs.is_known(schedule, one):
            runs.leave_out(schedule, one, MISSED)
    for one in made_up + on_time:
        if schedule.status == ACTIVE and not runs.is_known(schedule, one):
            # Runs that are made up for wait for each other, whatever the policy says about
            # overlaps.
            runs.begin(schedule, one, QUEUE if one in made_up else schedule.overlap)


def _made_up(policy: str, missed: list[datetime], *, is_on_time: bool) -> list[datetime]:
    """Return the times that are made up for, of those that passed while nothing could run."""
    if policy == ALL:
        return missed[-MAX_MADE_UP_RUNS:]
    return missed[-1:] if policy == ONCE and not is_on_time else []
