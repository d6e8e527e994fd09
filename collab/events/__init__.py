"""The event log: everything that happens is one of its rows, and every live view reads it."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Prune the log; it has no routes, and its bell is made on first use."""
    from ..core.counting import metrics
    from . import broadcaster, numbers, retention

    retention.init_app(app)
    metrics.declare(app, broadcaster.LAG, broadcaster.DELIVERED)
    metrics.register(app, "log", numbers.collect)
