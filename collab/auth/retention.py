"""Sessions that ended long ago go, and tickets that nobody used."""

from __future__ import annotations

from ..core.models import utcnow
from ..core.storage import retention
from .models import Session, Ticket


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
    return (
        retention.delete_older(Ticket.expires_at, utcnow(), Ticket.digest)
        == retention.ROWS_PER_COMMIT
    )
