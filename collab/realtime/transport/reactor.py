"""One thread that waits for all sockets: for bytes to read, for room to write, for deadlines."""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from ...core.parts import BackgroundThread
from ...serving.deadlines import NO_DEADLINE, Deadlines
from ...serving.deadlines import Mortal as Timed
from ...serving.threads import Threads, Work
from ..unsent import Scales, Weighty

log = logging.getLogger(__name__)

EVENT_READ = selectors.EVENT_READ
EVENT_WRITE = selectors.EVENT_WRITE

#: Seconds that the reactor may take to release a connection.
RELEASE_PATIENCE_S = 2.0
#: Threads that carry out what sockets send.
TURN_THREADS = 16


class Mortal(Timed, Protocol):
    """A connection that has to end in time."""

    def abort(self) -> None:
        """End the connection."""


class Watched(Mortal, Protocol):
    """A wire, as the reactor sees it."""

    def fileno(self) -> int:
        """Return the descriptor."""

    def flush(self) -> bool:
        """Send more; return whether everything is sent."""


class Waiting(Timed, Protocol):
    """A parked connection, as the reactor sees it."""

    @property
    def wire(self) -> Watched:
        """Return the socket."""

    def at_once(self) -> bool:
        """Read, and carry out what takes no time; return whether nothing else is left to do."""

    def rouse(self) -> None:
        """Have a turn: the peer sends something."""

    def due(self) -> None:
        """Do what is due at the deadline."""


class Releasable(Waiting, Protocol):
    """A connection that goes back to the server, alive."""

    released: threading.Event


