"""What other services say of people, as far as it is kept."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Kept, Person, Span, Stays, Then, declare

TABLES = (
    Kept(
        "identities",
        Stays("until it is unlinked; 10 for each person at most"),
        (Person("user_id", Then.DELETE, export="identities"),),
        {
            "subject": "goes with its row",
            "shown": "goes with its row",
            "issuer": "the service, nobody's name",
            "provider": "the service, nobody's name",
        },
    ),
    Kept("spent_log_ins", Span("ten minutes", "used proofs of log-ins")),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
