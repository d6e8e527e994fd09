"""Reminding of what is due soon."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from ..core.database import take_write_lock
from ..events import log
from ..events.catalogue.tasks import TaskReminded
from ..extensions import db
from .board import TASKS
from .event_facts import about, written
from .models import IS_OPEN, IS_UNREMINDED

#: How long before it is due a task's assignee is reminded.
REMIND_BEFORE = timedelta(hours=24)

#: Tasks in one transaction; there may be more.
TASKS_PER_TRANSACTION = 500


def remind(now: datetime, limit: int = TASKS_PER_TRANSACTION) -> int:
    """Remind of tasks that are not done and due within a day, or overdue; return how many.

    Each is sent once for each due date, in one commit for at most `limit`; a task's version and
    `updated_at` stay.
    """
    take_write_lock()
    columns = TASKS.c["id", "owner_id", "project_id", "title", "assignee_id", "due_at"]
    query = select(*columns).where(IS_OPEN, IS_UNREMINDED, TASKS.c.due_at <= now + REMIND_BEFORE)
    rows = db.session.connection().execute(query.order_by(TASKS.c.due_at).limit(limit)).all()
    events = [
        TaskReminded(**about(row), due_at=written(row.due_at), assignee_id=row.assignee_id)
        for row in rows
    ]
    log.record_all(events, actor=None)
    told = update(TASKS).where(TASKS.c.id.in_([row.id for row in rows]))
    if rows:
        values = {"reminded_for": TASKS.c.due_at, "updated_at": TASKS.c.updated_at}
        db.session.connection().execute(told.values(**values))
    db.session.commit()
    return len(rows)
