"""Reminders of tasks that are due soon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from ..core.database import take_write_lock
from ..events import log
from ..events.catalogue.tasks import TaskReminded
from ..extensions import db
from .board import TASKS
from .event_facts import about, written
from .models import IS_OPEN

#: How long before it is due a task's assignee is reminded.
REMIND_BEFORE = timedelta(hours=24)

#: Tasks of one person for which each gets its own reminder.
MAX_TOLD_SINGLY = 5
REMINDED_COLUMNS = TASKS.c[
    "id", "owner_id", "project_id", "title", "assignee_id", "due_at", "due_zone"
]

#: Tasks in one transaction; there may be more.
TASKS_PER_TRANSACTION = 500


def remind(now: datetime, limit: int = TASKS_PER_TRANSACTION) -> int:
    """Remind of tasks that are not done and due within a day, or overdue; return how many.

    Each gets one reminder per due date, in one commit for at most `limit`; a task's version and
    `updated_at` stay. People with many of them in one place, such as an imported list, are told
    only of the next one, and how many others there are.
    """
    take_write_lock()
    # Read under the lock: of two processes that look at once, the second finds nothing to do.
    unreminded = TASKS.c.reminded_for.is_distinct_from(TASKS.c.due_at)
    query = select(*REMINDED_COLUMNS).where(
        IS_OPEN, unreminded, TASKS.c.due_at <= now + REMIND_BEFORE
    )
    rows = db.session.connection().execute(query.order_by(TASKS.c.due_at).limit(limit)).all()
    log.record_all(list(_told(rows, now)), actor=None)
    told = update(TASKS).where(TASKS.c.id.in_([row.id for row in rows]))
    if rows:
        # `updated_at` to itself: set by nobody, it would become the time of this statement.
        values = {"reminded_for": TASKS.c.due_at, "updated_at": TASKS.c.updated_at}
        db.session.connection().execute(told.values(**values))
    db.session.commit()
    return len(rows)


def _told(rows: Sequence[Any], now: datetime) -> Iterator[TaskReminded]:
    """Tell people of their tasks, each person of a few or of one that stands for all.

    Each project separately: its members learn nothing about what somebody has to do elsewhere.
    """
    theirs: dict[tuple[int, int | None], list[Any]] = {}
    for row in rows:
        person = row.assignee_id or row.owner_id
        theirs.setdefault((person, row.project_id), []).append(row)
    for tasks in theirs.values():
        if len(tasks) <= MAX_TOLD_SINGLY:
            yield from map(_reminder, tasks)
        else:
            # By due date: if all are overdue, the one that became so most recently.
            coming = (row for row in tasks if row.due_at >= now)
            yield _reminder(next(coming, tasks[-1]), others=len(tasks) - 1)


def _reminder(row: Any, others: int = 0) -> TaskReminded:
    return TaskReminded(
        **about(row),
        due_at=written(row.due_at),
        due_zone=row.due_zone,
        assignee_id=row.assignee_id,
        others=others,
    )
