"""Which requests the thread with the loop answers, and which take too long for that."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Seconds after which an answer is a long one.
LONG_S = 0.01
#: Long answers in a row after which a kind of request goes to the pool. A few mean little: those of
#: the kind that the pool is still answering may have held the locks that this one waited for.
MAX_LONG_IN_A_ROW = 8
#: Seconds until such a kind is tried again; doubled each time.
FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 64.0
#: Kinds of requests that are remembered at once.
MAX_KINDS = 1024

_DIGITS = dict.fromkeys(map(ord, "0123456789"))


@dataclass
class _Record:
    """What is known about a kind whose last answer was long."""

    in_a_row: int = 0
    pause_s: float = FIRST_PAUSE_S
    #: Until when it goes to the pool.
    until: float = 0.0


class Pace:
    """Which kinds of requests took long the last times, judging by their heads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._slow: dict[int, _Record] = {}

    @staticmethod
    def kind_of(request: Any) -> int:
        """Return a number for a method and a path without digits, which mostly belong to ids."""
        return hash((request.method, request.path.translate(_DIGITS)))

    def is_long(self, kind: int) -> bool:
        """Return whether such a request goes to the pool now."""
        record = self._slow.get(kind)
        return record is not None and self._clock() < record.until

    def note(self, kind: int, seconds: float) -> None:
        """Learn for how long one has held the loop; any thread may call this."""
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
