"""What people should know about: made from the event log by the rules of one table."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Make and serve notifications."""
    from ..auth.personal_tokens.scopes import cover
    from ..core.http.api import serve
    from ..core.storage import housekeeping
    from ..flags.guard import switch
    from . import notifier, personal, retention, routes

    notifier.init_app(app)
    housekeeping.bring(app, "notifications", retention.forget)
    personal.init_app(app)
    switch(app, "notifications", routes.blueprint)
    cover(app, "notifications", "notifications", routes.blueprint)
    serve(app, routes.blueprint)
