"""The reader of the log that makes notifications, and what reminds of due tasks."""

from __future__ import annotations

from flask import Flask

from ..events.reader import Reader
from ..events.reader_thread import ReaderThread
from . import making
from .rules import RULES, UNPUBLISHED


def init_app(app: Flask) -> None:
    """Make the notifier of an application; it starts with the server, or the first request."""
    reader = Reader("notifications", (*RULES, UNPUBLISHED), making.handle)
    made = ReaderThread(app, reader, enabled=app.config["NOTIFIER"])
    app.extensions["collab.notifier"] = made
    app.before_request(made.start)
