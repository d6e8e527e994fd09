"""What is kept of people for their erasure."""

from __future__ import annotations

from flask import Flask

from ...core.personal.declared import Kept, Person, Stays, Then, declare

TABLES = (
    Kept(
        "erasures",
        Stays("until it is done"),
        (Person("user_id", Then.STAYS, why="it goes at the end of the erasure itself"),),
        {"email": "blanked as the last"},
    ),
)


def init_app(app: Flask) -> None:
    """Declare it."""
    declare(app, *TABLES)
