"""`/schedules`: jobs that are made again and again."""

from __future__ import annotations

from itertools import islice
from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import located, require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.pages import linked
from ..core.http.representations.list_tags import remembered
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..core.models import utcnow
from ..projects import access
from ..projects.access import Right
from . import oversight, reading, service
from .models import Schedule, ScheduleRun
from .oversight import Outline
from .representation import Whole, as_seen
from .schemas import (
    PreviewOut,
    PreviewQuery,
    RunOut,
    RunPage,
    RunQuery,
    ScheduleIn,
    SchedulePage,
    SchedulePatch,
    ScheduleQuery,
    ScheduleWholeOut,
)

blueprint = Blueprint("schedules", __name__, url_prefix=BASE_PATH, description="Recurring jobs.")


@blueprint.get("/schedules")
@login_required
@blueprint.arguments(ScheduleQuery, location="query")
@blueprint.response(200, SchedulePage)
@remembered()
@linked
def list_schedules(query: dict[str, Any]) -> Page:
    """List your schedules, those of a project, or for an admin everybody's."""
    return reading.list_schedules(caller(), **query)


@blueprint.post("/schedules")
@login_required
@idempotent
@blueprint.arguments(ScheduleIn)
@blueprint.response(201, ScheduleWholeOut)
@blueprint.alt_response(409, "Problem")
@located("/schedules/{id}")
@versioned
def create_schedule(data: dict[str, Any]) -> Whole | Outline:
    """Create a schedule: its first run is at the next time that its expression names."""
    return as_seen(service.create(data, caller()), caller())


@blueprint.get("/schedules/preview")
@login_required
@blueprint.arguments(PreviewQuery, location="query")
@blueprint.response(200, PreviewOut)
def preview_schedule(query: dict[str, Any]) -> dict[str, Any]:
    """Show when an expression would be due, without making a schedule."""
    plan = service.timetable(query["cron"], query["time_zone"])
    return {
        "cron": plan.cron,
        "time_zone": query["time_zone"],
        "description": plan.description,
        "next_runs": list(islice(plan.after(utcnow()), query["count"])),
    }


@blueprint.get("/schedules/<id:schedule_id>")
@login_required
@blueprint.response(200, ScheduleWholeOut)
@versioned
def get_schedule(schedule_id: int) -> Whole | Outline:
    """Show a schedule with its next runs; an admin gets an outline of others' own."""
    return as_seen(oversight.load(schedule_id, caller()), caller())


@blueprint.patch("/schedules/<id:schedule_id>")
@login_required
@blueprint.arguments(SchedulePatch)
@blueprint.response(200, ScheduleWholeOut)
@blueprint.alt_response(409, "Problem")
@versioned
def update_schedule(data: dict[str, Any], schedule_id: int) -> Whole | Outline:
    """Change a schedule; if you change its payload, you become its owner."""
    schedule = access.load(Schedule, schedule_id, caller(), can=Right.WRITE)
    require_match(schedule)
    return as_seen(service.update(schedule, data, caller()), caller())


@blueprint.delete("/schedules/<id:schedule_id>")
@login_required
@blueprint.response(204)
def delete_schedule(schedule_id: int) -> None:
    """Delete a schedule with its history; the jobs that it made stay."""
    schedule = access.load(Schedule, schedule_id, caller(), can=Right.WRITE)
    require_match(schedule)
    service.delete(schedule, caller())


@blueprint.post("/schedules/<id:schedule_id>/pause")
@login_required
@blueprint.response(200, ScheduleWholeOut)
@blueprint.alt_response(409, "Problem")
@versioned
def pause_schedule(schedule_id: int) -> Whole | Outline:
    """Pause a schedule: no job is made until it is resumed. Admins may pause anybody's."""
    schedule = oversight.load(schedule_id, caller(), can=Right.WRITE)
    require_match(oversight.outlined(schedule, caller()))
    return as_seen(service.pause(schedule, caller()), caller())


@blueprint.post("/schedules/<id:schedule_id>/resume")
@login_required
@blueprint.response(200, ScheduleWholeOut)
@blueprint.alt_response(409, "Problem")
@versioned
def resume_schedule(schedule_id: int) -> Whole | Outline:
    """Resume a paused schedule with its next time; missed times are not made up for."""
    schedule = access.load(Schedule, schedule_id, caller(), can=Right.WRITE)
    require_match(schedule)
    return as_seen(service.resume(schedule, caller()), caller())


@blueprint.post("/schedules/<id:schedule_id>/run")
@login_required
@idempotent
@blueprint.response(201, RunOut)
@blueprint.alt_response(409, "Problem")
def run_schedule(schedule_id: int) -> ScheduleRun:
    """Run a schedule now, besides its times; 409 if one is running and its policy is to skip."""
    schedule = access.load(Schedule, schedule_id, caller(), can=Right.WRITE)
    return service.run_now(schedule, caller())


@blueprint.get("/schedules/<id:schedule_id>/runs")
@login_required
@blueprint.arguments(RunQuery, location="query")
@blueprint.response(200, RunPage)
@remembered()
@linked
def list_runs(query: dict[str, Any], schedule_id: int) -> Page:
    """List a schedule's runs, and the times it skipped, newest first."""
    return reading.list_runs(access.load(Schedule, schedule_id, caller()), **query)
