"""What is kept about people for their erasure and their export."""

from __future__ import annotations

from flask import Flask

from ...core.personal.declared import Kept, Person, Span, Stays, Then, declare

TABLES = (
    Kept(
        "erasures",
        Stays("until it is done"),
        (Person("user_id", Then.STAYS, why="it goes at the end of the erasure itself"),),
        {"email": "blanked as the last"},
    ),
    Kept(
        "exports",
        Span("`EXPORT_HOURS`, or when another one is made", "exports"),
        (Person("user_id", Then.DELETE, why="an export says nothing of the one before it"),),
    ),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