class Reactor(BackgroundThread):
    """Waits for sockets to be readable or writable. Only its own thread touches the selector."""

    patience_s = 2.0

    def __init__(
        self, threads: int = TURN_THREADS, on_cut: Callable[[], None] = lambda: None
    ) -> None:
        """Make it; `on_cut` is called for each connection whose reader was too slow."""
        super().__init__("reactor")
        self.on_cut = on_cut
        self._threads = threads
        self._events: dict[Watched, int] = {}
        self._watched: set[Weighty] = set()
        self._scales = Scales()
        self._reading: dict[Watched, Waiting] = {}
        self._deadlines: Deadlines[Waiting] = Deadlines()
        self._expiring: Deadlines[Mortal] = Deadlines()
        self._commands: deque[Callable[[], None]] = deque()

    def _prepare(self) -> None:
        """Open what must not be shared across a fork."""
        self._turns = Threads("turn", self._threads, daemon=True)
        self._selector = selectors.DefaultSelector()
        self._waker, self._wakened = socket.socketpair()
        self._wakened.setblocking(False)
        # A sleeping selector only wakes for descriptors, so commands come with a byte on this one.
        self._selector.register(self._wakened, selectors.EVENT_READ)

    def stop(self) -> None:
        """End the thread; wires that are still open are left alone."""
        super().stop()
        if not self.started:
            return
        # Not waited for: the server has to end in time, whatever a turn is doing.
        self._turns.stop()
        for resource in (self._selector, self._waker, self._wakened):
            resource.close()

    def _wake(self) -> None:
        if self.started:
            self._tell(lambda: None)

    def weigh(self) -> None:
        """Check soon whether too much is unsent in all."""
        self._tell(self._scales.more_waits)

    def watch(self, wire: Weighty) -> None:
        """Flush a wire when its peer takes more."""
        self._tell(lambda: self._watch(wire))

    def expire(self, one: Mortal, at: float) -> None:
        """Abort a connection at a time on the monotonic clock."""
        self._tell(lambda: self._expiring.set(one, at))

    def forget(self, one: Mortal) -> None:
        """Release a connection that has ended."""
        self._tell(lambda: self._forget(one))

    def submit(self, turn: Work) -> None:
        """Run a turn in one of the threads; none runs after the reactor has stopped."""
        self._turns.submit(turn)

    def park(self, one: Waiting, due: float, *, reading: bool) -> None:
        """Rouse a connection at its deadline and, if `reading`, when its peer sends something."""
        self._tell(lambda: self._park(one, due, reading=reading))

    def hasten(self, one: Waiting, due: float) -> None:
        """Rouse a connection sooner; its own thread may call this."""
        if due < one.deadline:
            self._deadlines.set(one, due)

    def unpark(self, one: Waiting) -> None:
        """Release a connection that is over."""
        self._tell(lambda: self._park(one, NO_DEADLINE, reading=False))

    def release(self, one: Releasable) -> None:
        """Release a connection; when this returns, its descriptor may be watched by others."""

        def let_go() -> None:
            self._park(one, NO_DEADLINE, reading=False)
            one.released.set()

        self._tell(let_go)
        # Until then the selector might report a descriptor that somebody else already has.
        one.released.wait(RELEASE_PATIENCE_S)

    def _park(self, one: Waiting, due: float, *, reading: bool) -> None:
        self._deadlines.set(one, due)
        if reading:
            self._reading[one.wire] = one
        else:
            self._reading.pop(one.wire, None)
        if not self._want(one.wire) and reading:
            self._reading.pop(one.wire, None)
            one.rouse()  # it was closed meanwhile

    def _want(self, wire: Any) -> bool:
        """Wait for what is wanted of a wire; return whether that is possible."""
        wanted = EVENT_WRITE * (wire in self._watched) | EVENT_READ * (wire in self._reading)
        known = self._events.pop(wire, 0)
        try:
            if not wanted:
                if known:
                    self._selector.unregister(wire)
                return True
            if known:
                self._selector.modify(wire, wanted)
            elif wire.fileno() >= 0:
                self._selector.register(wire, wanted)
            else:
                return False
        except (OSError, ValueError, KeyError):  # closed meanwhile
            with contextlib.suppress(OSError, ValueError, KeyError):
                self._selector.unregister(wire)
            return False
        self._events[wire] = wanted
        return True

    def _tell(self, command: Callable[[], None]) -> None:
        self._commands.append(command)  # before the byte: the woken thread finds the command
        with contextlib.suppress(OSError):  # it is already awake, or has ended
            self._waker.send(b"\0", socket.MSG_DONTWAIT)

    def _watch(self, wire: Any) -> None:
        self._watched.add(wire)
        if not self._want(wire):
            self._watched.discard(wire)

    def _forget(self, one: Any) -> None:
        self._watched.discard(one)
        self._reading.pop(one, None)
        self._want(one)
        self._expiring.set(one, NO_DEADLINE)

    def _run(self) -> None:
        while not self._stopping.is_set():
            for key, events in self._selector.select(self._patience()):
                if key.fileobj is self._wakened:
                    self._obey()
                else:
                    self._on(key.fileobj, events)
            now = time.monotonic()
            # A list, since what is due may set another deadline during the loop.
            for one in list(self._deadlines.due(now)):
                one.due()
            for wire in list(self._expiring.due(now)):
                wire.abort()
            self._scales.weigh(now, self._watched)

    def _patience(self) -> float | None:
        """Return the seconds until the next deadline."""
        nearest = min(self._expiring.next(), self._deadlines.next(), self._scales.due_at)
        return None if nearest == NO_DEADLINE else max(0.0, nearest - time.monotonic())

    def _obey(self) -> None:
        # Emptied first: the byte of a command that comes meanwhile wakes this again.
        with contextlib.suppress(BlockingIOError):
            self._wakened.recv(4096)
        while self._commands:
            self._commands.popleft()()

    @staticmethod
    def _is_done_at_once(one: Waiting) -> bool:
        try:
            return one.at_once()
        except Exception:
            # This thread reads for everybody: a fault in one connection must not end it.
            log.exception("what came at once failed, and is left to a turn")
            return False

    def _on(self, wire: Any, events: int) -> None:
        if events & EVENT_WRITE and wire in self._watched and wire.flush():
            self._watched.discard(wire)
        one = self._reading.get(wire) if events & EVENT_READ else None
        if one is not None and self._is_done_at_once(one):
            one = None
        if one is not None:
            # Once: nobody waits for it while its turn runs, and after that it parks again.
            del self._reading[wire]
        if one is not None or events & EVENT_WRITE:
            self._want(wire)
        if one is not None:
            one.rouse()
