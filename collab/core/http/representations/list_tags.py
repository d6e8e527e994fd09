"""Entity tags of lists: made from what they show, and known without reading while nothing changed.

A list has no version: its tag is a digest of the answer. If no process has committed anything to
the database since the same person got the same list, it is still the same: then it is answered
before it is read, with 304 for `If-None-Match`, and otherwise with the answer that was kept. The
caller is looked up before that, as for each request.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Any, ParamSpec

from flask import Flask, Response, current_app, g, request
from werkzeug.http import quote_etag

from ...caller import notes
from ...database import commits
from ...database.commits import COMMITS
from ...errors import PreconditionFailed
from ...models import entity_tag
from ...parts import PARTS
from ..caller import optional_caller
from ..etags import is_known
from ..traits import Trait, mark
from .kept_lists import KEPT_LISTS, Answer, Kept, KeptLists

P = ParamSpec("P")

#: Bytes of the digests of lists, and of requests for them.
DIGEST_BYTES = 16


def remembered(*by_the_clock: str) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Answer before a list is read, if it depends on the database alone, and nothing changed.

    `by_the_clock` are the parameters with which it also depends on the time: with one of them it is
    always read.
    """

    def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
            if request.args.keys() & set(by_the_clock):
                return view(*args, **kwargs)
            return _known() or view(*args, **kwargs)

        return mark(wrapper, Trait.REMEMBERED)

    return decorate


def _known() -> Response | None:
    """Return the answer if the list is unchanged; otherwise have the new answer kept."""
    lists = KEPT_LISTS.here()
    if not _may_gain(lists):
        return None
    # Before any of the list is read: a commit meanwhile makes it outdated.
    asked, version = _asked(), COMMITS.here().version()
    kept = lists.find(asked, version)
    if kept is not None:
        tag = {"ETag": quote_etag(kept.tag)}
        if request.if_none_match.contains_weak(kept.tag):
            return Response(status=304, headers=tag)
        if kept.answer is not None:
            return Response(kept.answer.body, headers=kept.answer.headers | tag)
    g.list_to_keep = asked, version
    return None


def _may_gain(lists: KeptLists) -> bool:
    """Return whether a kept answer may serve the request; if not, it costs nothing."""
    if "If-Match" in request.headers:
        return False
    return lists.has_answers or bool(lists.most and "If-None-Match" in request.headers)


def tagged(view: Callable[P, Any]) -> Callable[P, Any]:
    """Have the answer tagged by what it shows, and send 304 where If-None-Match names it."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        g.tag_list = True
        return view(*args, **kwargs)

    return mark(wrapper, Trait.VERSIONED)


def _who() -> tuple[object, ...] | None:
    """Return everything about the caller that a list may depend on."""
    found = optional_caller()
    if found is None:
        return None
    scopes = None if found.scopes is None else sorted(found.scopes)
    # Including what the version can't cover: the caller was looked up before it was read.
    return found.user_id, found.email, found.is_admin, scopes


def _asked() -> bytes:
    """Return a digest of who asks for what, in which form."""
    accept = request.headers.get("Accept", "")
    asked = repr((_who(), request.path, request.query_string, accept))
    return blake2b(asked.encode(), digest_size=DIGEST_BYTES).digest()


def _tag(response: Response) -> Response:
    """Give a list its tag, or answer 304."""
    wanted = notes().pop("tag_list", False) and response.status_code == 200
    if not wanted or "ETag" in response.headers:
        return response
    shown = blake2b(response.get_data(), digest_size=DIGEST_BYTES).hexdigest()
    link, where = response.headers.get("Link"), (request.path, request.query_string)
    tag = entity_tag("List", _who(), where, response.content_type, link, shown)
    _keep(tag, response)
    headers = {"ETag": quote_etag(tag)}
    try:
        if request.method in ("GET", "HEAD") and is_known(tag):
            return Response(status=304, headers=headers)
    except PreconditionFailed as error:
        return current_app.make_response(current_app.handle_user_exception(error))
    response.headers.update(headers)
    return response


def _keep(tag: str, response: Response) -> None:
    """Keep a list for the next request for it."""
    keeping: tuple[bytes, str] | None = notes().pop("list_to_keep", None)
    if keeping is not None:
        asked, version = keeping
        lists = KEPT_LISTS.here()
        answer = Answer.of(response) if lists.has_answers else None
        lists.keep(asked, Kept(version, tag, answer))


def init_app(app: Flask) -> None:
    """Tag the lists of an application."""
    app.after_request(_tag)
    commits.init_app(app)
    PARTS.of(app).at_end(lambda: KEPT_LISTS.of(app).close())
