"""Engine.IO's own pings: the server asks, and a client that hears none for too long gives up."""

from __future__ import annotations

import time
from collections.abc import Callable

from simple_websocket import ConnectionClosed

from ..transport.frames import text_frame
from ..transport.wire import Wire
from . import packets

#: Seconds that a client waits for a late ping, and we for a client that polls.
PATIENCE_S = 20
PING_FRAME = text_frame(packets.PING_PACKET)


class Heartbeat:
    """When the next ping is due, and when a client that polls counts as gone.

    Over a WebSocket the protocol's own pings tell whether somebody is there.
    """

    def __init__(self, seconds: int, seen_at: Callable[[], float] | None = None) -> None:
        """Make one; `seen_at` tells when a client that polls was last heard of."""
        self._seconds, self._seen_at = seconds, seen_at
        self._due_at = time.monotonic() + seconds

    def tick(self, wire: Wire) -> None:
        """Send a ping if it is time; raises ConnectionClosed if nobody polls any more."""
        now = time.monotonic()
        if wire.readable:
            self._seen_at = None
        if self._seen_at is not None and now > self._seen_at() + self._seconds + PATIENCE_S:
            wire.abort()
            raise ConnectionClosed
        if now >= self._due_at:
            self._due_at = now + self._seconds
            wire.push(PING_FRAME)

    def patience(self) -> float:
        """Return the seconds until the next ping."""
        return self._due_at - time.monotonic()
