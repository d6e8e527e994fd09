"""Deleting what has expired: a thread that takes short steps, each in a transaction of its own.

Packages register what there is to do (`bring`). A step does a bounded part and returns whether more
is left; between two steps writers get their turn. So nobody waits long, however much there is to
do.
"""

from __future__ import annotations

import logging

from flask import Flask

from ...extensions import db
from ..parts import FIRST_WORK_AFTER_S, PARTS, BackgroundThread
from ..slots import Contributions, Slot
from .chores import Agenda, Chore, Step

logger = logging.getLogger(__name__)

#: Seconds between two rounds when there was nothing more to do.
LOOK_S = 15.0
#: Seconds between two steps.
PAUSE_S = 0.02
#: Steps of one chore in a row, so that a long one does not keep others waiting.
MAX_STEPS_IN_A_ROW = 50


class Housekeeper(BackgroundThread):
    """The thread; it starts with the server, or with the first request."""

    def __init__(self, app: Flask, *chores: Chore, enabled: bool = True) -> None:
        super().__init__("housekeeping", off=None if enabled else "HOUSEKEEPING is off")
        self._app = app
        self.agenda = Agenda(*chores)
        self._failing: set[str] = set()

    @property
    def state(self) -> str:
        """Return its state for `/ready`, including which chores fail."""
        if self.alive and self._failing:
            return f"failing: {', '.join(sorted(self._failing))}"
        return super().state

    def _run(self) -> None:
        self._stopping.wait(FIRST_WORK_AFTER_S)
        while not self._stopping.is_set():
            more = self.do_due()
            rest_s = 0.0 if more else min(LOOK_S, self.agenda.rest_s())
            self._stopping.wait(max(PAUSE_S, rest_s))

    def do_due(self) -> bool:
        """Take the steps that are due; returns whether there is more to do at once."""
        # A list, not a generator: `any` would stop at the first chore with more to do, and starve
        # the rest.
        more = [self._do(one) for one in self.agenda.due()]
        return any(more)

    def do_all(self) -> None:
        """Do everything there is to do now; for tests and for the command line."""
        self.agenda.have_all_due()
        while self.do_due():
            pass

    def _do(self, one: Chore) -> bool:
        for _ in range(MAX_STEPS_IN_A_ROW):
            if self._stopping.is_set() or not self._try(one):
                self.agenda.put_off(one)
                return False
            self._stopping.wait(PAUSE_S)
        return True

    def _try(self, one: Chore) -> bool:
        """Take a step; if it fails, it is tried again when it is due."""
        try:
            with self._app.app_context():
                try:
                    more = one.step()
                finally:
                    # A step may have left one open: the next chore begins without its transaction.
                    db.session.remove()
        except Exception as error:
            logger.warning("housekeeping, %s: %s", one.name, error)
            # The thread goes on: a failing chore must not keep the others from being done.
            self._failing.add(one.name)
            return False
        self._failing.discard(one.name)
        return more


#: What an application's packages have registered.
_CHORES: Contributions[Chore] = Contributions("chores")


def _make(app: Flask) -> Housekeeper:
    return Housekeeper(app, *_CHORES.of(app), enabled=app.config["HOUSEKEEPING"])


HOUSEKEEPER: Slot[Housekeeper] = Slot("housekeeper", _make)


def init_app(app: Flask) -> None:
    """Give an application its housekeeper, with which packages register their chores."""
    PARTS.of(app).add("housekeeping", HOUSEKEEPER, with_requests=True)


def bring(app: Flask, name: str, step: Step, every_s: float = LOOK_S) -> None:
    """Have a step taken regularly, and repeated while it returns that there is more to do."""
    _CHORES.add(app, Chore(name, every_s, step))
