"""In whose name a webhook works: it does nothing that they may not do."""

from __future__ import annotations

from sqlalchemy import exists, select

from ..auth.models import ADMIN, User
from ..core.caller import Caller
from ..core.errors import ApiError
from ..core.models import utcnow
from ..extensions import db
from ..projects import access
from ..projects.access import Right
from ..projects.models import Member


def as_caller(user_id: int) -> Caller | None:
    """Return a person as the database has them now; None where the account is disabled or gone."""
    user = db.session.get(User, user_id, populate_existing=True)
    if user is None or user.disabled:
        return None
    return Caller(user.id, 0, user.name, user.email, user.role == ADMIN, utcnow())


def may_manage(user_id: int, project_id: int) -> bool:
    """Return whether somebody may manage a project now.

    Nobody may manage a project without members, not even an admin: it is being deleted.
    """
    caller = as_caller(user_id)
    if caller is None:
        return False
    if not db.session.scalar(select(exists().where(Member.project_id == project_id))):
        return False
    try:
        access.place(f"project:{project_id}", caller, can=Right.MANAGE)
    except ApiError:
        return False
    return True
