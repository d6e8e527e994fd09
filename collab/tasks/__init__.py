"""Tasks, personal and in projects, on boards, with comments."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve tasks and comments; people who leave a project lose their assignments there."""
    from ..auth.personal_tokens.scopes import cover
    from ..core import fulltext
    from ..core.http.api import serve
    from ..events import concerns
    from ..flags.guard import switch
    from ..projects.access import readable
    from ..projects.members import on_departure
    from . import comment_routes, on_member_left, personal, routes
    from .concerns import TaskEvents
    from .models import Task

    parts = (routes.blueprint, comment_routes.blueprint)
    fulltext.register(
        app,
        fulltext.Kind("task", 2, Task.title, Task.updated_at, "tasks", readable, Task.description),
    )
    on_departure(app, on_member_left.unassign)
    personal.init_app(app)
    switch(app, "tasks", *parts)
    concerns.register(app, TaskEvents())
    cover(app, "tasks", "tasks and their comments", *parts)
    serve(app, *parts)
