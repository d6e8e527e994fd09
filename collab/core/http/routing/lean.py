"""What Flask does with each request and nothing here needs: half a tenth of a millisecond of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


#: Headers whose addresses Werkzeug completes.
RELATIVE_HEADERS = {"location", "content-location"}


class NoSessions(SessionInterface):
    """Keeps nothing in a cookie: Flask would make ready to read one with every request."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        """Return that there is none; whoever wants to write into it is told so."""
        return None

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save nothing."""


class LeanResponse(Response):
    """An answer whose headers are sent as they are, where nothing is to be worked out for them."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return the headers; a copy is made, and completed, only where that may change them."""
        there = {name.lower() for name, _ in self.headers}
        if self.status_code != 200 or "content-length" not in there or there & RELATIVE_HEADERS:
            return super().get_wsgi_headers(environ)
        return self.headers


def as_it_is(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return a view or hook, which is never asynchronous here, without looking at it."""
    return view


def init_app(app: Flask) -> None:
    """Leave all of it out."""
    app.response_class = LeanResponse
    app.session_interface = NoSessions()
    app.ensure_sync = as_it_is  # type: ignore[assignment, method-assign]
