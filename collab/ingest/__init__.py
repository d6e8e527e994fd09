"""The event pipeline: from the doors by the inbox and the stages to the store and its numbers."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Take events in, carry them through the stages, and show what is stored."""
    from .worker import supervisor

    supervisor.init_app(app)
