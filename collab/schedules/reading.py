"""Reading schedules and their runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..core.caller import Caller
from ..core.errors import Forbidden
from ..core.lists.paging import Page, paginate
from ..projects import access
from . import oversight
from .models import RUN_SORTS, SCHEDULE_SORTS, Schedule, ScheduleRun


def list_schedules(
    caller: Caller,
    *,
    project_id: int | None,
    scope: str,
    status: str | None,
    sort: str,
    **page: Any,
) -> Page:
    """Return a page of the caller's schedules, of a project's, or for an admin of everybody's.

    Raises NotFound for a project that the caller can't read, Forbidden for others' to no admin.
    """
    query = select(Schedule).where(_whose(caller, project_id, scope))
    if status is not None:
        query = query.where(Schedule.status == status)

    def item(row: Any) -> Any:
        return oversight.outlined(row.Schedule, caller)

    return paginate(query, columns=SCHEDULE_SORTS, sort=sort, key=Schedule.id, item=item, **page)


def _whose(caller: Caller, project_id: int | None, scope: str) -> Any:
    if scope != "all" or project_id is not None:
        return access.owned_by(Schedule, caller, project_id)
    if not caller.is_admin:
        raise Forbidden("Only an admin may list the schedules of others.")
    return Schedule.id > 0


def list_runs(schedule: Schedule, *, status: str | None, sort: str, **page: Any) -> Page:
    """Return a page of a schedule's runs."""
    query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule.id)
    if status is not None:
        query = query.where(ScheduleRun.status == status)
    return paginate(query, columns=RUN_SORTS, sort=sort, key=ScheduleRun.id, **page)
