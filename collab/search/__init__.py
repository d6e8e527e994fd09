"""Full-text search over what the caller may see."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve search."""
    from ..core.http.api import serve
    from ..flags.guard import switch
    from . import routes

    switch(app, "search", routes.blueprint)
    serve(app, routes.blueprint)
