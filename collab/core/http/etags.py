"""Entity tags: 304 for what the caller already has, 412 for a lost update (RFC 9110 §13).

And the location of what was made (§10.2.2): without a `Location` 201 would say it is the list.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, Protocol

from flask import Response, request
from werkzeug.http import quote_etag

from ..errors import PreconditionFailed
from ..links import BASE_PATH
from .caller import present
from .traits import Trait, mark

P = ParamSpec("P")

#: The headers as WSGI has them, checked first: parsing a header that was not sent takes as long.
IF_MATCH = "HTTP_IF_MATCH"
IF_NONE_MATCH = "HTTP_IF_NONE_MATCH"


class Tagged(Protocol):
    """What has an entity tag."""

    @property
    def etag(self) -> str:
        """The tag's text, without quotes."""


def versioned(view: Callable[P, Any]) -> Callable[P, Any]:
    """Send the ETag of what a view returns, and 304 where If-None-Match names it."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        resource = view(*args, **kwargs)
        headers = {"ETag": quote_etag(resource.etag)}
        # After the view: whether the caller may see it at all is decided there.
        if present()[0].method in ("GET", "HEAD") and is_known(resource.etag):
            return Response(status=304, headers=headers)
        return resource, None, headers

    return mark(wrapper, Trait.VERSIONED)


def located(path: str) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Send the `Location` of what a `versioned` view has made: a path in which `{id}` is its id.

    Other names in it are the view's arguments.
    """

    def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
            made, status, headers = view(*args, **kwargs)
            place = path.format(id=made.id, **kwargs)
            return made, status, headers | {"Location": f"{BASE_PATH}{place}"}

        return mark(wrapper, Trait.LOCATED)

    return decorate


def is_known(etag: str) -> bool:
    """Return whether a reader already has what has this tag (304).

    Raises PreconditionFailed where they want another version than this: parts of a file that they
    put together, say, would be parts of two (RFC 9110 §13.2.2: If-Match comes first).
    """
    require_tag(etag)
    asked, _ = present()
    return IF_NONE_MATCH in asked.environ and asked.if_none_match.contains_weak(etag)


def require_tag(etag: str) -> None:
    """Refuse a request whose If-Match does not name this tag; raises PreconditionFailed."""
    asked, _ = present()
    if IF_MATCH in asked.environ and not asked.if_match.contains(etag):
        raise PreconditionFailed()


def require_date(changed: datetime, known: datetime) -> None:
    """Refuse a request for what was changed after a date; raises PreconditionFailed."""
    if changed > known:
        raise PreconditionFailed()


def conditional(response: Response) -> None:
    """Turn an answer that the reader already has into 304; raises PreconditionFailed."""
    require_tag(response.get_etag()[0] or "")  # without a tag it can't be one that somebody names
    since, last = request.if_unmodified_since, response.last_modified
    # Dates are for clients that know no tag (§13.1.4).
    if since is not None and last is not None and IF_MATCH not in request.environ:
        require_date(last, since)
    # Werkzeug would answer 412 with the whole file, and to `*` as well.
    response.make_conditional({**request.environ, IF_MATCH: ""})


def require_match(resource: Tagged) -> None:
    """Refuse a change that its headers forbid; raises PreconditionFailed.

    If-Match must name the present version, compared strongly (RFC 9110 §13.1.1); If-None-Match must
    not, compared weakly (§13.1.2).
    """
    check_preconditions(resource.etag)


def check_preconditions(etag: str) -> None:
    """Refuse a change of what has this tag as `require_match` does."""
    require_tag(etag)
    if request.if_none_match.contains_weak(etag):
        raise PreconditionFailed()
