"""Why a run was cancelled: the row says who asked for it."""

from __future__ import annotations

from sqlalchemy import select

from ...events.catalogue.jobs import JobCancelled
from ...extensions import db
from ..models import ACCOUNT_DISABLED, Job, Placed, event_place


def cancelled(job: Placed) -> JobCancelled:
    """Return the event of a run that ends as cancelled, as the open transaction has its row."""
    error = db.session.scalar(select(Job.error).where(Job.id == job.id)) or {}
    disabled = error.get("code") == ACCOUNT_DISABLED
    reason = ACCOUNT_DISABLED if disabled else JobCancelled.reason
    return JobCancelled(reason=reason, **event_place(job))
