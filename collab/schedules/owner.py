"""In whose name a schedule's jobs run, and what prevents that."""

from __future__ import annotations

from datetime import UTC, datetime

from ..auth.models import ADMIN, User
from ..core.caller import Caller
from ..core.errors import Forbidden, NotFound
from ..extensions import db
from ..jobs import registry
from ..projects import access
from .models import ACCOUNT_DISABLED, ENDED, PAUSED, ROLE_LOST, TYPE_GONE, Schedule

#: Stands for the session of an absent person.
NO_SESSION = 0


def owner_of(schedule: Schedule) -> Caller:
    """Return a schedule's owner as the database has them now, to make a job for them."""
    user = db.session.get_one(User, schedule.owner_id, populate_existing=True)
    return Caller(
        user_id=user.id,
        session_id=NO_SESSION,
        name=user.name,
        email=user.email,
        is_admin=user.role == ADMIN,
        token_expires=datetime.max.replace(tzinfo=UTC),
    )


def obstacle(schedule: Schedule) -> tuple[str, str] | None:
    """Return a schedule's new state, and why, if nothing can run in its owner's name."""
    if db.session.get_one(User, schedule.owner_id, populate_existing=True).disabled:
        return PAUSED, ACCOUNT_DISABLED
    try:
        access.admit(schedule.project_id, owner_of(schedule))
    except (NotFound, Forbidden):
        return ENDED, ROLE_LOST
    return None if registry.find(schedule.type) else (PAUSED, TYPE_GONE)
