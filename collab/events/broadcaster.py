"""The one thread that follows the log and fans it out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..core.counting import metrics
from ..core.models import utcnow
from ..core.parts import STUCK_AFTER_S, BackgroundThread
from . import log
from .bell.exchange import Exchange
from .bell.waking import Bell
from .catalogue import corrections
from .close_codes import INTERNAL_ERROR
from .hub import Hub
from .message import Message

logger = logging.getLogger(__name__)

#: Seconds after which the log is read without a ring: another process may have written.
POLL_S = 1.0
ROWS_PER_READ = 500

LAG = metrics.histogram(
    "collab_fanout_lag_seconds",
    "From writing an event until all its followers have it; for the oldest of those "
    "that are published together.",
)
DELIVERED = metrics.counter(
    "collab_fanout_delivered", "Events and signals, once for each who got them.", ("kind",)
)


class Broadcaster(BackgroundThread):
    """Reads new rows in the order of their ids and passes them to the hub."""

    patience_s = 5.0
    stuck_after_s = STUCK_AFTER_S

    def __init__(self, app: Flask, hub: Hub, bell: Bell, exchange: Exchange | None = None) -> None:
        """Make it; an `exchange` tells other processes of signals and presence."""
        super().__init__("broadcaster")
        self._app, self._hub, self._bell, self._exchange = app, hub, bell, exchange
        #: Held by the thread that publishes: one at a time, or two could swap what they have.
        self._publishing = threading.Lock()
        self._ticked = threading.Condition()
        self._ticks = 0

    def _prepare(self) -> None:
        """Begin after the newest row."""
        with self._app.app_context():
            self._hub.position = log.last_id()
        self._bell.attended = True

    def _wake(self) -> None:
        self._bell.ring()

    def drain(self, timeout: float = 10) -> None:
        """Wait until everything committed before this call has been published."""
        with self._ticked:
            # The current tick may have read before the commit; the next one will not.
            wanted = self._ticks + 2
            self._bell.ring()
            while self._ticks < wanted:
                if not self._ticked.wait(timeout):
                    raise TimeoutError("the broadcaster does not tick")
                self._bell.ring()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._beat()
            self._bell.wait(POLL_S)
            try:
                self._tick()
            except SQLAlchemyError as error:
                if self._stopping.is_set():  # its database may be gone by now
                    break
                logger.error("the log can't be read, trying again: %s", error)
                self._stopping.wait(POLL_S)
                self._bell.ring()  # this tick took the ring, and its rows are still unread
            except Exception:
                logger.exception("the broadcaster stumbled, trying again")
                self._stopping.wait(POLL_S)
                self._bell.ring()
            with self._ticked:
                self._ticks += 1
                self._ticked.notify_all()
        self._bell.attended = False
        self._bell.tell_afar()
        self._bell.wake_others()

    def _tick(self) -> None:
        """Publish the rows that are new, then the signals that waited before the rows were read.

        A signal sent after a commit thus follows the row, and never reaches somebody whose right
        to it that row took away.
        """
        with self._publishing:
            # Counted before the rows are read: a later signal may belong after a row that is not
            # read yet.
            waiting, crossing = len(self._hub.signals), len(self._hub.crossing)
            if self._bell.take_rows():  # checked after counting, for that order
                self._bell.tell_afar()
                with self._app.app_context():
                    while self._publish_rows():
                        pass
                self._bell.wake_others()
            self._tell(waiting)
        if self._exchange is not None:
            self._exchange.tell(crossing)
        if self._hub.resuming:
            with self._app.app_context():
                self._resume(len(self._hub.resuming))

    def _tell(self, count: int) -> None:
        """Publish the signals that have been waiting longest."""
        if count:
            given = self._hub.tell([self._hub.signals.popleft() for _ in range(count)])
            DELIVERED.of(self._app).child("signal").inc(given)

    def tell_here(self) -> None:
        """Publish the waiting signals in the caller's thread.

        Not while another thread publishes, and not before rows that may have been committed
        earlier: then the broadcaster's own thread is rung for them. So the order stays the same.
        """
        if self._publishing.acquire(blocking=False):
            try:
                waiting = len(self._hub.signals)
                if not self._bell.rows_wait:  # checked after counting, as in a tick
                    self._tell(waiting)
                    if not self._hub.crossing:  # otherwise the broadcaster tells other processes
                        return
            except Exception:
                logger.exception("signals could not be told")
                return
            finally:
                self._publishing.release()
        self._bell.ring_for_signal()

    def _resume(self, count: int) -> None:
        """Let those continue who have caught up meanwhile, with what has been published by now."""
        # No more than were there at first: those who ask again at once would keep rows waiting.
        for _ in range(count):
            subscriber = self._hub.resuming.popleft()
            try:
                subscriber.resume()
            except Exception:
                logger.exception("a subscriber could not go on")
                # It reconnects with the last id that it saw, and so misses nothing.
                subscriber.end(INTERNAL_ERROR, "Something broke on our side.")

    def _publish_rows(self) -> bool:
        """Publish the next rows; return whether there may be more.

        Rows that come while these are published are left to the next tick, or writers that never
        pause would hold signals back.
        """
        batch = log.read_after(self._hub.position, ROWS_PER_READ)
        given = self._publish([Message.of(row) for row in batch.rows])
        if batch.rows:
            lag = (utcnow() - batch.rows[0].time).total_seconds()
            LAG.of(self._app).child().observe(max(0.0, lag))
            DELIVERED.of(self._app).child("event").inc(given)
        return batch.more

    def _publish(self, messages: Sequence[Message]) -> int:
        """Publish a batch in pieces that end where rights change; return how many were given."""
        start = given = 0
        for index, message in enumerate(messages, 1):
            if message.type in corrections():
                # Including the row itself: people who lose the right by it still learn why.
                given += self._hub.publish(messages[start:index])
                # Between the row and the next one: nothing after it reaches people who just lost
                # the right.
                self._hub.correct(message)
                start = index
        if start < len(messages):
            given += self._hub.publish(messages[start:])
        return given
