"""What accounts keep of people."""

from __future__ import annotations

from flask import Flask

from ...core.personal.declared import Days, Kept, Person, Span, Stays, Then, declare, declare_more

TABLES = (
    Kept(
        "users",
        Stays("until it is erased; then it has neither name nor address (`erasing.py`)"),
        (Person("id", Then.STAYS, export="account", why="the id is what rows that stay refer to"),),
        {
            "email": "replaced when the account is erased",
            "mailbox": "the same",
            "handle": "the same",
        },
        unshown=("password_hash",),
    ),
    Kept(
        "sessions",
        Days("SESSION_RETENTION_DAYS", "ended sessions"),
        (Person("user_id", Then.DELETE, export="sessions"),),
        {
            "retired": "digests",
            "address": "goes with its row",
            "user_agent": "goes with its row",
        },
        unshown=("token_digest", "retired", "newest_tokens"),
    ),
    Kept("tickets", Span("a minute, or their session's", "tickets")),
    Kept(
        "known_networks",
        Stays("50 for each person; a new one pushes the oldest out"),
        (Person("user_id", Then.DELETE, export="known_networks"),),
        {"network": "goes with its row"},
    ),
    Kept(
        "blocks",
        Stays("until it is lifted"),
        (
            Person("user_id", Then.DELETE, export="blocks"),
            Person("blocked_id", Then.DELETE, why="whom others block is theirs to know"),
        ),
    ),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
    declare_more(
        app,
        "events",
        Person(
            "data",
            Then.DELETE,
            "topic = 'audit' AND json_extract(data, '$.email') = :email",
            why="refused log-ins: of whoever knew the address, not of the person",
        ),
    )
