"""What links and plans keep of people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Kept, Person, Span, Stays, Then, declare

TABLES_KEPT = (
    Kept(
        "mail_links",
        Span("half an hour to two weeks", "links of mails"),
        (
            Person("user_id", Then.DELETE, why="digests of tokens, which show nothing"),
            Person("email", Then.DELETE, "email = :email", why="the same"),
        ),
        unshown=("digest",),
    ),
    Kept(
        "reset_requests",
        Span("a second: then it is looked up", "mails"),
        (Person("email", Then.DELETE, "email = :email", why="gone in a second"),),
    ),
    Kept(
        "digest_plans",
        Stays("until they are switched off"),
        (Person("user_id", Then.DELETE, export="digest"),),
    ),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES_KEPT)
