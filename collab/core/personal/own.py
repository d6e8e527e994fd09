"""What the tables of `core` keep about people."""

from __future__ import annotations

from flask import Flask

from .declared import Kept, Person, Span, Stays, Then, declare

TABLES = (
    Kept(
        "idempotency_keys",
        Span("24 hours", "idempotent answers"),
        (
            Person(
                "scope",
                Then.DELETE,
                "scope = 'user:' || :id",
                why="answers are sealed, and their content is exported where it is kept",
            ),
        ),
    ),
    Kept(
        "usage",
        Stays("a row for each person or project, and kind of thing"),
        (Person("owner_id", Then.STAYS, "owner = 'person' AND owner_id = :id", why="numbers"),),
        {"owner": "a word: person or project"},
    ),
    Kept(
        "usage_places",
        Stays("they go with what they count"),
        (Person("person_id", Then.STAYS, why="numbers, which go with what they count"),),
    ),
    Kept("freed_blobs", Span("a minute", "freed bytes")),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
