"""The event log for people to read: feeds in sentences, and the admins' audit."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve feeds, and the admins' audit."""
    from ..core.http.api import serve
    from ..events.topics import register_read_only
    from ..flags.guard import switch
    from . import audit_routes, routes

    switch(app, "activity", routes.blueprint)
    register_read_only(app, "audit", admins_only=True)
    serve(app, routes.blueprint, audit_routes.blueprint)
