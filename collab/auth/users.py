"""The admin's view of accounts, and what the command line does with them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict, NotFound
from ..core.lists.paging import Page, paginate
from ..core.models import utcnow
from ..core.words.folding import fold
from ..events import log
from ..events.catalogue.accounts import (
    AccountDisabled,
    AccountEnabled,
    AccountRoleChanged,
    PasswordChanged,
)
from ..extensions import db
from . import passwords, service, sessions
from .accounts import disabling, known
from .models import ADMIN, USER_SORTS, KnownNetwork, Session, User


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
        wanted = fold(q)
        found = func.instr(func.folded(User.name), wanted) > 0
        query = query.where(found | (func.instr(func.folded(User.email), wanted) > 0))
    if role:
        query = query.where(User.role == role)
    if disabled is not None:
        query = query.where(
            User.disabled_at.is_not(None) if disabled else User.disabled_at.is_(None)
        )
    return paginate(query, columns=USER_SORTS, sort=sort, key=User.id, **page)


def load(user_id: int, *, to_change: bool = False, to_admin: bool = False) -> User:
    """Return an account, for its owner or an admin to see; raises NotFound."""
    if to_change:  # before reading: the admins counted after this are those of the commit
        take_write_lock()
    user = db.session.get(User, user_id, populate_existing=True)
    if user is None:
        raise NotFound()
    user.to_admin = to_admin
    return user


def update(user: User, changes: dict[str, Any], admin: Caller) -> User:
    """Change an account's role, or disable or enable it; raises OwnAccount, LastAdmin.

    There may be very much to end for somebody who is disabled: parts of it end first, in
    transactions of their own, and the rest in the one that disables.
    """
    if changes.get("disabled") and not user.disabled:
        user = _end_all_of(user, admin)
    role, disabled = changes.get("role", user.role), changes.get("disabled", user.disabled)
    if user.role == ADMIN and (role != ADMIN or disabled):
        _require_another_admin(user, admin)
    if role != user.role:
        user.role = role
        log.record(AccountRoleChanged(user_id=user.id, role=role), actor=admin.user_id)
    if disabled and not user.disabled:
        user.disabled_at = utcnow()
        # In the same commit: once the account is disabled, no token of it works.
        sessions.end_sessions_of(user.id, "account disabled")
        log.record(AccountDisabled(user_id=user.id), actor=admin.user_id)
    elif user.disabled and not disabled:
        user.disabled_at = None
        log.record(AccountEnabled(user_id=user.id), actor=admin.user_id)
    db.session.commit()
    return user


def _end_all_of(user: User, admin: Caller) -> User:
    """End what goes on for a person; the last part of it is in the transaction left open."""
    if user.role == ADMIN:
        _require_another_admin(user, admin)
    while disabling.end_some_of(user.id, admin.user_id):
        db.session.commit()
        user = load(user.id, to_change=True, to_admin=user.to_admin)
    return user


def _require_another_admin(user: User, admin: Caller) -> None:
    if user.id == admin.user_id:
        raise OwnAccount()
    # The caller was an admin when the request came in: of two who demote each other at once, one
    # stays.
    query = select(func.count()).where(
        User.role == ADMIN, User.disabled_at.is_(None), User.id != user.id
    )
    if not db.session.scalar(query):
        raise LastAdmin()


def find_by_email(email: str) -> User | None:
    """Return the account with an e-mail address, in any spelling of it."""
    return db.session.scalar(select(User).where(User.email == known.address_of(email)))


def create_admin(email: str, password: str) -> User:
    """Create an admin's account; raises EmailTaken. The password has been checked already."""
    password_hash = passwords.hash_password(password)
    take_write_lock()
    if find_by_email(email):
        db.session.rollback()
        raise service.EmailTaken()
    user = service.new_account(known.address_of(email), password_hash, None)
    _make_admin(user)
    db.session.commit()
    return user


def promote(user: User) -> bool:
    """Make an account an admin; returns whether it was none before."""
    take_write_lock()
    db.session.refresh(user)
    promoted = _make_admin(user)
    db.session.commit()
    return promoted


def _make_admin(user: User) -> bool:
    if user.role == ADMIN:
        return False
    user.role = ADMIN
    log.record(AccountRoleChanged(user_id=user.id, role=ADMIN), actor=None)
    return True


def set_password(user: User, password: str) -> int:
    """Set a password and end the account's sessions; returns how many there were."""
    password_hash = passwords.hash_password(password)
    take_write_lock()
    ended = replace_password(user, password_hash)
    db.session.commit()
    return ended


def replace_password(user: User, password_hash: str) -> int:
    """Set a password in the open transaction, and end the account's sessions; returns how many."""
    user.password_hash = password_hash
    ended = sessions.revoke(Session.user_id == user.id, "password changed")
    # Somebody who knew the old password may have logged in from there: no network is known any
    # more.
    db.session.execute(delete(KnownNetwork).where(KnownNetwork.user_id == user.id))
    log.record(PasswordChanged(user_id=user.id), actor=None)
    return ended
