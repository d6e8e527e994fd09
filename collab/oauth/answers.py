"""How a callback is answered: a browser goes back to the page, a program gets JSON.

The page gets the proof, in the part of the address that is sent to no server and appears in no log,
and that the page removes at once; if something went wrong, it gets only the type of the problem,
never a word that somebody put into an address.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from flask import Response, redirect

from ..auth.refreshing.cookies import NO_STORE
from ..core.errors import ApiError
from ..core.json import dumps
from ..core.problems import type_of
from .sealed import Proof, State

#: Where people sign in, and where they link identities.
SIGN_IN_PAGE = "/sign-in"
ACCOUNT_PAGE = "/account"


def to(address: str, **headers: str) -> Response:
    """Send a browser elsewhere (RFC 9110 §15.4.3), and let nothing keep the answer."""
    answer: Response = redirect(address, 302)  # type: ignore[assignment]
    answer.headers.update(NO_STORE | headers)
    answer.vary.add("Accept")
    return answer


def with_proof(proof: Proof) -> Response:
    """Send a browser to the page that uses a proof."""
    return to(_page(proof, "/", proof=proof.sealed(), provider=proof.provider))


def waiting(proof: Proof) -> Response:
    """Give a program the proof that is to be linked to the account that asked."""
    body = dumps({"proof": proof.sealed()})
    return Response(body, 202, NO_STORE, content_type="application/json")


def with_problem(
    error: ApiError, provider: str, state: State | None = None, *, next_page: str = "/"
) -> Response:
    """Send a browser to the page that says what went wrong."""
    slug = type_of(error.status, error.kind).slug
    return to(_page(state, next_page, problem=slug, provider=provider))


def _page(whose: State | Proof | None, next_page: str, **told: str) -> str:
    if whose is not None and whose.user_id is not None:
        return f"{ACCOUNT_PAGE}#{urlencode(told)}"
    next_page = whose.return_to if whose is not None else next_page
    return f"{SIGN_IN_PAGE}?next={quote(next_page, safe='/')}#{urlencode(told)}"
