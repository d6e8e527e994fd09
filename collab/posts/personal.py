"""What posts and collections keep about people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Kept, Person, Stays, Then, declare, declare_more

TABLES = (
    Kept(
        "posts",
        Stays("until it is deleted"),
        (Person("owner_id", Then.DELETE, export="posts"),),
    ),
    Kept(
        "collections",
        Stays("until it is deleted"),
        (Person("owner_id", Then.DELETE, export="collections"),),
    ),
    Kept("collection_posts", Stays("they go with their collection")),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
    mine = "actor = :id AND topic = 'posts'"
    declare_more(app, "events", Person("actor", Then.DELETE, mine, why="in the export by actor"))
