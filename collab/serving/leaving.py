"""How a server leaves without breaking off a request: it admits nobody new, and answers the rest.

If a port is closed, the system resets connections that wait to be accepted, together with their
requests. So newcomers are kept out first, who learn a moment later that the port is closed and go
elsewhere; waiting connections are accepted; then the port is closed.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable
from typing import Any

from gunicorn.arbiter import Arbiter

from .deadlines import NO_DEADLINE, Deadlines
from .lone.watcher import HELD_SIGNALS, keep_newcomers_out
from .peer import Peer

#: Seconds that the rest of a request may take once the server has been told to stop.
REST_S = 0.5
#: Seconds in which a connection that was being made is complete: a few round trips.
HANDSHAKE_S = 0.2


class LeavingArbiter(Arbiter):  # type: ignore[misc]
    """The parent of several workers: it keeps newcomers out before it tells the workers to leave.

    Where one process serves, `lone/watcher.py` does that.
    """

    def spawn_worker(self) -> int:
        """Start a worker; returns its number. Signals that come meanwhile wait.

        Until the worker has handlers of its own it would handle them like its parent, and so do
        nothing.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)  # which a fork inherits
        try:
            return int(super().spawn_worker())
        finally:
            if os.getpid() == self.pid:  # the worker gets them once it has handlers
                signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)

    def stop(self, graceful: bool = True) -> None:
        """Stop the workers."""
        for listener in self.LISTENERS:
            keep_newcomers_out(listener.sock)
        super().stop(graceful)


class Leaving:
    """Leaves, in the worker's own thread; a worker is made with it."""

    alive: bool
    cfg: Any
    sockets: list[Any]
    method_queue: Any
    accepts_in_a_row: int
    _deadlines: Deadlines[Peer]
    _waiting: set[Peer]
    _drop: Callable[[Peer], None]
    _on_readable: Callable[[Peer], None]
    accept: Callable[[Any], None]
    wait_for_and_dispatch_events: Callable[[float], None]

    #: Seconds for which requests on open connections are still answered, each as the last one of
    #: its connection. Set by the server's creator, before the fork.
    drain_seconds = 0
    #: When idle connections are closed, and those on which only a part of a request has come.
    _leaves_at = NO_DEADLINE
    _last_rest_at = NO_DEADLINE

    def begin_to_leave(self) -> None:
        """Close idle connections, now or when the drain is over."""
        self._leaves_at = time.monotonic() + self.drain_seconds
        self._last_rest_at = self._leaves_at + REST_S
        for peer in list(self._waiting):
            self._look_again(peer)

    def _look_again(self, peer: Peer) -> None:
        """Answer what has come meanwhile on a connection, or close it if it is idle."""
        if peer.held is not None or peer.events != selectors.EVENT_READ:
            return
        if not peer.stays:
            self._drop(peer)
            return
        if peer.gatherer.idle:
            self._on_readable(peer)
        if peer not in self._waiting or not peer.stays:
            return
        if not peer.gatherer.idle:
            self._deadlines.set(peer, min(peer.deadline, self._last_rest_at))
            return
        # A request may be on its way: a client that has just connected is about to send one.
        at = max(self._leaves_at, peer.begun + REST_S)
        if time.monotonic() < at:
            self._deadlines.set(peer, min(peer.deadline, at))
        else:
            self._drop(peer)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not; at the end those that wait, and then no more."""
        if self.alive:
            super().set_accept_enabled(enabled)  # type: ignore[misc]
            return
        self._accept_last()
        super().set_accept_enabled(False)  # type: ignore[misc]
        for listener in self.sockets:
            listener.close()
        self.sockets = []  # the signal may have come in a turn of the loop that calls this again

    def _accept_last(self) -> None:
        """Accept the connections that came before the port was closed to newcomers."""
        until = time.monotonic() + min(self.drain_seconds, HANDSHAKE_S)
        while (left := until - time.monotonic()) > 0:
            self.wait_for_and_dispatch_events(left)
        self.accepts_in_a_row = self.cfg.backlog
        for listener in self.sockets:
            self.accept(listener)
