"""What accounts keep about people."""

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
        "totp",
        Stays("until it is turned off"),
        (Person("user_id", Then.DELETE, export="authenticator_app"),),
        unshown=("secret",),
    ),
    Kept(
        "recovery_codes",
        Stays("until it is used, or new ones take its place"),
        (Person("user_id", Then.DELETE, why="digests: nobody can tell a code from one"),),
    ),
    Kept(
        "passkeys",
        Stays("until it is removed"),
        (Person("user_id", Then.DELETE, export="passkeys"),),
        {"handle": "random; goes with its row"},
    ),
    Kept(
        "personal_tokens",
        Days("SESSION_RETENTION_DAYS", "ended personal tokens"),
        (Person("user_id", Then.DELETE, export="personal_tokens"),),
        {"scope": "words of the service"},
        unshown=("digest",),
    ),
    Kept(
        "former_addresses",
        Days("AUDIT_RETENTION_DAYS", "former addresses"),
        (
            Person(
                "user_id",
                Then.STAYS,
                export="former_addresses",
                why="goes at the end of an erasure, which finds by it what else there is",
            ),
        ),
        {"email": "goes with its row"},
    ),
    Kept("spent_proofs", Span("SECOND_FACTOR_SECONDS", "proofs that were used")),
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
            "topic = 'audit' AND lower(json_extract(data, '$.email')) = :email",
            why="refused log-ins: by somebody who knew the address, not necessarily the person",
        ),
    )
