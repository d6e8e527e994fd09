"""Marking notifications as read, deleting them, and saying which are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, true, update
from sqlalchemy import delete as delete_rows

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.models import utcnow
from ..events import log
from ..events.catalogue.system import NotificationRead
from ..extensions import db
from . import reading
from .models import Notification, NotificationPreferences
from .reading import Preferences, Shown, Unread, visible


def load_to_change(key: int, caller: Caller) -> Shown:
    """Return one of the caller's notifications, which nobody else can change now."""
    take_write_lock()
    return reading.load(key, caller)


def mark(one: Shown, read: bool, caller: Caller) -> Shown:
    """Mark a notification as read or unread; the person's other devices are told."""
    if read != (one.read_at is not None):
        statement = update(Notification).where(Notification.id == one.id)
        _run(statement.values(read_at=utcnow() if read else None))
        _tell(caller)
    # Read before the commit: what it shows is what was committed.
    marked = reading.load(one.id, caller)
    db.session.commit()
    return marked


def mark_read(caller: Caller, ids: Sequence[int], through: int | None, all: bool) -> Unread:
    """Mark notifications as read: some, those up to an id, or all; returns what is left.

    What is hidden now stays unread, in case it becomes visible again.
    """
    take_write_lock()
    mine = (Notification.user_id == caller.user_id) & Notification.read_at.is_(None)
    named: list[ColumnElement[bool]] = [Notification.id.in_(ids), true() if all else false()]
    if through is not None:
        named.append(Notification.id <= through)
    seen = select(Notification.id).where(mine, visible(), or_(*named))
    statement = update(Notification).where(Notification.id.in_(seen))
    if _run(statement.values(read_at=utcnow())):
        _tell(caller)
    left = reading.unread(caller)
    db.session.commit()
    return left


def delete(one: Shown, caller: Caller) -> None:
    """Delete a notification."""
    _run(delete_rows(Notification).where(Notification.id == one.id))
    if one.read_at is None:
        _tell(caller)
    db.session.commit()


def _run(statement: Any) -> int:
    changed: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(changed.rowcount)


def _tell(caller: Caller) -> None:
    left = reading.unread(caller).unread
    log.record(NotificationRead(user_id=caller.user_id, unread=left), actor=caller.user_id)


def preferences_to_change(caller: Caller) -> Preferences:
    """Return which kinds the caller wants, which nobody else can change now."""
    take_write_lock()
    return reading.preferences(caller)


def set_preferences(caller: Caller, wanted: dict[str, bool]) -> Preferences:
    """Say of some kinds whether they are wanted; what is there already stays."""
    found = reading.preferences(caller) | wanted
    muted = [kind for kind, wants in found.items() if not wants]
    db.session.merge(NotificationPreferences(user_id=caller.user_id, muted=muted))
    db.session.commit()
    return reading.preferences(caller)
