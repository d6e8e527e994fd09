"""An attempt to sign in with a provider: to it, and back from it."""

from __future__ import annotations

from typing import Any

from ..core.caller import Caller
from . import sealed, spent
from .problems import AttemptInvalid, Declined, ProviderFailed, ProviderUnavailable
from .provider_clients import providers
from .sealed import Proof

#: Where providers send people back to: it must be registered with them.
CALLBACK_PATH = "auth/{name}/callback"
#: Errors of a provider that pass (RFC 6749 §4.1.2.1).
PASSING_ERRORS = ("server_error", "temporarily_unavailable")


def begin(name: str, base: str, return_to: str, whose: Caller | None = None) -> tuple[str, str]:
    """Return where the provider asks the person, and the token of their browser.

    `base` is this service's address, with a slash at its end; `whose` is who links an identity.
    Raises NotConfigured, ProviderUnavailable, ProviderFailed.
    """
    provider = providers.load(name)
    asked = {"user_id": whose.user_id, "session_id": whose.session_id} if whose else {}
    state, token = sealed.begin(name, base + CALLBACK_PATH.format(name=name), return_to, **asked)
    address = provider.authorize(state.redirect_uri, state.sealed(), state.nonce, state.verifier)
    return address, token


def finish(name: str, answer: dict[str, Any]) -> Proof:
    """Return what a provider's answer proves: its state is used up by this, whatever it says.

    Raises NotConfigured, AttemptInvalid, Declined, ProviderUnavailable, ProviderFailed.
    """
    provider = providers.load(name)
    state = sealed.read_state(answer["state"], name)
    provider.check_issuer(answer["iss"])
    spent.spend_now(state)
    if error := answer["error"]:
        raise _refusal(error, provider.settings.label)
    if not answer["code"]:
        raise AttemptInvalid("The provider sent no code.")
    claims = provider.identify(answer["code"], state.redirect_uri, state.nonce, state.verifier)
    return sealed.proof_of(state, claims)


def _refusal(error: str, label: str) -> Exception:
    if error == "access_denied":
        return Declined()
    if error in PASSING_ERRORS:
        return ProviderUnavailable(f"{label} can't sign people in just now: try again later.")
    return ProviderFailed(f"{label} refused the log-in of this service.")
