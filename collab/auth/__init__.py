"""Accounts, sessions and tokens: who somebody is."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Find out who calls; count failures, note refusals; serve accounts and sessions."""
    from ..core.http import heavy
    from ..core.http.api import serve
    from ..core.http.limits import limiter
    from ..core.storage import housekeeping
    from . import guard, refusals, routes, sessions, tickets, tokens, user_routes
    from .accounts import personal

    guard.init_app(app)
    heavy.init_app(app)  # after the guard, as the limiter: they count by caller
    limiter.init_app(app)
    refusals.init_app(app)
    tokens.init_app(app)
    housekeeping.bring(app, "ended sessions", sessions.forget)
    housekeeping.bring(app, "tickets", tickets.forget)
    personal.init_app(app)
    serve(app, routes.blueprint, user_routes.blueprint)
