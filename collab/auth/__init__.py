"""Accounts, sessions and tokens: who somebody is."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Identify callers; count failures, note refusals; serve accounts and sessions."""
    from ..core.http import heavy, limits
    from ..core.http.api import serve
    from ..core.storage import housekeeping
    from . import guard, refusals, routes, sessions, tickets, tokens, user_routes
    from .accounts import former, personal, ways_in
    from .factors import passkeys, proofs, second, totp
    from .factors import routes as factor_routes
    from .personal_tokens import routes as token_routes
    from .personal_tokens import service as personal_tokens
    from .signing_in import routes as login_routes

    guard.init_app(app)
    heavy.init_app(app)  # after the guard, as limits: they count by caller
    limits.limit(app)
    refusals.init_app(app)
    tokens.init_app(app)
    housekeeping.bring(app, "ended sessions", sessions.forget)
    housekeeping.bring(app, "tickets", tickets.forget)
    housekeeping.bring(app, "former addresses", former.forget)
    personal.init_app(app)
    housekeeping.bring(app, "proofs that were used", proofs.forget)
    housekeeping.bring(app, "ended personal tokens", personal_tokens.forget)
    totp.init_app(app)
    ways_in.count(app, passkeys.count_of)
    ways_in.on_owner_proved(app, second.close)
    personal_tokens.init_app(app)
    serve(app, routes.blueprint, login_routes.blueprint, factor_routes.blueprint)
    serve(app, token_routes.blueprint, user_routes.blueprint)
