"""What projects keep about people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Kept, Person, Stays, Then, declare

TABLES = (
    Kept("projects", Stays("until it is deleted")),
    Kept(
        "members",
        Stays("until they leave"),
        (Person("user_id", Then.DELETE, export="memberships"),),
    ),
    Kept(
        "invitations",
        Stays("until it is accepted, declined or taken back"),
        (
            Person("email", Then.DELETE, "email = :email", export="invitations"),
            Person("invited_by", Then.DELETE, export="invitations_sent"),
        ),
    ),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
