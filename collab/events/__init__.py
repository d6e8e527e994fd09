"""The event log: everything that happens is one row of it, and every live view a reading of it."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Prune the log; it has no routes, and its bell is made when it is first asked for."""
    from ..core.counting import metrics
    from ..core.storage import housekeeping
    from . import broadcaster, numbers, retention

    housekeeping.bring(app, "events", retention.forget_events)
    housekeeping.bring(app, "audit", retention.forget_audit)
    metrics.declare(app, broadcaster.LAG, broadcaster.DELIVERED)
    metrics.register(app, "log", numbers.collect)
