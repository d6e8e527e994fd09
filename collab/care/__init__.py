"""Care of what is kept: backups, exports and erasures of people's data, keys."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the commands for backups and keys; export and erase people's data."""
    from ..core.http.api import serve
    from . import commands
    from .people import erasing, personal, routes

    commands.init_app(app)
    personal.init_app(app)
    erasing.init_app(app)
    serve(app, routes.blueprint)
