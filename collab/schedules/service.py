"""Making, changing, pausing and deleting schedules, and running one now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import marshmallow as ma
from sqlalchemy import func, select

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict, Unprocessable, invalid, pointers
from ..core.models import utcnow
from ..core.slots import setting
from ..events import log
from ..events.catalogue.schedules import (
    ScheduleCreated,
    ScheduleDeleted,
    ScheduleResumed,
    ScheduleUpdated,
)
from ..extensions import db
from ..jobs import registry
from ..jobs.schemas import valid_payload
from ..projects import access
from . import runs
from .models import (
    ACTIVE,
    ALL,
    CANCEL,
    ENDED,
    PAUSED,
    REQUESTED,
    SKIPPED,
    TYPE_GONE,
    Schedule,
    ScheduleRun,
)
from .owner import obstacle
from .timetable import NoTimetable, Timetable

#: The sentence for each reason.
WHY_NOT = {
    "account_disabled": "the account of its owner is disabled",
    "role_lost": "its owner may not make jobs in this project any more",
    TYPE_GONE: "nothing here runs jobs of its type any more",
}


class HasEnded(Conflict):
    """The schedule has ended: make a new one."""


class CannotRun(Conflict):
    """Nothing can run for this schedule now."""


class StillRunning(Conflict):
    """The previous run has not ended, and the schedule says to skip a run in that case."""


class TooMany(Conflict):
    """You have as many schedules as a person may have: delete one first."""


def timetable(cron: str, time_zone: str) -> Timetable:
    """Read an expression; raises Unprocessable that says what is wrong with it."""
    try:
        made = Timetable(cron, time_zone)
    except NoTimetable as error:
        raise invalid("cron", str(error)) from None
    least = timedelta(seconds=setting("SCHEDULE_MIN_SECONDS"))
    # Not checked where a minute will do: no expression has a shorter gap, and computing it takes
    # long.
    if least > timedelta(minutes=1) and (gap := made.shortest_gap()) < least:
        told = f"It is due again after {gap}, and here schedules leave at least {least}"
        raise invalid("cron", f"{told} between two runs.")
    return made


def create(data: dict[str, Any], actor: Caller) -> Schedule:
    """Make a schedule; raises Unprocessable, NotFound, Forbidden, TooMany."""
    kind: registry.JobType = data.pop("type")
    plan = timetable(data["cron"], data["time_zone"])
    _check_policies(data["missed"], data["overlap"])
    take_write_lock()
    access.admit(data["project_id"], actor)
    # Under the lock, like the job itself later: what it names may go or change until then.
    _check_type(kind, data["payload"], data["project_id"], actor)
    _check_count(actor)
    made = Schedule(owner_id=actor.user_id, type=kind.name, **(data | {"cron": plan.cron}))
    _go_on(made, utcnow())
    db.session.add(made)
    db.session.flush()
    created = ScheduleCreated(
        job_type=made.type, cron=made.cron, time_zone=made.time_zone, **runs.about(made)
    )
    log.record(created, actor=actor.user_id)
    db.session.commit()
    return made


def update(schedule: Schedule, changes: dict[str, Any], actor: Caller) -> Schedule:
    """Change a schedule; people who change what its jobs work on become its owner.

    Jobs run in the owner's name: so what one person wrote can't read another's uploads. Raises
    Unprocessable, HasEnded, TooMany.
    """
    if schedule.status == ENDED:
        raise HasEnded()
    changed = {key: value for key, value in changes.items() if getattr(schedule, key) != value}
    if "payload" in changed:
        changed |= _new_work(schedule, changed["payload"], actor)
    for key, value in changed.items():
        setattr(schedule, key, value)
    _check_policies(schedule.missed, schedule.overlap)
    if changed.keys() & {"cron", "time_zone"}:
        schedule.cron = timetable(schedule.cron, schedule.time_zone).cron
        if schedule.status == ACTIVE:
            _go_on(schedule, utcnow())
    if changed:
        told = {key: value for key, value in changed.items() if key != "payload"}
        event = ScheduleUpdated(changes=told, **runs.about(schedule))
        log.record(event, actor=actor.user_id)
    db.session.commit()
    return schedule


def pause(schedule: Schedule, actor: Caller) -> Schedule:
    """Make no more jobs until it is resumed; a running one goes on. Raises HasEnded."""
    if schedule.status == ENDED:
        raise HasEnded()
    if schedule.status == ACTIVE:
        runs.halt(schedule, PAUSED, REQUESTED, actor.user_id)
    db.session.commit()
    return schedule


def resume(schedule: Schedule, actor: Caller) -> Schedule:
    """Go on with the next time; what passed meanwhile is not made up for.

    Raises HasEnded, CannotRun.
    """
    _check_runnable(schedule)
    if schedule.status == PAUSED:
        schedule.status, schedule.reason, schedule.failures = ACTIVE, None, 0
        _go_on(schedule, utcnow())
        log.record(ScheduleResumed(**runs.about(schedule)), actor=actor.user_id)
    db.session.commit()
    return schedule


def run_now(schedule: Schedule, actor: Caller) -> ScheduleRun:
    """Run it once, besides its times, even if it is paused; the overlap policy holds.

    Raises HasEnded, CannotRun, StillRunning.
    """
    _check_runnable(schedule)
    runs.settle(schedule)
    run = runs.begin(schedule, None, schedule.overlap, actor.user_id)
    if run.status == SKIPPED:
        # The run that was begun to find out is undone: a refusal leaves nothing in the history.
        db.session.rollback()
        raise StillRunning()
    db.session.commit()
    return run


def delete(schedule: Schedule, actor: Caller) -> None:
    """Delete a schedule with its history; its jobs stay."""
    log.record(ScheduleDeleted(**runs.about(schedule)), actor=actor.user_id)
    db.session.delete(schedule)
    db.session.commit()


def payload_for(schedule: Schedule, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload as the schedule's type of job keeps it; raises Unprocessable, CannotRun."""
    kind = registry.find(schedule.type)
    if kind is None:
        raise CannotRun(f"The schedule can't be changed: {WHY_NOT[TYPE_GONE]}.")
    try:
        return valid_payload(kind, payload)
    except ma.ValidationError as error:
        raise Unprocessable(errors=pointers({"json": error.messages_dict})) from None


