"""Full-text search over what the caller may see."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve search."""
    from ..auth.personal_tokens.scopes import cover
    from ..core.http.api import serve
    from ..flags.guard import switch
    from . import routes

    switch(app, "search", routes.blueprint)
    cover(app, "search", "everything that can be found", routes.blueprint, read_only=True)
    serve(app, routes.blueprint)
