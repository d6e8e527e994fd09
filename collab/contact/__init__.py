"""What goes to people's mailboxes, and what its links do: addresses, passwords, invitations."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Write mails about events, and serve their links."""
    from ..core.http.api import serve
    from ..core.storage import housekeeping
    from . import clerk, links, personal, routes

    clerk.init_app(app)
    personal.init_app(app)
    housekeeping.bring(app, "links of mails", links.forget)
    serve(app, routes.blueprint)
