"""The thread in which a reader of the log works, and what else it does from time to time."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..core.errors import ApiError
from ..core.parts import STUCK_AFTER_S, BackgroundThread
from ..core.storage.chores import Agenda, Chore
from .log import BELL
from .numbers import READERS
from .reader import Reader

logger = logging.getLogger(__name__)

#: Seconds after which the log is read without a ring: another process may have written.
POLL_S = 1.0
#: Seconds from a ring to reading: events that come meanwhile share a commit.
GATHER_S = 0.05


class ReaderThread(BackgroundThread):
    """Lets a reader read whenever the bell rings, and once a second anyway."""

    stuck_after_s = STUCK_AFTER_S

    def __init__(self, app: Flask, reader: Reader, *chores: Chore, enabled: bool = True) -> None:
        super().__init__(reader.name, off=None if enabled else "another process must do it")
        self.reader = reader
        self._app, self._agenda = app, Agenda(*chores)
        self._rung = BELL.of(app).wake_too()

    def close(self) -> None:
        """End after what it is reading: the next reader to start reads what comes later."""
        self._end()

    def _prepare(self) -> None:
        """Keep a place in the log, so that nothing from here on is missed."""
        READERS.of(self._app)[self.reader.name] = self.reader
        self._try(self.reader.begin)

    def _wake(self) -> None:
        self._rung.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._beat()
            self._rung.wait(POLL_S)
            # `_stopping` and not a sleep: a stop need not wait for it.
            self._stopping.wait(GATHER_S)
            # Before reading: a ring that comes meanwhile is heard by the next round.
            self._rung.clear()
            self._try(self._read)
            for chore in self._agenda.due():
                self._do(chore)

    def _read(self) -> None:
        while not self._stopping.is_set() and self.reader.read_some():
            self._beat()

    def _do(self, chore: Chore) -> None:
        # Before doing it: a step that always fails must not be retried without a pause.
        self._agenda.put_off(chore)
        while not self._stopping.is_set() and self._try(chore.step):
            self._beat()

    def _try(self, step: Callable[[], object]) -> bool:
        """Do a step in the application's context; return whether it says that there is more.

        What fails is tried again at the next look.
        """
        try:
            with self._app.app_context():
                return bool(step())
        except (SQLAlchemyError, ApiError) as error:
            logger.error("%s waits, the database does not answer: %s", self.reader.name, error)
        except Exception:
            logger.exception("%s stumbled, trying again", self.reader.name)
        return False
