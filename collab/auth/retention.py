"""Sessions that ended long ago go, and tickets that have run out."""

from __future__ import annotations

from ..core.storage import retention
from . import tickets
from .models import Session


def forget_sessions() -> bool:
    """Delete some sessions that ended more than SESSION_RETENTION_DAYS ago."""
    before = retention.border("SESSION_RETENTION_DAYS")
    if before is None:
        return False
    return (
        retention.delete_older(Session.expires_at, before, Session.id) == retention.ROWS_PER_COMMIT
    )


def forget_tickets() -> bool:
    """Delete tickets that have run out."""
    return tickets.forget() == retention.ROWS_PER_COMMIT
