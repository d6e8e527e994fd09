"""Entity tags: 304 for what the caller has already, 412 for a lost update (RFC 9110 §13)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, Protocol

from flask import Response, request
from werkzeug.http import quote_etag

from ..errors import PreconditionFailed

P = ParamSpec("P")


class Tagged(Protocol):
    """What has an entity tag."""

    @property
    def etag(self) -> str:
        """The tag's text, without quotes."""


def versioned(view: Callable[P, Any]) -> Callable[P, Any]:
    """Send the ETag of what a view returns, and 304 where If-None-Match has it."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        resource = view(*args, **kwargs)
        headers = {"ETag": quote_etag(resource.etag)}
        if request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(resource.etag):
            return Response(status=304, headers=headers)
        return resource, None, headers

    return wrapper


def require_match(resource: Tagged) -> None:
    """Refuse a change when If-Match names another version; raises PreconditionFailed."""
    sent = request.if_match
    if "If-Match" in request.headers and not sent.contains(resource.etag):
        raise PreconditionFailed()
