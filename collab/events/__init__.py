"""The event log: everything that happens is one row of it, and every live view a reading of it."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Do nothing: the log has no routes, and its bell is hung up when it is first asked for."""
