"""Whether the process can do its work: each thing that it needs, with the reason if it is not so.

What was found stands for a moment, so nobody can load the service by asking; and while somebody
looks, others get what was found before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ..core.database import TURNS, engine
from ..core.management.migrations import are_done
from ..core.parts import PARTS
from ..core.slots import Slot
from ..core.storage import disk
from ..extensions import db

#: Seconds for which what was found stands.
STANDS_FOR_S = 1.0
#: Seconds that a turn to write may take to come, and then the database's lock.
WRITING_PATIENCE_S = 2.0

#: What a check says when all is well.
STATE_OK = "ok"
#: What it begins with if the service goes on without something, less well.
DEGRADED_STATE = "degraded"


class Readiness:
    """What was found last of an application, and when."""

    def __init__(self, app: Flask, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._clock = app, clock
        self._looking = threading.Lock()
        self._found: dict[str, str] = {}
        self._until = float("-inf")

    def checks(self) -> dict[str, str]:
        """Return the state of all that is needed: `ok`, `off: ` and why, or what is wrong."""
        first = not self._found
        # The very first look is waited for: until it is done there is nothing found before to
        # answer with.
        if self._clock() >= self._until and self._looking.acquire(blocking=first):
            try:
                if self._clock() >= self._until:  # nobody has looked while this one waited
                    self._found = self._look()
                    self._until = self._clock() + STANDS_FOR_S
            finally:
                self._looking.release()
        return self._found

    def _look(self) -> dict[str, str]:
        looks = {"database": database, "migrations": migrations, "writing": writing, "disk": room}
        found = {name: look() for name, look in looks.items()}
        try:
            return found | PARTS.of(self._app).states()
        except SQLAlchemyError as error:
            return found | {"parts": f"can't start: {type(error).__name__}"}


READINESS: Slot[Readiness] = Slot("readiness", Readiness)


def is_good(state: str) -> bool:
    """Return whether a check's state keeps nobody from serving."""
    return state == STATE_OK or state.startswith(("off", DEGRADED_STATE))


def database() -> str:
    """Say whether the database answers."""
    try:
        db.session.execute(text("SELECT 1")).one()
    except SQLAlchemyError as error:
        return f"does not answer: {type(error).__name__}"
    return STATE_OK


def migrations() -> str:
    """Say whether the tables are as the code has them."""
    try:
        current = are_done(db.session.connection())
    except SQLAlchemyError as error:
        return f"can't be looked up: {type(error).__name__}"
    if not current:
        return "not current: run `flask --app app db upgrade`, or start the newest version"
    return STATE_OK


def writing() -> str:
    """Say whether a change can be made: a turn comes, and the database takes its lock."""
    # As a change does it: a thread that keeps the turn for itself would not show at the database's
    # lock.
    with TURNS.here().one(WRITING_PATIENCE_S) as mine:
        if not mine:
            return f"no change has had its turn for {WRITING_PATIENCE_S:.0f} s"
        trouble = engine().trouble_writing(WRITING_PATIENCE_S)
    return STATE_OK if trouble is None else f"no change can be made: {trouble}"


def room() -> str:
    """Say whether the disk has room, and takes some bytes."""
    try:
        return disk.state()
    except OSError as error:
        return f"can't be read: {error.strerror}"
