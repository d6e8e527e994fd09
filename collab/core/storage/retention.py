"""Deleting rows that are older than a setting says, a bounded number at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, select

from ...extensions import db
from ..models import utcnow
from ..slots import setting

#: Rows that are deleted in one commit.
ROWS_PER_COMMIT = 500


def border(name: str) -> datetime | None:
    """Return the time before which a setting in days deletes things; None for 0: they stay."""
    count = setting(name)
    return utcnow() - timedelta(days=count) if count else None


def delete_older(
    moment: Any, before: datetime, key: Any, *where: Any, limit: int = ROWS_PER_COMMIT
) -> bool:
    """Delete some rows whose `moment`, an indexed column, is before a time; commits.

    Returns whether there may be more, as the step of a chore does (`core/storage/chores.py`).
    """
    table = moment.class_
    old = select(key).where(moment < before, *where).order_by(moment).limit(limit)
    result = db.session.execute(
        delete(table).where(key.in_(old)).execution_options(synchronize_session=False)
    )
    db.session.commit()
    return isinstance(result, CursorResult) and result.rowcount == limit
