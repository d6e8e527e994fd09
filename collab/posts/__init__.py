"""Posts, and the collections that people gather them in."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve posts and collections."""
    from ..core.http.api import serve
    from ..flags.guard import switch
    from . import collection_routes, routes

    parts = (routes.blueprint, collection_routes.blueprint)
    switch(app, "posts", *parts)
    serve(app, *parts)
