"""What people and projects keep, shown to them."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve what is kept, and what may be."""
    from ..core.http.api import serve
    from . import routes

    serve(app, routes.blueprint)
