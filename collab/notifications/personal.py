"""What notifications keep about people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Days, Kept, Person, Stays, Then, declare

TABLES = (
    Kept(
        "notifications",
        Days("NOTIFICATION_RETENTION_DAYS", "notifications"),
        (
            Person("user_id", Then.DELETE, export="notifications"),
            Person("actor", Then.STAYS, why="names are looked up when it is shown"),
        ),
        {"data": "facts; names are looked up when it is shown"},
    ),
    Kept(
        "notification_preferences",
        Stays("a row for each person"),
        (Person("user_id", Then.DELETE, export="notification_preferences"),),
        {"muted": "known words"},
    ),
    Kept(
        "told_mentions",
        Stays("they go with the text"),
        (Person("user_id", Then.DELETE, why="what is kept so that nobody is told twice"),),
    ),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
