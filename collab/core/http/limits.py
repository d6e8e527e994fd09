"""Limits: of requests per user, or per address for who is not signed in; and of bodies."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter, RequestLimit

from .caller import optional_caller

P = ParamSpec("P")
T = TypeVar("T")

HEADERS = ("RateLimit-Policy", "RateLimit")


def rate_limit() -> str:
    """Return the limit in force."""
    return str(current_app.config["RATE_LIMIT"])


def rate_limit_key() -> str:
    """Name whose requests are counted together."""
    found = optional_caller()
    return f"user:{found.user_id}" if found else f"address:{request.remote_addr}"


def is_preflight() -> bool:
    """Tell whether a browser only asks beforehand: it may not send who it asks for."""
    return request.method == "OPTIONS"


def seconds_left(limit: RequestLimit) -> int:
    """Return the whole seconds until the limit's window ends."""
    return max(1, int(limit.reset_at - time.time()))


def add_headers(limiter: Limiter, response: Response) -> None:
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


def larger_body(limit: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a route take a body of up to `limit` bytes, above what all others take."""

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
