"""Reconnecting: what a client followed is remembered for a while, and the log is replayed.

A client that was disconnected names its `pid` and the id of the last row that it saw. If both are
known, it follows the same topics again, gets the rows that it missed, and is told that it was
recovered: it keeps its ids. Signals (cursors, who came and went) are not repeated.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from ...core.slots import Slot
from ...events import log
from ...frozen import frozen

#: Seconds for which a client may come back.
REMEMBERED_S = 120.0
#: Clients that are remembered; past it, the oldest are forgotten.
MAX_REMEMBERED = 10_000


@frozen
class Left:
    """Somebody whose connection broke."""

    session_id: int
    sid: str
    topics: list[str]
    #: On the monotonic clock.
    at: float


class Recovery:
    """Who may come back."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, Left] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, pid: str, left: Left) -> None:
        """Remember somebody."""
        with self._lock:
            self._left[pid] = left
            if len(self._left) > MAX_REMEMBERED:
                self._left.popitem(last=False)

    def take(self, pid: str, session_id: int, after: int) -> Left | None:
        """Return who comes back, once; None if they can't be given everything that they missed."""
        with self._lock:
            left = self._left.get(pid)
            # A `pid` does not prove who comes: it counts only in the session that it was given to.
            if left is None or left.session_id != session_id:
                return None
            del self._left[pid]
        late = time.monotonic() - left.at > REMEMBERED_S
        return None if late or not log.recoverable(after) else left


RECOVERY: Slot[Recovery] = Slot("socket.io recovery", lambda _: Recovery())
