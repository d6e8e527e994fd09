"""People who leave a project are no longer responsible for anything in it."""

from __future__ import annotations

from sqlalchemy import select, update

from ..core.models import utcnow
from ..events import log
from ..events.catalogue.tasks import TaskUpdated
from ..extensions import db
from .board import TASKS
from .event_facts import about

#: Tasks that are unassigned in one transaction: some 40 ms of the writer's lock.
MAX_TASKS_PER_TRANSACTION = 1_000


def unassign(project_id: int, user_id: int, actor: int) -> bool:
    """Unassign some of their tasks, in the open transaction; return whether more may be left."""
    theirs = (TASKS.c.board == project_id) & (TASKS.c.assignee_id == user_id)
    some = select(TASKS.c.id).where(theirs).limit(MAX_TASKS_PER_TRANSACTION)
    mine = TASKS.c.id.in_(some)
    raised = {"version": TASKS.c.version + 1, "updated_at": utcnow()}
    statement = update(TASKS).where(mine).values(assignee_id=None, **raised)
    taken = statement.returning(*TASKS.c["id", "owner_id", "project_id", "title"])
    rows = sorted(db.session.connection().execute(taken))
    events = [
        TaskUpdated(**about(row), changes={"assignee_id": None}, mentioned=[]) for row in rows
    ]
    log.record_all(events, actor=actor)
    return len(rows) == MAX_TASKS_PER_TRANSACTION
