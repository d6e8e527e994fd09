"""The event log for people to read: feeds in sentences, and the admins' audit."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve feeds, and the admins' audit."""
    from ..auth.personal_tokens.scopes import cover
    from ..core.http.api import serve
    from ..events.topics import register_read_only
    from ..flags.guard import switch
    from . import audit_routes, routes

    switch(app, "activity", routes.blueprint)
    register_read_only(app, "audit", admins_only=True)
    cover(app, "events", "what happens: events, live and past", routes.blueprint)
    serve(app, routes.blueprint, audit_routes.blueprint)
