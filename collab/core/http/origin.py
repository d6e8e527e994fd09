"""Which page a request comes from: a cookie counts only if a page of this service sends it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Request, request

from ..errors import Forbidden
from ..slots import setting

#: What a proxy adds: a caller behind one is not known to be on this machine.
PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")
#: This machine's own names: a name that leads here by DNS rebinding is not among them.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
#: What browsers send for a page that has no origin, such as a file (RFC 6454 §6.1; Chromium's way).
OPAQUE_ORIGINS = ("null", "file://")
#: Every origin, in a setting.
ANY_ORIGIN = "*"


class ForeignPage(Forbidden):
    """A page of another origin asked for this: only pages of this service may use its cookie."""

    kind = "foreign-page"


class ForeignSocket(Forbidden):
    """Pages of this origin may not open sockets here: SOCKET_ORIGINS lists those that may."""

    kind = "foreign-socket"


def refuse_foreign_sockets() -> None:
    """Refuse the handshake of a page of another origin (RFC 6455 §10.2); raises ForeignSocket.

    Only browsers say where a socket comes from, so one without `Origin` comes from no page. A page
    opened as a file may reach a service on its own machine.
    """
    origin = request.headers.get("Origin")
    if origin is None or _is_ours(origin) or _is_allowed(origin):
        return
    if not (origin in OPAQUE_ORIGINS and _is_near()):
        raise ForeignSocket()


def _is_ours(origin: str) -> bool:
    """Return whether an origin is this service's; its scheme is left to what terminated TLS."""
    host = _host_of(origin)
    return bool(host) and host in (request.host.lower(), _host_of(setting("PUBLIC_URL")))


def _is_allowed(origin: str) -> bool:
    allowed = (*setting("SOCKET_ORIGINS"), *setting("CORS_ORIGINS"))
    return ANY_ORIGIN in allowed or origin.lower() in map(str.lower, allowed)


def _host_of(address: str) -> str:
    """Return the host and port of an address; empty if it has none."""
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return ""


def refuse_foreign_pages() -> None:
    """Refuse a request that a browser sent for a page of another origin; raises ForeignPage.

    SameSite=Strict does not suffice: another port of one host is the same site. Browsers say where
    a request comes from in `Sec-Fetch-Site` (Fetch Metadata §2.3), or at least in `Origin` (Fetch
    §3.2); a request with neither does not come from a page.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        raise ForeignPage()
    origin = request.headers.get("Origin")
    # Its scheme is not compared: a proxy may have terminated TLS without saying so.
    if site is None and origin is not None and _host_of(origin) != request.host.lower():
        raise ForeignPage()


def address_of(asked: Request) -> str:
    """Return the address by which a request calls this service, with a slash at its end.

    As it was sent: Werkzeug's `host_url` decodes names in other alphabets, or raises.
    """
    return f"{asked.scheme}://{asked.host}/"


def is_local() -> bool:
    """Return whether a request comes from this machine, and from no page but this service's."""
    try:
        refuse_foreign_pages()
    except (ForeignPage, ValueError):
        return False
    return _is_near()


def _is_near() -> bool:
    """Return whether a request comes from this machine, to one of its own names."""
    try:
        near = ip_address(request.remote_addr or "").is_loopback
        named = urlsplit(f"//{request.host}").hostname
    except ValueError:
        return False
    proxied = any(name in request.headers for name in PROXY_HEADERS)
    return near and not proxied and named in LOCAL_HOSTS
