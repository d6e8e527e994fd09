"""Where commands of `flask` are: a server never imports them (`core/management/commands.py`)."""

from flask import Flask

from .core.management.commands import bring


def init_app(app: Flask) -> None:
    """Add the commands, once one is looked for."""
    bring(app, _add)


def _add(app: Flask) -> None:
    from . import commands

    commands.init_app(app)
