"""Nothing runs in the name of people who are disabled, or may make no more jobs in a project."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..extensions import db
from . import runs
from .models import ACCOUNT_DISABLED, ACTIVE, ENDED, PAUSED, ROLE_LOST, Schedule

#: Schedules that end in one transaction, each with some events.
MAX_SCHEDULES_PER_TRANSACTION = 100


def pause_all(user_id: int, actor: int) -> bool:
    """Pause somebody's schedules, in the open transaction; return whether there may be more."""
    theirs = (Schedule.owner_id == user_id) & (Schedule.status == ACTIVE)
    return _halt(theirs, PAUSED, ACCOUNT_DISABLED, actor)


def end_all(project_id: int, user_id: int, actor: int) -> bool:
    """End somebody's schedules in a project, as `pause_all` pauses them."""
    theirs = (Schedule.owner_id == user_id) & Schedule.status.in_((ACTIVE, PAUSED))
    return _halt(theirs & (Schedule.project_id == project_id), ENDED, ROLE_LOST, actor)


def _halt(which: Any, status: str, reason: str, actor: int) -> bool:
    query = select(Schedule).where(which)
    found = db.session.scalars(query.limit(MAX_SCHEDULES_PER_TRANSACTION)).all()
    for schedule in found:
        runs.halt(schedule, status, reason, actor)
    return len(found) == MAX_SCHEDULES_PER_TRANSACTION
