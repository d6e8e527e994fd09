"""The installation at a glance, for its admins."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve it."""
    from ..core.http.api import serve
    from . import routes

    serve(app, routes.blueprint)
