"""The thread in which a reader of the log works, and what is done beside from time to time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..core.errors import ApiError
from .log import BELL
from .reader import Reader

logger = logging.getLogger(__name__)

#: Seconds after which the log is read without a ring: another process may have written.
POLL_S = 1.0
#: Seconds from a ring to the reading: what comes meanwhile shares a commit.
GATHER_S = 0.05


@dataclass
class Chore:
    """Something that is done every so many seconds, beginning with the start."""

    every_s: float
    do: Callable[[], object]
    due: float = 0.0


class ReaderThread:
    """Lets a reader read whenever the bell rings, and every second besides."""

    def __init__(self, app: Flask, reader: Reader, *chores: Chore, enabled: bool = True) -> None:
        bell = BELL.of(app)
        self.reader = reader
        self._app, self._chores, self._enabled = app, chores, enabled
        self._rung = bell.wake_too()
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Keep a place and start, once: after the fork, where the server forks."""
        if self._thread is not None or not self._enabled:
            return
        with self._starting:
            if self._thread is None and not self._stopping.is_set():
                self._try(self.reader.begin)
                name = self.reader.name
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()

    def stop(self, patience_s: float = 1.5) -> None:
        """End after the present commit."""
        self._stopping.set()
        self._rung.set()
        if self._thread is not None:
            self._thread.join(patience_s)

    @property
    def state(self) -> str:
        """Tell how it is, for `/ready`."""
        if not self._enabled:
            return "off: another process must do it"
        return "ok" if self._thread is not None and self._thread.is_alive() else "stopped"

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._rung.wait(POLL_S)
            self._stopping.wait(GATHER_S)
            self._rung.clear()
            self._try(self._read)
            for chore in self._chores:
                self._do_when_due(chore)

    def _read(self) -> None:
        while not self._stopping.is_set() and self.reader.read_some():
            pass

    def _do_when_due(self, chore: Chore) -> None:
        now = time.monotonic()
        if now >= chore.due and not self._stopping.is_set():
            chore.due = now + chore.every_s
            self._try(chore.do)

    def _try(self, step: Callable[[], object]) -> None:
        """Do a step in the application's context; what fails is tried again by the next look."""
        try:
            with self._app.app_context():
                step()
        except (SQLAlchemyError, ApiError) as error:
            logger.error("%s waits, the database does not answer: %s", self.reader.name, error)
        except Exception:
            logger.exception("%s stumbled, trying again", self.reader.name)
