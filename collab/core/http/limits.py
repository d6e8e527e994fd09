"""Limits: of requests per user, or per address for who is not signed in; and of bodies."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, Response, request
from flask_limiter import ApplicationLimit, Limiter, RequestLimit

from ..counting import windows  # noqa: F401  (its storage is chosen by its scheme)
from ..counting.networks import network_of
from ..slots import Registry, setting
from .caller import optional_caller

P = ParamSpec("P")
T = TypeVar("T")

HEADERS = ("RateLimit-Policy", "RateLimit")

#: Preflights that an address may send for each request that a person may: thirty share an address.
PREFLIGHT_FACTOR = 30

UNLIMITED_ENDPOINTS = ("ops.health", "ops.ready", "metrics.read_metrics")


def rate_limit() -> str:
    """Return the limit in force."""
    return str(setting("RATE_LIMIT"))


def rate_limit_key() -> str:
    """Return the name under which requests are counted together."""
    found = optional_caller()
    return f"user:{found.user_id}" if found else f"address:{network_of(request.remote_addr)}"


def preflight_limit() -> str:
    """Return the limit of preflights of one address, which may be that of a whole class."""
    amount, _, per = rate_limit().partition(" ")
    return f"{int(amount) * PREFLIGHT_FACTOR} {per}"


def is_preflight() -> bool:
    """Return whether this is a browser's preflight (Fetch §4.8), which can't name a person."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def is_no_preflight() -> bool:
    """Return whether a person's limit counts the request."""
    return not is_preflight()


def is_watching() -> bool:
    """Return whether somebody watches the service: whoever restarts it must always be answered."""
    return request.endpoint in UNLIMITED_ENDPOINTS


#: Tell of a request that it is counted otherwise; packages add their own.
_COUNTED_OTHERWISE: Registry[list[Callable[[], bool]]] = Registry(
    "requests counted otherwise", lambda _: []
)


def count_otherwise(app: Flask, told: Callable[[], bool]) -> None:
    """Leave requests uncounted of which a function says that they have a bound of their own."""
    _COUNTED_OTHERWISE.of(app).append(told)


def is_counted_otherwise() -> bool:
    """Return whether a request has a bound of its own."""
    return any(told() for told in _COUNTED_OTHERWISE.here())


def address_asked() -> str:
    """Name what was asked for: unknown addresses and wrong methods count, too."""
    return request.endpoint or "nothing"


def request_limiter() -> Limiter:
    """Make the limiter, which counts each request that reaches the application but a watcher's."""
    ours = ApplicationLimit(rate_limit, exempt_when=is_preflight)
    beforehand = ApplicationLimit(preflight_limit, exempt_when=is_no_preflight)
    made = Limiter(
        rate_limit_key,
        application_limits=[ours, beforehand],
        request_identifier=address_asked,
        storage_uri="monotonic://",
    )
    made.request_filter(is_watching)
    made.request_filter(is_counted_otherwise)
    return made


def seconds_left(limit: RequestLimit) -> int:
    """Return the whole seconds until the limit's window ends, by the storage's monotonic clock."""
    return max(1, int(limit.reset_at - time.monotonic()))


def add_headers(response: Response) -> None:
    """Say the limit, as draft-ietf-httpapi-ratelimit-headers writes it."""
    limit = limiter.current_limit
    if limit is None:
        return
    left, remaining = seconds_left(limit), max(0, limit.remaining)
    quota, window = limit.limit.amount, limit.limit.get_expiry()
    response.headers["RateLimit-Policy"] = f'"default";q={quota};w={window}'
    response.headers["RateLimit"] = f'"default";r={remaining};t={left}'
    if response.status_code == 429:
        response.headers.setdefault("Retry-After", str(left))


limiter = request_limiter()


#: The limits of the routes that take larger bodies than others.
_larger: list[int] = []


def largest_body() -> int:
    """Return the bytes of the largest body that any route takes."""
    return max(_larger, default=0)


def larger_body(limit: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a route take a body of up to `limit` bytes, above what all others take."""
    _larger.append(limit)

    def decorate(view: Callable[P, T]) -> Callable[P, T]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
            request.max_content_length = limit
            return view(*args, **kwargs)

        return wrapper

    return decorate


def init_app(app: Flask) -> None:
    """Refuse a body that ends before its Content-Length says (RFC 9112 §8), with 400.

    A server that says that it ends bodies itself, as gunicorn does, gives what has come when a
    client breaks off: half a file would look like a whole one.
    """

    @app.before_request
    def count_body() -> None:
        if request.content_length is not None:
            request.environ.pop("wsgi.input_terminated", None)
