"""What people and projects keep, shown to them."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve usage and quotas."""
    from ..auth.personal_tokens.scopes import cover
    from ..core.http.api import serve
    from . import routes

    cover(app, "projects", "projects and what they keep", routes.blueprint)
    serve(app, routes.blueprint)
