"""What is to be done: personal tasks and those of projects, on boards, with comments."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve tasks and comments; leaving a project ends being responsible for its tasks."""
    from ..core.http.api import serve
    from ..flags.guard import switch
    from ..projects.members import on_departure
    from . import comment_routes, on_member_left, routes

    parts = (routes.blueprint, comment_routes.blueprint)
    on_departure(app, on_member_left.unassign)
    switch(app, "tasks", *parts)
    serve(app, *parts)
