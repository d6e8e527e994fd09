"""Entity tags of lists: of what they show, and known without reading them while nothing changed.

A list has no version: its tag is a digest of the answer. Where nothing at all has been committed
to the database since the same person had the same list, by any process, the tag is still the same:
then `If-None-Match` is answered before the list is read. Only tags are remembered, and no answers,
so nothing can be shown to anybody that they might not read now.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Any, ParamSpec

from flask import Flask, Response, current_app, g, request
from werkzeug.http import quote_etag

from ....extensions import db
from ...database.engine import ENGINE
from ...errors import PreconditionFailed
from ...models import entity_tag
from ...parts import PARTS
from ...slots import Slot
from ..caller import optional_caller
from ..etags import is_known
from ..traits import Trait, mark

P = ParamSpec("P")

#: Bytes of the digests of lists, and of what is asked for.
DIGEST_BYTES = 16


class Commits:
    """Tells whether anything has been committed, by a connection of its own that only looks.

    SQLite's `data_version` of a connection changes with each commit of any other one, in this
    process or another; asking costs some microseconds.
    """

    def __init__(self, app: Flask) -> None:
        self._is_file = ENGINE.of(app).is_file
        self._lock = threading.Lock()
        self._driver: Any = None

    def version(self) -> int | None:
        """Return a number that stays as long as nothing is committed; None: there is none."""
        if not self._is_file:
            return None
        with self._lock:
            if self._driver is None:
                connection = db.engine.raw_connection()
                self._driver = connection.dbapi_connection
                connection.detach()
            # All of it, or the connection would go on seeing the database as it is now.
            return int(self._driver.execute("PRAGMA data_version").fetchall()[0][0])

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._driver is not None:
                self._driver.close()
                self._driver = None


class KnownTags:
    """The tags of lists that were sent last, each with the version that it was made at."""

    def __init__(self, most: int) -> None:
        self.most, self._lock = most, threading.Lock()
        self._tags: OrderedDict[bytes, tuple[int, str]] = OrderedDict()

    def find(self, asked: bytes, version: int) -> str | None:
        """Return the tag of what was asked for, if nothing was committed since it was made."""
        with self._lock:
            made_at, tag = self._tags.get(asked, (None, None))
            return tag if made_at == version else None

    def keep(self, asked: bytes, version: int, tag: str) -> None:
        """Remember a tag; the oldest ones go."""
        with self._lock:
            self._tags[asked] = version, tag
            self._tags.move_to_end(asked)
            while len(self._tags) > self.most:
                self._tags.popitem(last=False)

    def __len__(self) -> int:
        return len(self._tags)


COMMITS: Slot[Commits] = Slot("commits", Commits)
KNOWN_TAGS: Slot[KnownTags] = Slot("tags of lists", lambda app: KnownTags(app.config["LIST_TAGS"]))


def remembered(*by_the_clock: str) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Answer 304 before a list is read, if it follows from the database alone.

    `by_the_clock` are the parameters by which it follows from the time, too: with one of them it
    is always read.
    """

    def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
            if request.args.keys() & set(by_the_clock):
                return view(*args, **kwargs)
            return _known() or view(*args, **kwargs)

        return wrapper

    return decorate


def _known() -> Response | None:
    """Return 304 for whoever has the list as it still is; otherwise have its tag remembered.

    Whoever asks without a tag has nothing to gain, and pays nothing.
    """
    known = KNOWN_TAGS.here()
    if not known.most or "If-None-Match" not in request.headers or "If-Match" in request.headers:
        return None
    # Before anything of the list is read: what is committed meanwhile makes the tag outdated.
    version = COMMITS.here().version()
    if version is None:
        return None
    asked = _asked()
    tag = known.find(asked, version)
    if tag is not None and request.if_none_match.contains_weak(tag):
        return Response(status=304, headers={"ETag": quote_etag(tag)})
    g.list_to_remember = asked, version
    return None


def tagged(view: Callable[P, Any]) -> Callable[P, Any]:
    """Have the answer tagged by what it shows, and 304 where If-None-Match has it."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        g.tag_list = True
        return view(*args, **kwargs)

    return mark(wrapper, Trait.VERSIONED)


def _who() -> tuple[object, ...] | None:
    """Return all of the caller that a list may depend on."""
    found = optional_caller()
    if found is None:
        return None
    scopes = None if found.scopes is None else sorted(found.scopes)
    return found.user_id, found.is_admin, scopes


def _asked() -> bytes:
    """Return a digest of who asks for what, in which form."""
    accept = request.headers.get("Accept", "")
    asked = repr((_who(), request.path, request.query_string, accept))
    return blake2b(asked.encode(), digest_size=DIGEST_BYTES).digest()


def _tag(response: Response) -> Response:
    """Give a list its tag, or answer 304."""
    if not g.pop("tag_list", False) or response.status_code != 200 or "ETag" in response.headers:
        return response
    shown = blake2b(response.get_data(), digest_size=DIGEST_BYTES).hexdigest()
    link, where = response.headers.get("Link"), (request.path, request.query_string)
    tag = entity_tag("List", _who(), where, response.content_type, link, shown)
    remembering: tuple[bytes, int] | None = g.pop("list_to_remember", None)
    if remembering is not None:
        asked, version = remembering
        KNOWN_TAGS.here().keep(asked, version, tag)
    headers = {"ETag": quote_etag(tag)}
    try:
        if request.method in ("GET", "HEAD") and is_known(tag):
            return Response(status=304, headers=headers)
    except PreconditionFailed as error:
        return current_app.make_response(current_app.handle_user_exception(error))
    response.headers.update(headers)
    return response


def init_app(app: Flask) -> None:
    """Tag the lists of an application."""
    app.after_request(_tag)
    PARTS.of(app).at_end(lambda: COMMITS.of(app).close())
