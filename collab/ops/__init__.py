"""Running it: health, readiness, and the documents."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve health, readiness and the documents."""
    from ..core.http.api import serve
    from . import docs, routes

    routes.init_app(app)
    docs.init_app(app)
    serve(app, routes.blueprint)
