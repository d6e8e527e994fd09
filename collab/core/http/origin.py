"""Whether a request comes from a page of this service: what a cookie brings counts only then."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import request

from ..errors import Forbidden

#: What a proxy adds: whoever calls through one is not known to be on this machine.
PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")
#: This machine's own names: a name that leads here by DNS rebinding is none of them.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


class ForeignPage(Forbidden):
    """A page of another origin asked for this: only pages of this service may use its cookie."""

    kind = "foreign-page"


def refuse_foreign_pages() -> None:
    """Refuse a request that a browser sent for a page of another origin; raises ForeignPage.

    SameSite=Strict does not see to that alone: another port of one host is the same site. Browsers
    say where a request comes from in `Sec-Fetch-Site` (Fetch Metadata §2.3), or at least in
    `Origin` (Fetch §3.2); a request with neither does not come from a page.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        raise ForeignPage()
    origin = request.headers.get("Origin")
    # Its scheme is not compared: a proxy may have ended TLS without saying so.
    if site is None and origin is not None and urlsplit(origin).netloc != request.host:
        raise ForeignPage()


def is_local() -> bool:
    """Return whether a request comes from this machine, and from no page but this service's."""
    try:
        refuse_foreign_pages()
        near = ip_address(request.remote_addr or "").is_loopback
        named = urlsplit(f"//{request.host}").hostname
    except (ForeignPage, ValueError):
        return False
    proxied = any(name in request.headers for name in PROXY_HEADERS)
    return near and not proxied and named in LOCAL_HOSTS
