"""Which browser a log-in belongs to: a cookie for some minutes, instead of a session.

What is begun in one browser can't be finished in another: so nobody signs somebody else in to an
account of their own choice, and a state or a proof that leaks from an address is of no use.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import request
from werkzeug.http import dump_cookie

from ..core.http.origin import address_of
from ..core.security import new_token
from ..core.slots import setting

#: Seconds for which somebody can be at the provider.
ATTEMPT_S = 600
_TOKEN = re.compile(r"[\w-]{43}")


def _name() -> str:
    """Return the cookie's name: with the prefix, no other host can set it (RFC 6265bis §4.1.3)."""
    return "__Host-sign-in" if request.is_secure else "sign-in"


def address_here() -> str:
    """Return this service's address, with a slash at its end, as the browser calls it.

    By PUBLIC_URL's host it is PUBLIC_URL: a proxy may not say that it speaks https.
    """
    given: str = setting("PUBLIC_URL")
    if urlsplit(given).netloc == request.host:
        return f"{given.rstrip('/')}/"
    return address_of(request)


def known() -> str | None:
    """Return the token of the browser that sent this request."""
    found = request.cookies.get(_name(), "")
    return found if _TOKEN.fullmatch(found) else None


def known_or_new() -> str:
    """Return the browser's token: several tabs may be at providers at once."""
    return known() or new_token()


def remembering(token: str) -> dict[str, str]:
    """Return the header by which a browser keeps its token."""
    cookie = dump_cookie(
        _name(),
        token,
        max_age=ATTEMPT_S,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",  # a provider sends people back here from its own pages
        sync_expires=False,
    )
    return {"Set-Cookie": cookie}
