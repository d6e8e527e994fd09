"""Entity tags: 304 for what the caller has already, 412 for a lost update (RFC 9110 §13)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, Protocol

from flask import Response, request
from werkzeug.http import quote_etag

from ..errors import PreconditionFailed
from .traits import Trait, mark

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
        # After the view: whether the caller may see it at all is decided there.
        if request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(resource.etag):
            return Response(status=304, headers=headers)
        return resource, None, headers

    return mark(wrapper, Trait.VERSIONED)


def require_match(resource: Tagged) -> None:
    """Refuse a change that its headers forbid; raises PreconditionFailed.

    If-Match must name the present version, compared strongly (RFC 9110 §13.1.1); If-None-Match must
    not, compared weakly (§13.1.2).
    """
    check_preconditions(resource.etag)


def check_preconditions(etag: str) -> None:
    """Refuse a change of what has this tag as `require_match` does."""
    if "If-Match" in request.headers and not request.if_match.contains(etag):
        raise PreconditionFailed()
    if request.if_none_match.contains_weak(etag):
        raise PreconditionFailed()
