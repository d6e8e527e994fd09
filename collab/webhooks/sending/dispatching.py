"""Making the jobs that deliver: one at a time for each webhook that has something to send."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, select

from ...core import tracing
from ...core.compiled import Compiled
from ...core.database import take_write_lock
from ...core.models import utcnow
from ...events import log
from ...extensions import db
from ...jobs import registry
from ...jobs.models import ENDED_STATUSES, Job
from ...jobs.order import Order
from ...jobs.service import enqueue_for
from .. import states
from ..behalf import may_manage
from ..models import NO_RIGHT, Webhook
from . import line

#: The type of the jobs; nobody else can submit one.
DELIVERING_TYPE = "webhook_deliveries"
#: Webhooks that get a job in one transaction.
MAX_HOOKS_AT_ONCE = 100
#: The webhooks that are due and have no active job: queried after each reading of the log.
DUE_HOOKS = Compiled(
    select(Webhook.id)
    .outerjoin(
        Job, and_(Job.id == Webhook.job_id, *(Job.status != ended for ended in ENDED_STATUSES))
    )
    .where(Webhook.due_at <= bindparam("now"), Job.id.is_(None))
    .order_by(Webhook.due_at)
    .limit(MAX_HOOKS_AT_ONCE)
)


def dispatch(now: datetime | None = None) -> bool:
    """Make a job for each webhook that is due and has none.

    Whatever a job leaves undone, however it ended, makes the webhook due again. Returns whether
    more may be due.
    """
    values = {"now": now or utcnow()}
    # Checked without the lock first: most of the time nothing is due.
    if DUE_HOOKS.one(values) is None:
        return False
    db.session.rollback()  # the caller has only read
    take_write_lock()
    due = DUE_HOOKS.all(values)  # again, under the lock
    for one in due:
        _give_job(db.session.get_one(Webhook, one.id, populate_existing=True))
    db.session.commit()
    return len(due) == MAX_HOOKS_AT_ONCE


def _give_job(hook: Webhook) -> None:
    # Checked for each job: rights may have been lost since the webhook was made.
    if not may_manage(hook.created_by, hook.project_id):
        states.disable(hook, NO_RIGHT)
        return
    if hook.job_id is not None:
        # At most one is kept for each webhook: its deliveries have a log of their own.
        db.session.execute(delete(Job).where(Job.id == hook.job_id))
    order = Order(registry.require(DELIVERING_TYPE), {"webhook_id": hook.id})
    with _traced(hook):
        job = enqueue_for(hook.created_by, order)
    line.note(hook.id, job_id=job.id, holder=None)


def _traced(hook: Webhook) -> AbstractContextManager[Any]:
    """Continue the trace of the first event in the queue, if it has one."""
    delivery = line.first(hook, utcnow()) if tracing.is_on() else None
    trace = log.trace_of(delivery.event_id) if delivery is not None else None
    return nullcontext() if trace is None else tracing.span("webhook deliveries due", parent=trace)
