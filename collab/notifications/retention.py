"""Deleting old notifications, read or not."""

from __future__ import annotations

from sqlalchemy import CursorResult, delete, select

from ..core.storage import retention
from ..extensions import db
from .models import Notification


def forget() -> bool:
    """Delete some notifications that are older than NOTIFICATION_RETENTION_DAYS.

    Ids grow with time: the oldest come first, so no index on times is needed.
    """
    before = retention.border("NOTIFICATION_RETENTION_DAYS")
    if before is None:
        return False
    first = select(Notification.id, Notification.created_at).order_by(Notification.id)
    oldest = first.limit(retention.ROWS_PER_COMMIT).subquery()
    old = select(oldest.c.id).where(oldest.c.created_at < before)
    statement = delete(Notification).where(Notification.id.in_(old))
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    db.session.commit()
    return isinstance(result, CursorResult) and result.rowcount == retention.ROWS_PER_COMMIT
