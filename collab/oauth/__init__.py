"""Signing in with other services: Google, GitHub, and any that speaks OpenID Connect."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve log-ins by providers and the identities of people; forget what was used up."""
    from ..auth.accounts import ways_in
    from ..core.http.api import API, serve
    from ..core.storage import housekeeping
    from . import identities, login_routes, own_routes, personal, spent
    from .provider_clients import providers

    providers.init_app(app)
    names = sorted(app.config["OAUTH_PROVIDERS"], reverse=True)
    converter = app.url_map.converters["provider"] = providers.converter(names)
    described = {"type": "string", "enum": names, "example": names[0]}
    api = API.of(app)
    # Not at once: whatever asks for the document has it made of what is registered so far.
    api.prepare_with(lambda _: api.register_converter(converter, lambda _: described))
    personal.init_app(app)
    ways_in.on_owner_proved(app, identities.forget_all_of)
    ways_in.count(app, identities.usable_ones_of)
    housekeeping.bring(app, "used proofs of log-ins", spent.forget)
    serve(app, login_routes.blueprint, own_routes.blueprint)
