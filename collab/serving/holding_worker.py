"""The part of the worker that handles requests waiting for something other than bytes."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable
from typing import Any

from .deadlines import NO_DEADLINE, Deadlines
from .holding import Held
from .peer import Peer
from .threads import Threads

EVENT_READ = selectors.EVENT_READ

#: Threads that answer requests which have waited: an event may wake all of them at once, and new
#: requests must not queue after them.
RESUMING_THREADS = 4


class Holding:
    """Holds requests, in the worker's own thread; a worker is made with it."""

    method_queue: Any
    _deadlines: Deadlines[Peer]
    _watch: Callable[[Peer, int, Callable[[Peer], None]], None]
    _submit: Callable[[Peer, Threads, Callable[[], bool | Held]], None]

    def init_process(self) -> None:
        """Start working, in the forked process."""
        self._resuming = Threads("resuming", RESUMING_THREADS)
        super().init_process()  # type: ignore[misc]

    def run(self) -> None:
        """Serve until told to stop."""
        try:
            super().run()  # type: ignore[misc]
        finally:
            self._resuming.shutdown()

    def _hold(self, peer: Peer, held: Held) -> None:
        """Wait until what a request waits for happens, its time is over, or its client leaves."""
        peer.held = held
        self._deadlines.set(peer, held.waiting.deadline)
        self._watch(peer, EVENT_READ, self._on_end)
        held.waiting.when_woken(lambda: self.method_queue.defer(self._resume, peer, held))

    def _on_end(self, peer: Peer) -> None:
        """Learn that a waiting client has left; anything else that comes is the next request."""
        try:
            # Only peeked at: a pipelined request stays where it is.
            left = not peer.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            left = True
        self._watch(peer, 0, self._on_end)
        if left and peer.held is not None:
            peer.held.waiting.leave()

    def _resume(self, peer: Peer, held: Held) -> None:
        """Answer a request that has waited, once for each time that it was held."""
        # It may be woken twice, by an event and by its deadline.
        if peer.held is not held:
            return
        peer.held = None
        self._watch(peer, 0, self._on_end)
        self._deadlines.set(peer, NO_DEADLINE)
        self._submit(peer, self._resuming, held.answer)
