"""Workspaces: places in a project, with free settings."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve workspaces; `workspace:<id>` is a topic."""
    from ..auth.personal_tokens.scopes import cover
    from ..core import fulltext
    from ..core.http.api import serve
    from ..projects.access import readable, register_topic
    from . import personal, routes
    from .models import Workspace

    fulltext.register(
        app,
        fulltext.Kind("workspace", 5, Workspace.name, Workspace.updated_at, "workspaces", readable),
    )
    personal.init_app(app)
    register_topic(app, "workspace", Workspace)
    cover(app, "projects", "projects and their workspaces", routes.blueprint)
    serve(app, routes.blueprint)
