"""EVENT_RETENTION_DAYS prunes the log's old end; what only admins read may stay longer."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Days, Kept, Person, Stays, Then, declare
from ..core.storage import housekeeping, retention
from . import log

#: What the log keeps about people.
TABLES = (
    Kept(
        "events",
        Days("EVENT_RETENTION_DAYS", "events"),
        (
            Person("topic", Then.DELETE, "topic = 'user:' || :id", why="in the export by actor"),
            Person("address", Then.UNLINK, "actor = :id"),
            Person(
                "actor",
                Then.STAYS,
                export="events",
                why="what happened in projects, or to others, did happen; nobody is named by it",
            ),
        ),
        {"data": "ids and what is kept in projects; who is named there says so (`declare_more`)"},
    ),
    Kept("event_log_state", Stays("one row")),
    Kept("log_readers", Stays("a row for each reader that the server has")),
)


def init_app(app: Flask) -> None:
    """Declare the tables, and have their old rows deleted."""
    declare(app, *TABLES)
    housekeeping.bring(app, "events", forget_events)
    housekeeping.bring(app, "audit", forget_audit)


def forget_events() -> bool:
    """Delete some events that are older than EVENT_RETENTION_DAYS, except for the audit's own."""
    before = retention.border("EVENT_RETENTION_DAYS")
    return before is not None and log.prune_some(before)


def forget_audit() -> bool:
    """Delete some of the audit's own events, those that only it still has."""
    before = retention.border("AUDIT_RETENTION_DAYS")
    return before is not None and log.prune_audit(before)
