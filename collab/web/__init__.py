"""The page: what people see at `/`, in plain HTML, CSS and modules; it speaks the public API."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve the page, its files, and the way in for programs."""
    from ..core.http.api import serve
    from . import problem_routes as problem_routes
    from . import routes, static_routes

    serve(app, routes.blueprint)
    static_routes.init_app(app)
