"""Running it: health, readiness, numbers, and the documents."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve health, readiness, numbers and the documents."""
    from ..core.counting import metrics
    from ..core.http.api import serve
    from . import docs, metrics_routes, numbers, routes

    routes.init_app(app)
    docs.init_app(app)
    serve(app, routes.blueprint, metrics_routes.blueprint)
    metrics.register(app, "process", numbers.collect)