def _new_work(schedule: Schedule, payload: dict[str, Any], actor: Caller) -> dict[str, Any]:
    """Check what the jobs are to work on, and return what changes with it."""
    checked = payload_for(schedule, payload)
    kind = registry.require(schedule.type)
    _check_type(kind, checked, schedule.project_id, actor)
    # The new owner's limit: a schedule that changes owners counts for them.
    if schedule.owner_id != actor.user_id:
        _check_count(actor)
    return {"payload": checked, "owner_id": actor.user_id}


def _check_type(
    kind: registry.JobType, payload: dict[str, Any], project_id: int | None, actor: Caller
) -> None:
    if kind.needs_project and project_id is None:
        raise invalid("project_id", f"A job of type {kind.name} needs a project.")
    if kind.admit is not None:
        kind.admit(payload, project_id, actor)


def _check_policies(missed: str, overlap: str) -> None:
    if missed == ALL and overlap == CANCEL:
        told = "The missed runs would cancel one another: choose `once`, or another overlap."
        raise invalid("missed", told)


def _check_count(actor: Caller) -> None:
    most = setting("SCHEDULES_PER_PERSON")
    query = select(func.count()).select_from(Schedule).where(Schedule.owner_id == actor.user_id)
    if (db.session.scalar(query) or 0) >= most:
        raise TooMany(f"You have {most} schedules, as many as a person may have: delete one first.")


def _check_runnable(schedule: Schedule) -> None:
    if schedule.status == ENDED:
        raise HasEnded()
    if (found := obstacle(schedule)) is not None:
        raise CannotRun(f"The schedule can't run: {WHY_NOT[found[1]]}.")


def _go_on(schedule: Schedule, now: datetime) -> None:
    schedule.next_at = Timetable(schedule.cron, schedule.time_zone).next_after(now)
    schedule.reckoned_at = now
