"""The event log: everything that happens is one row of it, and every live view a reading of it."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Hang up an application's bell."""
    from .bell import Bell
    from .log import BELL

    BELL.put(app, Bell())
