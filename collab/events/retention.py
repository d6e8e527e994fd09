"""The log's old end goes by EVENT_RETENTION_DAYS; what only admins read may stay longer."""

from __future__ import annotations

from ..core.storage import retention
from . import log


def forget_events() -> bool:
    """Delete some events that are older than EVENT_RETENTION_DAYS, but for the audit's own."""
    before = retention.border("EVENT_RETENTION_DAYS")
    return before is not None and log.prune_some(before)


def forget_audit() -> bool:
    """Delete some of the audit's own events, of those that only it has any more."""
    before = retention.border("AUDIT_RETENTION_DAYS")
    return before is not None and log.prune_audit(before)
