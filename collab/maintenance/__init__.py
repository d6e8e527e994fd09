"""Care of stored data: backups, exports and erasures of people's data, keys."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the commands for backups and keys; export and erase people's data."""
    from ..core.http.api import serve
    from ..core.management.commands import bring
    from ..jobs.registry import register
    from .people import erasing, job_types, keeping, personal, routes

    bring(app, _add_commands)
    personal.init_app(app)
    register(app, job_types.export, job_types.erase)
    keeping.init_app(app)
    erasing.init_app(app)
    serve(app, routes.blueprint)


def _add_commands(app: Flask) -> None:
    from . import commands

    commands.init_app(app)
