"""The admin's view of accounts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict, NotFound
from ..core.lists.paging import Page, paginate
from ..core.models import utcnow
from ..events import log
from ..events.catalogue.accounts import AccountDisabled, AccountEnabled, AccountRoleChanged
from ..extensions import db
from . import sessions
from .models import ADMIN, USER_SORTS, User


class OwnAccount(Conflict):
    """You can't disable or demote yourself; ask another admin."""


class LastAdmin(Conflict):
    """The last admin can be neither disabled nor made an ordinary user."""


def list_users(
    *, q: str | None, role: str | None, disabled: bool | None, sort: str, **page: Any
) -> Page:
    """Return a page of all accounts that match."""
    query = select(User)
    if q:
        found = func.lower(User.name).contains(q.lower(), autoescape=True)
        query = query.where(found | User.email.contains(q.lower(), autoescape=True))
    if role:
        query = query.where(User.role == role)
    if disabled is not None:
        query = query.where(
            User.disabled_at.is_not(None) if disabled else User.disabled_at.is_(None)
        )
    return paginate(
        query, columns=USER_SORTS, sort=sort, key=User.id, item=lambda row: row.User, **page
    )


def get_user(user_id: int, *, to_change: bool = False, to_admin: bool = False) -> User:
    """Return an account, for its owner or an admin to see; raises NotFound."""
    if to_change:
        take_write_lock()
    user = db.session.get(User, user_id, populate_existing=True)
    if user is None:
        raise NotFound()
    user.to_admin = to_admin
    return user


def update_user(user: User, changes: dict[str, Any], admin: Caller) -> User:
    """Change an account's role, or disable or enable it; raises OwnAccount, LastAdmin."""
    role, disabled = changes.get("role", user.role), changes.get("disabled", user.disabled)
    if user.role == ADMIN and (role != ADMIN or disabled):
        _require_another_admin(user, admin)
    if role != user.role:
        user.role = role
        log.record(AccountRoleChanged(user_id=user.id, role=role), actor=admin.user_id)
    if disabled and not user.disabled:
        user.disabled_at = utcnow()
        sessions.end_sessions_of(user.id, "account disabled")
        log.record(AccountDisabled(user_id=user.id), actor=admin.user_id)
    elif user.disabled and not disabled:
        user.disabled_at = None
        log.record(AccountEnabled(user_id=user.id), actor=admin.user_id)
    db.session.commit()
    return user


def _require_another_admin(user: User, admin: Caller) -> None:
    if user.id == admin.user_id:
        raise OwnAccount()
    # The caller was an admin when they came in: of two who end each other at once, one stays.
    query = select(func.count()).where(
        User.role == ADMIN, User.disabled_at.is_(None), User.id != user.id
    )
    if not db.session.scalar(query):
        raise LastAdmin()
