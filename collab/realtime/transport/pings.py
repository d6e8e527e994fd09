"""Whether the peer of a WebSocket is still there: pings, and pongs in time (RFC 6455 §5.5.2)."""

from __future__ import annotations

import time

from ...events.close_codes import NO_PONG
from .frames import PING, frame
from .incoming import Source
from .wire import Wire


class Pings:
    """Pings a peer now and then, and closes the connection if one is not answered in time."""

    def __init__(self, wire: Wire, incoming: Source, seconds: float) -> None:
        self._wire, self._incoming, self._seconds = wire, incoming, seconds
        #: When the next one is due, on the monotonic clock.
        self.at = time.monotonic() + seconds

    def ping(self, now: float, *, reading: bool) -> None:
        """Send a ping, unless the last one was not answered; `reading`: all that came is read."""
        self.at = now + self._seconds
        if not reading:
            self._incoming.alive = True  # a pong may be there unread, which is not the peer's fault
            return
        if not self._incoming.alive:
            self._wire.shut(NO_PONG, "A ping was not answered in time.")
            return
        # Cleared before the ping goes out: a pong may come before the next line runs.
        self._incoming.alive = False
        self._wire.push(frame(PING, b""))
