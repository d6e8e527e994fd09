"""The event log: everything that happens is one row of it, and every live view a reading of it."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Prune the log; it has no routes, and its bell is made when it is first asked for."""
    from ..core.counting import metrics
    from . import broadcaster, numbers, retention

    retention.init_app(app)
    metrics.declare(app, broadcaster.LAG, broadcaster.DELIVERED)
    metrics.register(app, "log", numbers.collect)
