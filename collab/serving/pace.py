"""Which requests are answered by the thread that has the loop, and which take too long for that."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Seconds after which an answer is a long one.
LONG_S = 0.01
#: Long answers in a row after which a kind of request is the pool's. A few say little: those of the
#: kind that the pool still answers may have kept the locks that this one waited for.
MAX_LONG_IN_A_ROW = 8
#: Seconds until such a kind is tried again, doubled each time.
FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 64.0
#: Kinds of requests that are remembered at once.
MAX_KINDS = 1024

_DIGITS = dict.fromkeys(map(ord, "0123456789"))


@dataclass
class _Record:
    """What is known of a kind of which the last answer was long."""

    in_a_row: int = 0
    pause_s: float = FIRST_PAUSE_S
    #: Until when it is the pool's.
    until: float = 0.0


class Pace:
    """Which kinds of requests took long the last times, as far as their heads tell."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._slow: dict[int, _Record] = {}

    @staticmethod
    def kind_of(request: Any) -> int:
        """Return a number for a method and a path without digits, which are mostly of ids."""
        return hash((request.method, request.path.translate(_DIGITS)))

    def is_long(self, kind: int) -> bool:
        """Return whether such a request is the pool's now."""
        record = self._slow.get(kind)
        return record is not None and self._clock() < record.until

    def note(self, kind: int, seconds: float) -> None:
        """Learn for how long one has kept the loop; any thread may tell."""
        if seconds < LONG_S:
            self._slow.pop(kind, None)
            return
        if len(self._slow) >= MAX_KINDS:
            self._slow = {}  # they are soon learned again
        record = self._slow.setdefault(kind, _Record())
        record.in_a_row += 1
        if record.in_a_row >= MAX_LONG_IN_A_ROW:
            record.in_a_row = 0
            record.until = self._clock() + record.pause_s
            record.pause_s = min(2 * record.pause_s, MAX_PAUSE_S)
