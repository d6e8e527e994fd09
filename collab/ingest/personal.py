"""What the pipeline keeps about people, and about other systems' users, and how long."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Days, Kept, Person, Span, Stays, Then, declare

#: Events are about users of the systems that send them, not people with an account here: their
#: project answers for them, and deletes their events by source or project.
OTHERS_USERS = "a user of the system that sent it, none of ours"
STORED_DAYS = Days("INGEST_RETENTION_DAYS", "pipeline")

TABLES = (
    Kept(
        "ingest_sources",
        Stays("until it is deleted"),
        (Person("created_by", Then.UNLINK),),
        {"rules": "how the source's events are treated"},
        unshown=("key_digest", "previous_digest"),
    ),
    Kept(
        "ingest_schemas",
        Stays("until it is deleted"),
        (Person("created_by", Then.UNLINK),),
        {"schema": "what events look like"},
    ),
    Kept("ingest:inbox", Span("until it is stored", "pipeline")),
    Kept("ingest:waiting", Stays("a row for each project")),
    Kept("ingest:events", STORED_DAYS, others={"user_id": OTHERS_USERS}),
    Kept("ingest:seen", Span("seven days after its day's last event", "pipeline")),
    Kept("ingest:seen_days", Span("seven days after its day's last event", "pipeline")),
    Kept("ingest:dead_letters", STORED_DAYS),
    Kept("ingest:totals", Stays("a row for each source")),
    Kept("ingest:minutes", STORED_DAYS),
    Kept("ingest:hours", STORED_DAYS),
    Kept("ingest:days", STORED_DAYS),
    Kept("ingest:latencies", Span("seven days", "pipeline")),
    Kept("ingest:archives", STORED_DAYS),
    Kept("ingest:taken", Span("an hour after its load", "pipeline")),
    Kept(
        "ingest:acts",
        Span("until it is carried out", "acts on dead letters"),
        others={"actor": "an id, which goes with its row"},
    ),
    Kept("ingest:state", Stays("a few rows")),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
