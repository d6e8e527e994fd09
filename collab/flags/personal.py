"""What feature flags keep of people."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Kept, Person, Stays, Then, declare

TABLES = (
    Kept(
        "flag_overrides",
        Stays("a row for each feature"),
        (Person("changed_by", Then.UNLINK),),
    ),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
