"""Who somebody is by OpenID Connect: the ID token, and what only the user's info has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..problems import ProviderFailed
from . import claims as said
from .claims import Claims

if TYPE_CHECKING:
    from .client import Client


def claims(client: Client, token: dict[str, Any], nonce: str) -> Claims:
    """Return what a provider says of a person; raises ProviderFailed, JoseError."""
    found = client.claims_of(token, nonce)
    if "email" not in found and "userinfo_endpoint" in client.load_server_metadata():
        found = _with_info(client, token, found)
    verified = found.get("email_verified", client.provider.trust_email)
    return said.of(
        client.load_server_metadata()["issuer"],
        found["sub"],
        email=found.get("email"),
        verified=verified is True or verified == "true",
        name=found.get("name") or found.get("preferred_username"),
        shown=found.get("email"),
    )


def _with_info(client: Client, token: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Add what the user's info says, if it is of the same person (OpenID Connect Core §5.3.2)."""
    info = client.userinfo(token=token)
    if info.get("sub") != found["sub"]:
        raise ProviderFailed("The provider's answers are about two different people.")
    # Whether an address is verified is said by whoever names it.
    told = {key: one for key, one in found.items() if key != "email_verified"}
    return {**info, **told}
