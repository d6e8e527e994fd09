"""Feature flags: what an admin switches on and off while the service runs."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Give an application its flags, and serve them."""
    from ..core.http.api import serve
    from ..events.topics import register_read_only
    from . import guard, personal, routes

    guard.init_app(app)
    personal.init_app(app)
    register_read_only(app, "flags")
    serve(app, routes.blueprint)
