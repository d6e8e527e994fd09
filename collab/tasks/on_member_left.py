"""Whoever leaves a project is responsible for nothing in it any more."""

from __future__ import annotations

from sqlalchemy import update

from ..core.models import utcnow
from ..events import log
from ..events.catalogue.tasks import TaskUpdated
from ..extensions import db
from .board import TASKS
from .event_facts import about


def unassign(project_id: int, user_id: int, actor: int) -> None:
    """Take a former member's tasks from them, in the open transaction."""
    mine = (TASKS.c.board == project_id) & (TASKS.c.assignee_id == user_id)
    raised = {"version": TASKS.c.version + 1, "updated_at": utcnow()}
    statement = update(TASKS).where(mine).values(assignee_id=None, **raised)
    taken = statement.returning(*TASKS.c["id", "owner_id", "project_id", "title"])
    rows = sorted(db.session.connection().execute(taken))
    events = [
        TaskUpdated(**about(row), changes={"assignee_id": None}, mentioned=[]) for row in rows
    ]
    log.record_all(events, actor=actor)
