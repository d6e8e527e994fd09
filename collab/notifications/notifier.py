"""The reader of the log that makes notifications, and the reminder of due tasks."""

from __future__ import annotations

from flask import Flask

from ..core.models import utcnow
from ..core.parts import PARTS
from ..core.slots import Slot
from ..core.storage.chores import Chore
from ..events.concerns import FAMILIES
from ..events.reader import Reader
from ..events.reader_thread import ReaderThread
from ..tasks.reminders import remind
from . import maker

#: Seconds between looks for tasks that are due soon.
REMIND_S = 30.0


def remind_of_some() -> bool:
    """Record that tasks are due soon; each is marked in the same commit, so once per due date.

    Returns whether there may be more.
    """
    return remind(utcnow()) > 0


def _types(app: Flask) -> list[str]:
    """Return the types of events that have rules."""
    return [kind for family in FAMILIES.of(app).values() for kind in family.rules]


def _make(app: Flask) -> ReaderThread:
    reader = Reader("notifications", _types(app), maker.handle)
    reminding = Chore("reminders", REMIND_S, remind_of_some)
    return ReaderThread(app, reader, reminding, enabled=app.config["NOTIFIER"])


NOTIFIER: Slot[ReaderThread] = Slot("notifier", _make)


def init_app(app: Flask) -> None:
    """Give an application its notifier; it starts with the server, or the first request."""
    PARTS.of(app).add("notifications", NOTIFIER, with_requests=True)
