"""Care of what is kept: backups, exports and erasures of people's data, keys."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the commands for backups and keys."""
    from . import commands

    commands.init_app(app)
