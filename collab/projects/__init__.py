"""Projects, their members and invitations, and who may do what (`access.py`)."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve projects and members; `project:<id>` is a topic."""
    from ..auth.personal_tokens.scopes import cover
    from ..core import fulltext
    from ..core.http.api import serve
    from ..core.idempotency import LOOK
    from ..events import concerns
    from . import member_routes, personal, routes
    from .access import readable, register_topic
    from .concerns import MemberEvents
    from .models import Project
    from .replay_rights import LookAgain

    personal.init_app(app)
    LOOK.put(app, LookAgain())
    register_topic(app, "project", Project)
    fulltext.register(
        app,
        fulltext.Kind(
            "project",
            1,
            Project.name,
            Project.updated_at,
            "projects",
            readable,
            Project.description,
        ),
    )
    concerns.register(app, MemberEvents())
    cover(app, "projects", "projects, the places in them, and what they keep", routes.blueprint)
    cover(app, "members", "members of projects, and invitations", member_routes.blueprint)
    serve(app, routes.blueprint, member_routes.blueprint)
