"""Workspaces: places in a project, with free settings."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve workspaces; `workspace:<id>` is a topic."""
    from ..core.http.api import serve
    from ..projects.access import register_topic
    from . import routes
    from .models import Workspace

    register_topic(app, "workspace", Workspace)
    serve(app, routes.blueprint)
