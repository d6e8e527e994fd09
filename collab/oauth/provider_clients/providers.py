"""The providers of an application: which there are, and how each tells who somebody is."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.routing import BaseConverter

from ...core.slots import Registry, setting
from ...frozen import frozen
from ...provider_settings import GITHUB_KIND, ProviderSettings
from ..problems import AttemptInvalid, NotConfigured
from . import github, openid
from .claims import Claims

if TYPE_CHECKING:
    from .client import Client, Clients

#: Where metadata lie below an issuer (OpenID Connect Discovery §4).
WELL_KNOWN = "/.well-known/openid-configuration"
#: How `authorize` hides the verifier (RFC 7636 §4.2).
PKCE_METHOD = "S256"


@frozen
class Provider:
    """A provider, and what speaks with it."""

    settings: ProviderSettings
    client: Client

    def authorize(self, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Return the address at which the provider asks a person; raises as `talking`."""
        from .client import talking

        with talking(self.settings):
            made = self.client.create_authorization_url(
                redirect_uri, state=state, nonce=nonce, code_verifier=verifier
            )
        return str(made["url"])

    def check_issuer(self, named: str | None) -> None:
        """Refuse an answer that another provider gave (RFC 9207 §2.4); raises AttemptInvalid."""
        from .client import NAMES_ISSUER, talking

        if self.settings.kind == GITHUB_KIND:
            fits = named is None or named.startswith(f"{self.settings.url}/")
        else:
            with talking(self.settings):
                metadata = self.client.load_server_metadata()
            must = metadata[NAMES_ISSUER]
            fits = named == metadata["issuer"] or (named is None and not must)
        if not fits:
            raise AttemptInvalid("This answer came from a different provider than was asked.")

    def identify(self, code: str, redirect_uri: str, nonce: str, verifier: str) -> Claims:
        """Trade a code for what the provider says of a person; raises as `talking`."""
        from .client import talking

        with talking(self.settings):
            token: dict[str, Any] = self.client.fetch_access_token(
                redirect_uri, code=code, code_verifier=verifier, grant_type="authorization_code"
            )
            if self.settings.kind == GITHUB_KIND:
                return github.claims(self.client, token)
            return openid.claims(self.client, token, nonce)


PROVIDERS: Registry[dict[str, Provider]] = Registry("providers")


def load(name: str) -> Provider:
    """Return a provider; raises NotConfigured."""
    found = PROVIDERS.here().get(name)
    if found is None:
        raise NotConfigured(setting("OAUTH_PROVIDERS")[name])
    return found


def knows(name: str, issuer: str) -> bool:
    """Return whether somebody whom this issuer names can sign in with this provider now."""
    found = PROVIDERS.here().get(name)
    if found is None:
        return False
    expected = found.settings.url if found.settings.kind == GITHUB_KIND else found.settings.issuer
    return expected in ("", issuer.rstrip("/"))


def list_configured() -> list[ProviderSettings]:
    """Return the providers with which people sign in here, by name."""
    return [one.settings for one in PROVIDERS.here().values()]


def init_app(app: Flask) -> None:
    """Make ready to speak with the providers that are configured; nothing is asked of them yet."""
    logging.getLogger("authlib").setLevel(logging.INFO)  # it would tell verifiers when it debugs
    known: dict[str, ProviderSettings] = app.config["OAUTH_PROVIDERS"]
    configured = [one for one in known.values() if one.configured]
    PROVIDERS.put(app, _ready(app, configured) if configured else {})


def _ready(app: Flask, configured: list[ProviderSettings]) -> dict[str, Provider]:
    from .client import Clients  # and Authlib with requests, which most servers don't need

    clients = Clients(app)
    return {one.name: Provider(one, _client(clients, one)) for one in configured}


def _client(clients: Clients, settings: ProviderSettings) -> Client:
    told = github.endpoints(settings.url) if settings.kind == GITHUB_KIND else _discovered(settings)
    options = {"scope": settings.scopes, "code_challenge_method": PKCE_METHOD}
    return clients.register(  # type: ignore[no-any-return]
        settings.name,
        provider=settings,
        client_id=settings.client_id,
        client_secret=settings.client_secret or None,
        client_kwargs=options,
        **told,
    )


def _discovered(settings: ProviderSettings) -> dict[str, str]:
    return {"server_metadata_url": settings.metadata_url or settings.issuer + WELL_KNOWN}


def converter(names: Collection[str]) -> type[BaseConverter]:
    """Make what matches the names of an application's providers in paths, and nothing else."""

    class ProviderConverter(BaseConverter):
        # The names themselves: of any other word the router would say that it may be got.
        regex = "|".join(re.escape(name) for name in sorted(names))

    return ProviderConverter
