"""The commands of `flask`, imported once one is looked up, which a server never does."""

from __future__ import annotations

from collections.abc import Callable

from click import Command, Context
from flask import Flask
from flask.cli import AppGroup


class Commands(AppGroup):
    """The commands of an application."""

    def __init__(self, app: Flask) -> None:
        self._app, self._bringing = app, list[Callable[[Flask], None]]()
        super().__init__(app.name)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Return a command."""
        self._bring()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names of all commands."""
        self._bring()
        return super().list_commands(ctx)

    def _bring(self) -> None:
        bringing, self._bringing = self._bringing, []
        for one in bringing:
            one(self._app)

    def add_later(self, function: Callable[[Flask], None]) -> None:
        """Have a function add commands once one is looked up."""
        self._bringing.append(function)


def init_app(app: Flask) -> None:
    """Make room for commands that are added later."""
    app.cli = Commands(app)


def bring(app: Flask, function: Callable[[Flask], None]) -> None:
    """Have a function add commands to an application once one is looked up."""
    assert isinstance(app.cli, Commands)  # noqa: S101
    app.cli.add_later(function)
