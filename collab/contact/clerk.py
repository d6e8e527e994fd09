"""The thread that writes mails: about events, password requests, and unread notifications."""

from __future__ import annotations

from flask import Flask

from ..core.models import utcnow
from ..core.parts import PARTS
from ..core.slots import Slot
from ..core.storage.chores import Chore
from ..events.reader import Reader
from ..events.reader_thread import ReaderThread
from . import digests, recovery, told

#: Seconds between looks for requests, and for digests that are due.
REQUESTS_S = 1.0
DIGESTS_S = 30.0


def _make(app: Flask) -> ReaderThread:
    chores = (
        Chore("requests for passwords", REQUESTS_S, recovery.answer_some),
        Chore("digests", DIGESTS_S, lambda: digests.write_some(utcnow())),
    )
    reader = Reader("mails", told.TYPES, told.handle)
    return ReaderThread(app, reader, *chores, enabled=app.config["NOTIFIER"])


CLERK: Slot[ReaderThread] = Slot("clerk", _make)


def init_app(app: Flask) -> None:
    """Give an application its clerk; it starts with the server, or the first request."""
    PARTS.of(app).add("mails", CLERK, with_requests=True)
