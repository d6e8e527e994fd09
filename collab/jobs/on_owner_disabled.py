"""No job of a disabled person goes on or ever begins, except that of their erasure."""

from __future__ import annotations

from typing import Any

from sqlalchemy import null, select, update

from ..core.models import utcnow
from ..events import log
from ..events.catalogue.jobs import JobCancelled, JobCancelRequested
from ..extensions import db
from .engine.queue import QUEUE
from .engine.runner import wake_after_commit
from .models import (
    ACCOUNT_DISABLED,
    CANCELLED,
    ERASE_TYPE,
    QUEUED,
    RETRY_WAIT,
    RUNNING,
    Job,
    event_place,
)

#: Jobs that end in one transaction: some 60 ms of the writer's lock.
MAX_JOBS_PER_TRANSACTION = 1_000

JOB_COLUMNS = Job.__table__.c
TOLD_ERROR = {"code": ACCOUNT_DISABLED, "message": "The account of its owner was disabled."}


def cancel_all(user_id: int, actor: int) -> bool:
    """Cancel what somebody has waiting or running, in the open transaction.

    Returns whether there may be more. A run in progress ends as cancelled, as `service.cancel`
    promises: within a second, whatever it still produces.
    """
    waiting = JOB_COLUMNS.status.in_((QUEUED, RETRY_WAIT))
    now = utcnow()
    over = _move(user_id, waiting, status=CANCELLED, due_at=null(), finished_at=now)
    running = (JOB_COLUMNS.status == RUNNING) & JOB_COLUMNS.cancel_requested.is_(False)
    asked = _move(user_id, running, cancel_requested=True)
    ended = [JobCancelled(reason=ACCOUNT_DISABLED, **event_place(row)) for row in over]
    wished = [JobCancelRequested(reason=ACCOUNT_DISABLED, **event_place(row)) for row in asked]
    log.record_all([*ended, *wished], actor=actor)
    QUEUE.here().forget([row.id for row in over])
    if asked:
        wake_after_commit(look=True)
    return len(over) == MAX_JOBS_PER_TRANSACTION


def _move(user_id: int, which: Any, **values: Any) -> list[Any]:
    """Change a person's jobs, the oldest first, and return them."""
    some = (
        select(JOB_COLUMNS.id)
        .where(JOB_COLUMNS.owner_id == user_id, JOB_COLUMNS.type != ERASE_TYPE, which)
        .order_by(JOB_COLUMNS.id)
    )
    statement = update(Job.__table__).where(  # type: ignore[arg-type]
        JOB_COLUMNS.id.in_(some.limit(MAX_JOBS_PER_TRANSACTION))
    )
    raised = {"version": JOB_COLUMNS.version + 1, "updated_at": utcnow(), "error": TOLD_ERROR}
    changed = statement.values(**values, **raised).returning(JOB_COLUMNS.id, JOB_COLUMNS.project_id)
    return sorted(db.session.connection().execute(changed))
