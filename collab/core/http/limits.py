"""Limits: on requests per user, or per address for callers who are not signed in; and on bodies."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from math import ceil
from typing import NamedTuple, ParamSpec, TypeVar

from flask import Flask, g, request
from limits import RateLimitItem, parse
from limits.strategies import FixedWindowRateLimiter

from ..counting.kinds import windows_of
from ..counting.networks import network_of
from ..counting.windows import MonotonicStorage
from ..errors import DETAILS, Malformed, TooManyRequests
from ..slots import Contributions, Slot
from .caller import optional_caller, present

P = ParamSpec("P")
T = TypeVar("T")

HEADERS = ("RateLimit-Policy", "RateLimit")

#: Preflights per address for each request that a person may send: thirty may share an address.
PREFLIGHT_FACTOR = 30

#: The page is some thirty files, the same for everybody at one address.
UNLIMITED_BLUEPRINTS = ("web",)
#: A watcher that restarts the service when it does not answer must always get an answer.
UNLIMITED_ENDPOINTS = ("ops.health", "ops.ready", "metrics.read_metrics")


def rate_limit_key() -> str:
    """Return the name under which requests are counted together."""
    found = optional_caller()
    return f"user:{found.user_id}" if found else f"address:{network_of(request.remote_addr)}"


def is_preflight() -> bool:
    """Return whether this is a browser's preflight (Fetch §4.8), which can't name a person."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


#: Say whether a request is counted otherwise; packages add their own.
_COUNTED_OTHERWISE: Contributions[Callable[[], bool]] = Contributions("requests counted otherwise")


def count_otherwise(app: Flask, told: Callable[[], bool]) -> None:
    """Leave requests uncounted if a function says that they have a limit of their own."""
    _COUNTED_OTHERWISE.add(app, told)


class FixedWindows(FixedWindowRateLimiter):
    """The library's strategy, except that each count also says what is left.

    The library asks the storage for that separately, twice: with Redis, two more messages.
    """

    storage: MonotonicStorage

    def count(self, limit: RateLimitItem, key: str) -> tuple[int, float]:
        """Count one; returns the count so far, and when the window ends (monotonic)."""
        return self.storage.count(limit.key_for(key), limit.get_expiry())


class Limits:
    """Counts requests, by a strategy of the `limits` library; a rate of `off` counts none."""

    def __init__(self, rate: str, windows: MonotonicStorage) -> None:
        self._strategy = FixedWindows(windows)
        limit = None if rate == "off" else parse(rate)
        self._ours, self._beforehand = limit, limit and _many_times(limit)

    @property
    def on(self) -> bool:
        """Return whether anything is counted."""
        return self._ours is not None

    def count(self, key: str, *, beforehand: bool = False) -> Counted | None:
        """Count a request under a name; `beforehand`: a preflight. None: there is no limit."""
        # Browsers send preflights on their own, and no page can avoid them.
        limit = self._beforehand if beforehand else self._ours
        if limit is None:
            return None
        times, ends = self._strategy.count(limit, key)
        left = limit.amount - times
        return Counted(limit, left >= 0, max(0, left), max(1, ceil(ends - time.monotonic())))


class Counted(NamedTuple):
    """What the limit says of one request."""

    limit: RateLimitItem
    within: bool
    #: Requests that the window still takes, and its seconds.
    remaining: int
    left_s: int


def _many_times(limit: RateLimitItem) -> RateLimitItem:
    return type(limit)(limit.amount * PREFLIGHT_FACTOR, limit.multiples, "preflights")


LIMITS: Slot[Limits] = Slot(
    "limits", lambda app: Limits(app.config["RATE_LIMIT"], windows_of(app, "requests"))
)


def check() -> None:
    """Count each request that reaches the application, but no watcher's; raises TooManyRequests."""
    limits = LIMITS.here()
    if limits.on and not _is_exempt():
        # Noted, so that the answer says what is left, whatever happens to the request.
        g.counted = counted = limits.count(rate_limit_key(), beforehand=is_preflight())
        if counted is not None and not counted.within:
            raise TooManyRequests(DETAILS[429], retry_after=counted.left_s)


def _is_exempt() -> bool:
    """Return whether it is a watcher's request, or has a limit of its own."""
    if request.endpoint in UNLIMITED_ENDPOINTS or request.blueprint in UNLIMITED_BLUEPRINTS:
        return True
    return any(told() for told in _COUNTED_OTHERWISE)


def headers_of(counted: Counted | None) -> list[tuple[str, str]]:
    """Return the headers that state the limit, as in draft-ietf-httpapi-ratelimit-headers."""
    if counted is None:
        return []
    limit = counted.limit
    policy = f'"default";q={limit.amount};w={limit.get_expiry()}'
    present = f'"default";r={counted.remaining};t={counted.left_s}'
    return [("RateLimit-Policy", policy), ("RateLimit", present)]


#: The limits of the routes that take larger bodies than others.
_larger: list[int] = []


def largest_body() -> int:
    """Return the bytes of the largest body that any route accepts."""
    return max(_larger, default=0)


def larger_body(limit: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a route accept a body of up to `limit` bytes, more than all others accept."""
    _larger.append(limit)

    def decorate(view: Callable[P, T]) -> Callable[P, T]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
            request.max_content_length = limit
            return view(*args, **kwargs)

        return wrapper

    return decorate


def limit(app: Flask) -> None:
    """Count the requests of an application, at this point in the order of its hooks."""
    app.before_request(check)


def init_app(app: Flask) -> None:
    """Refuse an incomplete body with 400.

    It may end before its Content-Length says (RFC 9112 §8): a server that declares that it
    terminates bodies itself, as gunicorn does, passes on what has come when a client breaks off. Or
    its sender says that it is a part (Content-Range), which nothing here puts together (RFC 9110
    §14.5). Half a file would look like a whole one.
    """

    @app.before_request
    def refuse_parts() -> None:
        asked, _ = present()
        environ = asked.environ
        if "HTTP_CONTENT_RANGE" in environ and asked.method not in ("GET", "HEAD"):
            raise Malformed("Content-Range is not supported: send the whole body without it.")
        if "CONTENT_LENGTH" in environ and asked.content_length is not None:
            environ.pop("wsgi.input_terminated", None)
