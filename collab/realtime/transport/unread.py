"""Reading from peers who should send nothing, such as readers of streams, to notice their end."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from ...serving.deadlines import NO_DEADLINE
from ...serving.holding import Waiting
from .incoming import Join, PeerClosed
from .reactor import Reactor

#: Bytes that a stream's reader may send before the stream ends.
UNREAD_BYTES = 64 * 1024


class Unread:
    """The bytes of a peer who should send nothing: they are ignored, if they are few."""

    def __init__(self) -> None:
        self.messages: deque[str | bytes] = deque()
        self.pings: list[bytes] = []
        self.debt_s = 0.0
        self.alive = True
        self._left = UNREAD_BYTES

    def feed(self, data: bytes, join: Join | None = None) -> None:
        """Ignore bytes; raises PeerClosed when there are too many."""
        self._left -= len(data)
        if self._left < 0:
            raise PeerClosed(b"")


class Leaving:
    """The socket of somebody who waits for an answer, in the reactor, to notice when they leave."""

    def __init__(self, sock: socket.socket, gone: Callable[[], None]) -> None:
        self._sock, self._gone = sock, gone
        self.deadline = self.looked_at = NO_DEADLINE
        self.released = threading.Event()

    @property
    def wire(self) -> Leaving:
        """Return what the selector watches."""
        return self

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._sock.fileno()

    def at_once(self) -> bool:
        """Do nothing at once."""
        return False

    def rouse(self) -> None:
        """Return whether there is an end to read; anything else is the next request."""
        try:
            # Only peeked at: the byte of a pipelined request stays for the server to read.
            gone = not self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            gone = False
        except OSError:
            gone = True
        if gone:
            self._gone()

    def due(self) -> None:
        """Do nothing: it has no deadline."""

    def flush(self) -> bool:
        """Send nothing: that is the request's business."""
        return True

    def abort(self) -> None:
        """End nothing: that is the request's business."""


def block(waiting: Waiting, sock: socket.socket | None, reactor: Reactor) -> None:
    """Wait in this thread until something has happened, the client leaves, or the time is over."""
    woken = threading.Event()
    waiting.when_woken(woken.set)
    leaving = None if sock is None else Leaving(sock, waiting.leave)
    if leaving is not None:
        reactor.park(leaving, NO_DEADLINE, reading=True)
    forever = waiting.deadline == NO_DEADLINE
    woken.wait(None if forever else max(0.0, waiting.deadline - time.monotonic()))
    if leaving is not None:
        reactor.release(leaving)
