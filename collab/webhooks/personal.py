"""What webhooks keep about people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Days, Kept, Person, Span, Stays, Then, declare

ENDED_DAYS = Days("WEBHOOK_RETENTION_DAYS", "deliveries")

TABLES = (
    Kept(
        "webhooks",
        Stays("until it is deleted"),
        # It works in their name, and can't without them.
        (Person("created_by", Then.DELETE, export="webhooks"),),
        {
            "types": "patterns of types of events",
            "holder": "a job, and its attempt",
        },
        unshown=("sealed_secret", "sealed_previous", "holder"),
    ),
    Kept("webhook_deliveries", ENDED_DAYS),
    Kept("webhook_attempts", ENDED_DAYS),
    Kept(
        "incoming_hooks",
        Stays("until it is deleted"),
        (Person("created_by", Then.DELETE, export="incoming_hooks"),),
        unshown=("token_digest", "sealed_secret"),
    ),
    Kept("incoming_messages", Span("3 days", "messages of incoming hooks")),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
