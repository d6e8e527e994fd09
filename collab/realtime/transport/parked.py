"""A WebSocket that waits without a thread, and gets one while there is something to do.

The reactor waits for it. Threads of a pool that all sockets share carry out what comes, in turns,
never two of one socket at once. A turn never waits for the peer: it ends and says what comes next.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

from flask import Flask
from simple_websocket import ConnectionClosed

from ...core import client_address
from ...core.errors import translated
from ...core.logging.lines import current_request_id, marked
from ...serving.deadlines import NO_DEADLINE
from . import pacing
from .incoming import Source
from .intake import End, Intake
from .pings import Pings
from .rest import Over, Rest
from .served import Next, Served, Work, released
from .wire import Wire

log = logging.getLogger(__name__)


class Parked:
    """A socket between its turns."""

    def __init__(
        self, app: Flask, wire: Wire, incoming: Source, end: End, *, ping_seconds: float
    ) -> None:
        self._app, self.wire, self._end = app, wire, end
        self._intake = Intake(wire, incoming, end)
        self._address, self._request_id = client_address.address(), current_request_id()
        self._served: Served | None = None
        self._work: Work | None = None
        self._left = False
        self._rest = Rest(wire, incoming)
        self._resume_at = self._drained_by = 0.0
        self._next = Next.NOW
        self._pings = Pings(wire, incoming, ping_seconds)
        self._lock = threading.Lock()
        self._running = self._again = False
        #: When the reactor should look at it, on the monotonic clock (`serving.deadlines`).
        self.deadline = self.looked_at = NO_DEADLINE
        #: Set when everything is over; then the descriptor is free.
        self.done = Over()
        self._at_end: list[Callable[[], None]] = []
        #: Who goes on elsewhere with the one who is served here; who comes here, in the next turn.
        self._heir: Parked | None = None
        self._comes: Served | None = None

    def start(
        self,
        served: Served | None,
        at_end: list[Callable[[], None]],
        ahead: bytes = b"",
        lingers: Callable[[], bool] = lambda: True,
    ) -> None:
        """Begin, or just end if there is nobody; `at_end` gives back what the connection held.

        `ahead` is what was read along with the handshake. `lingers` is called once a close has been
        sent, and returns whether the peer may take a moment to answer it.
        """
        self._at_end, self._lingers = at_end, lingers
        self._intake.ahead = ahead
        if served is None:
            self._left = True
            self._linger()
        else:
            self._served, self._work = served, served.begin()
        self.wire.serve_by(self.rouse)
        self.rouse()

    def serve(self, served: Served) -> Work:
        """Go on as another connection: its person is known now."""
        self._served = served
        return served.begin()

    def pass_on(self, heir: Parked) -> None:
        """Let another connection continue from this one, after everything that came here."""
        self._heir = heir
        self.rouse()

    def _inherit(self, served: Served) -> bool:
        """Continue from another connection; return whether this one is still there."""
        with self._lock:
            if self._left or self.wire.closing:
                return False
            served.moved(self.wire)
            self._comes = served
        self.rouse()
        return True

    def _welcome(self) -> None:
        """Go on with who has come from elsewhere: only now, since a turn may have been running."""
        if self._comes is not None:
            self._served, self._comes, self._resume_at = self._comes, None, 0.0

    # -- turns --------------------------------------------------------------------------------

    def rouse(self) -> None:
        """Have a turn soon. Any thread may ask for one, at any time."""
        with self._lock:
            if self._running or self.done.is_set:
                self._again = True
                return
            self._running = True
        self.wire.reactor.submit(self._run)

    def at_once(self) -> bool:
        """Carry out in the reactor's thread what has come, if it takes no time.

        Returns whether that is all; otherwise a turn continues with the rest.
        """
        served = self._served
        if served is None or not served.hurries or self._left:
            return False
        with self._lock:
            if self._running:
                return False
            self._running = True
        try:
            done = self._hurry(served)
        except ConnectionClosed:
            done = False  # the turn finds it closed, and leaves
        except Exception:
            log.exception("what was done at once failed, and is left to a turn")
            done = False
        self.wire.reactor.hasten(self, time.monotonic() + served.patience())
        with self._lock:
            self._running, again = False, self._again
            self._again = False
        return done and not again

    def _hurry(self, served: Served) -> bool:
        if self.wire.closing or self._work is not None or served.patience() <= 0:
            return False
        messages = self._intake.messages
        with self._whose():
            if not self._take_in(served):
                return False
            for _ in range(min(len(messages), pacing.MESSAGES_AT_ONCE)):
                if not served.at_once(messages[0]):
                    break
                self._intake.next()
            served.settle_at_once()
        return not messages and self._intake.close is None and self._owed(served) <= 0

    @contextlib.contextmanager
    def _whose(self) -> Iterator[None]:
        """Do everything within this block on behalf of the connection."""
        whose = client_address.assumed(self._address), marked(self._request_id)
        with self._app.app_context(), whose[0], whose[1]:
            yield

    def _run(self) -> None:
        try:
            self._next = self._turn()
        except Exception:
            log.exception("a socket's turn failed")
            self.wire.abort()
            self._next = Next.END
        if self._next is Next.END:
            self._finish()
            return
        if self._next is not Next.NOW:
            self._wait()
        with self._lock:  # an earlier call is not forgotten
            self._running, again = False, self._again
            self._again = False
        if again or self._next is Next.NOW:
            self.rouse()

    def _wait(self) -> None:
        """Tell the reactor what to wait for."""
        reactor, now = self.wire.reactor, time.monotonic()
        due = self._pings.at if not self._left else NO_DEADLINE
        if self._next is Next.PAUSE:
            due = min(due, self._resume_at)
        elif self._next is Next.DRAIN:
            due = min(due, self._drained_by)
            self.wire.when_drained(self.rouse)
        # A token's expiry waits for a reader who is catching up: earlier turns would do nothing.
        if self._served is not None and not self._left and self._next is not Next.DRAIN:
            due = min(due, now + max(0.0, self._served.patience()))
        reactor.park(self, due, reading=self._next is Next.READ and self.wire.readable)

    def due(self) -> None:
        """Ping, or have a turn; the reactor calls this at the deadline."""
        now = time.monotonic()
        if now >= self._pings.at and not self._left:
            self._pings.ping(now, reading=self._next is Next.READ)
        self.rouse()

    def _turn(self) -> Next:
        with self._whose():
            self._welcome()
            try:
                if not self._left and not self.wire.closing:
                    return self._go_on()
            except ConnectionClosed:
                pass  # the closing side has sent the one close frame
            except Exception as error:
                with contextlib.suppress(ConnectionClosed):
                    self._end(self.wire, translated(error), 0)
            self._leave()
        self._resume_at = NO_DEADLINE  # a pause now ends at the wire's deadline
        return self._rest.read()

    def _go_on(self) -> Next:
        """Carry out what has come; raises ConnectionClosed and whatever a handler raises."""
        handled = 0
        while self._served is not None:
            if self._work is not None and not self._advance(self._work):
                return Next.DRAIN
            served = self._served
            served.tick()
            if (pause := self._owed(served)) > 0:
                self._resume_at = time.monotonic() + pause
                served.settle()
                return Next.PAUSE
            if self._intake.messages:
                self._work = served.take(self._intake.next())
                continue
            if self._intake.close is not None:
                served.settle_all()
                self._intake.close()
                raise ConnectionClosed
            size = self._take_in(served) if handled < pacing.TURN_BYTES else 0
            if not size:
                served.settle()
                if self._heir is not None and handled < pacing.TURN_BYTES:
                    served.settle_all()
                    return self._hand_over(served, self._heir)
                return Next.READ if handled < pacing.TURN_BYTES else Next.NOW
            handled += size
        raise ConnectionClosed

    def _take_in(self, served: Served) -> int:
        """Read what is there; returns how many bytes. Raises ConnectionClosed."""
        size, pause = self._intake.take(served.join)
        if size:
            self._resume_at = time.monotonic() + pause
        return size

    def _hand_over(self, served: Served, heir: Parked) -> Next:
        if not heir._inherit(served):
            raise ConnectionClosed
        self._served, self._left = None, True
        return Next.END

    def _owed(self, served: Served) -> float:
        return max(served.pause(), self._resume_at - time.monotonic())

    def _advance(self, work: Work) -> bool:
        """Continue a handler once the peer has taken what was sent; return whether it ended."""
        if not self.wire.drained:
            if self._drained_by and time.monotonic() >= self._drained_by:
                self.wire.cut()
                raise ConnectionClosed
            if self._drained_by:
                return False
        for _ in work:
            if not self.wire.drained:
                self._drained_by = time.monotonic() + pacing.CATCH_UP_PATIENCE_S
                return False
        self._work, self._drained_by = None, 0.0
        return True

    # -- the end ------------------------------------------------------------------------------

    def _leave(self) -> None:
        with self._lock:  # from here on nothing is inherited
            if self._left:
                return
            self._left = True
        self._welcome()
        work, self._work = self._work, None
        try:
            released(self._served, work)
        finally:
            self._linger()

    def _linger(self) -> None:
        if not self._lingers():
            self.wire.abort()

    def _finish(self) -> None:
        self.wire.reactor.unpark(self)
        for step in self._at_end:
            step()
        self.done.set()
