"""Who somebody is at GitHub, which speaks OAuth 2.0 and no OpenID Connect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..problems import ProviderFailed
from . import claims as said
from .claims import Claims

if TYPE_CHECKING:
    from .client import Client

PUBLIC_URL = "https://github.com"
PUBLIC_API = "https://api.github.com"
JSON_HEADERS = {"Accept": "application/vnd.github+json"}


def endpoints(url: str) -> dict[str, str]:
    """Return where GitHub, or a GitHub Enterprise Server, is asked."""
    return {
        "authorize_url": f"{url}/login/oauth/authorize",
        "access_token_url": f"{url}/login/oauth/access_token",
        "api_base_url": PUBLIC_API if url == PUBLIC_URL else f"{url}/api/v3",
    }


def claims(client: Client, token: dict[str, Any]) -> Claims:
    """Return what GitHub says of a person: the number is theirs for good, the name is not."""
    user = _got(client, token, "/user")
    if not isinstance(user, dict) or type(number := user.get("id")) is not int:
        raise ProviderFailed("GitHub does not say who you are.")
    address = _primary(_got(client, token, "/user/emails"))
    return said.of(
        client.provider.url,
        str(number),
        email=address,
        verified=address is not None,
        name=user.get("name") or user.get("login"),
        shown=user.get("login"),
    )


def _got(client: Client, token: dict[str, Any], path: str) -> Any:
    answer = client.get(client.api_base_url + path, token=token, headers=JSON_HEADERS)
    answer.raise_for_status()
    return answer.json()


def _primary(addresses: Any) -> str | None:
    """Return the address that the person uses, if GitHub has verified it."""
    listed = addresses if isinstance(addresses, list) else []
    chosen = (
        one.get("email")
        for one in listed
        if isinstance(one, dict) and one.get("primary") is True and one.get("verified") is True
    )
    found = next(chosen, None)
    return found if isinstance(found, str) else None
