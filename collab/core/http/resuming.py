"""Answering a request later, in another thread: only its view is called again.

The caller, the request's id and its count in the limits stay as they were determined first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, g

from .. import client_address
from ..slots import application

#: What is known of a request before its view is called, and needed after it.
CARRIED_NAMES = ("request_id", "started", "caller", "refusal", "counted")


class Resumed:
    """The rest of the present request, as a WSGI application; its view finds `noted` in `g`."""

    def __init__(self, **noted: Any) -> None:
        self._app: Flask = application()
        self._noted = {name: g.get(name) for name in CARRIED_NAMES} | noted | {"waited": True}
        self._address = client_address.address()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer; what precedes the view, such as counting the request, is not done again."""
        with self._app.request_context(environ):
            for name, value in self._noted.items():
                setattr(g, name, value)
            with client_address.assumed(self._address):
                response = self._respond()
            return response(environ, start_response)

    def _respond(self) -> Response:
        """Do what Flask does after the hooks that come before a view."""
        app = self._app
        try:
            try:
                found = app.dispatch_request()
            except Exception as error:
                found = app.handle_user_exception(error)
            return app.finalize_request(found)
        except Exception as error:
            return app.handle_exception(error)
