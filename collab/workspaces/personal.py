"""What workspaces keep of people: nothing."""

from __future__ import annotations

from flask import Flask

from ..core.personal.declared import Kept, Stays, declare

TABLES = (
    Kept(
        "workspaces",
        Stays("until it is deleted"),
        others={"settings": "the workspace's own"},
    ),
)


def init_app(app: Flask) -> None:
    """Declare them."""
    declare(app, *TABLES)
