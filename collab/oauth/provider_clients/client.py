"""Authlib's Flask client, limited, and told what to check."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from joserfc.errors import BadSignatureError, JoseError
from requests import HTTPError, JSONDecodeError, RequestException

from ...core.outbound.errors import OutboundError
from ...provider_settings import ProviderSettings, secure_address
from ..problems import AttemptInvalid, ProviderFailed, ProviderUnavailable
from .transport import Session, bounded

logger = logging.getLogger(__name__)

#: How an ID token may be signed: with keys of which we know the public half alone. Neither by
#: nobody (`none`) nor with what somebody could take for a secret (RFC 8725 §3.1, §3.2).
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
#: Seconds that clocks may differ.
LEEWAY_S = 120
#: Seconds for which metadata and keys are taken as they were.
METADATA_S = 3600
#: Members of the metadata that are addresses to which we, or a browser, go.
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
#: How a client shows its secret, the way that the RFC wants everybody to have first.
AUTH_METHODS = ("client_secret_basic", "client_secret_post")
#: Says whether each answer names who gives it (RFC 9207 §3).
NAMES_ISSUER = "authorization_response_iss_parameter_supported"
#: Errors that say that a code is invalid (RFC 6749 §5.2), including GitHub's name for it.
CODE_REFUSED = ("invalid_grant", "bad_verification_code")
#: Characters of a reason in the log.
MAX_REASON_LENGTH = 300


class Client(FlaskOAuth2App):  # type: ignore[misc]
    """One provider, as Authlib sees it."""

    client_cls = Session

    def __init__(self, *args: Any, provider: ProviderSettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.provider = provider
        self._loaded_at: float | None = None

    def load_server_metadata(self) -> dict[str, Any]:
        """Return where its endpoints are and who signs; those of GitHub are set."""
        fresh = self._loaded_at is not None and time.monotonic() - self._loaded_at < METADATA_S
        if self._server_metadata_url and not fresh:
            with self._get_session() as session:
                answer = session.request("GET", self._server_metadata_url, withhold_token=True)
            answer.raise_for_status()
            self.server_metadata = _used_of(answer.json(), self.provider)
            self._loaded_at = time.monotonic()
        return dict(self.server_metadata)

    def fetch_jwk_set(self, force: bool = False) -> Any:
        """Return the provider's keys."""
        self.load_server_metadata()
        return super().fetch_jwk_set(force)

    def claims_of(self, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        """Check an ID token (OpenID Connect Core §3.1.3.7) and return what it says.

        Raises JoseError, ProviderFailed.
        """
        if not isinstance(token.get("id_token"), str):
            raise ProviderFailed("The provider did not send an ID token.")
        issuer = self.load_server_metadata()["issuer"]
        for_us = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": self.client_id},
            "sub": {"essential": True},
        }
        checks = {"nonce": nonce, "claims_options": for_us, "leeway": LEEWAY_S}
        try:
            return dict(self.parse_id_token(token, **checks))
        except BadSignatureError:  # by a key that has the name of an older one, or none
            # Providers change their keys at any time: try once more with the present ones, and only
            # once.
            self.fetch_jwk_set(force=True)
            return dict(self.parse_id_token(token, **checks))


class Clients(OAuth):  # type: ignore[misc]
    """Authlib's register of an application's providers."""

    oauth2_client_cls = Client


def _used_of(found: Any, provider: ProviderSettings) -> dict[str, Any]:
    """Return what is used of a provider's metadata; the rest Authlib would take for options.

    The issuer must be the one that was set (OpenID Connect Discovery §4.3): or else one provider
    could speak for another. Raises ProviderFailed.
    """
    if not isinstance(found, dict) or not isinstance(issuer := found.get("issuer"), str):
        raise ProviderFailed("The provider's metadata have no issuer.")
    if provider.issuer and issuer.rstrip("/") != provider.issuer:
        raise ProviderFailed("The provider's metadata are those of another issuer.")
    for name in ENDPOINTS:
        if name in found or name != "userinfo_endpoint":
            _check_address(found.get(name), provider)
    methods = found.get("token_endpoint_auth_methods_supported") or AUTH_METHODS
    wanted = next((one for one in AUTH_METHODS if one in methods), AUTH_METHODS[0])
    return {name: found[name] for name in ENDPOINTS if name in found} | {
        "issuer": issuer,
        NAMES_ISSUER: found.get(NAMES_ISSUER) is True,
        "token_endpoint_auth_method": wanted if provider.client_secret else "none",
        # Ours and not the provider's: who forges a token would name `none`.
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
    }


def _check_address(address: Any, provider: ProviderSettings) -> None:
    """Refuse an endpoint without TLS, unless all of the provider is on this machine."""
    plain = (provider.metadata_url or provider.issuer).startswith("http:")
    if not isinstance(address, str) or not (plain or address.startswith("https:")):
        raise ProviderFailed("The provider's metadata have no secure addresses.")
    secure_address(address)


@contextmanager
def talking(provider: ProviderSettings) -> Iterator[None]:
    """Make a problem for people of whatever goes wrong with a provider, and log why.

    Raises ProviderUnavailable, ProviderFailed, AttemptInvalid.
    """
    try:
        with bounded():
            yield
    except OAuthError as error:
        _note(provider, error)
        if error.error in CODE_REFUSED:
            raise AttemptInvalid(f"{provider.label} no longer accepts this code.") from None
        raise ProviderFailed(f"{provider.label} refused the log-in of this service.") from None
    except HTTPError as error:
        _note(provider, error)
        if error.response is not None and error.response.status_code < 500:
            raise ProviderFailed() from None
        raise ProviderUnavailable() from None
    except JSONDecodeError as error:
        _note(provider, error)
        raise ProviderFailed() from None
    except (RequestException, OutboundError) as error:
        _note(provider, error)
        raise ProviderUnavailable(f"{provider.label} does not answer: try again later.") from None
    except (JoseError, ValueError, KeyError, TypeError, RuntimeError) as error:
        _note(provider, error)
        raise ProviderFailed() from None


def _note(provider: ProviderSettings, error: Exception) -> None:
    reason = f"{type(error).__name__}: {error}"[:MAX_REASON_LENGTH]
    logger.warning("provider %s: %s", provider.name, reason.encode("unicode_escape").decode())
