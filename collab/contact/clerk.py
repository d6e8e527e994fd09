"""The thread that writes mails: of events, of requests for passwords, and of what is unread."""

from __future__ import annotations

from flask import Flask

from ..core.models import utcnow
from ..core.parts import PARTS
from ..core.slots import Slot
from ..events.reader import Reader
from ..events.reader_thread import Chore, ReaderThread
from . import digests, recovery, told

#: Seconds between looks for requests, and for digests that are due.
REQUESTS_S = 1.0
DIGESTS_S = 30.0


def answer_all() -> None:
    """Answer the requests for new passwords."""
    while recovery.answer_some():
        pass


def write_digests() -> None:
    """Write the digests that are due."""
    while digests.write_some(utcnow()):
        pass


def _make(app: Flask) -> ReaderThread:
    chores = (Chore(REQUESTS_S, answer_all), Chore(DIGESTS_S, write_digests))
    reader = Reader("mails", told.TYPES, told.handle)
    return ReaderThread(app, reader, *chores, enabled=app.config["NOTIFIER"])


CLERK: Slot[ReaderThread] = Slot("clerk", _make)


def init_app(app: Flask) -> None:
    """Let an application have its clerk; it starts with the server, or the first request."""
    PARTS.of(app).add("mails", CLERK, with_requests=True)
