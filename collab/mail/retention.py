"""Mails that ended long ago go, as the jobs do that sent them."""

from __future__ import annotations

from ..core.storage import retention
from .models import OutgoingMail


def forget() -> bool:
    """Delete some mails that ended more than JOB_RETENTION_DAYS ago; commits.

    Returns whether there may be more.
    """
    before = retention.border("JOB_RETENTION_DAYS")
    if before is None:
        return False
    gone = retention.delete_older(OutgoingMail.ended_at, before, OutgoingMail.id)
    return gone == retention.ROWS_PER_COMMIT
