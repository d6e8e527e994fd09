"""Queues in simulated time: what does one thing at a time, and what is done for many at once."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable

Then = Callable[[], None]


class Clock:
    """Simulated seconds: what is due is done in its order, and no time passes meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Then]] = []
        self._numbers = itertools.count()

    def after(self, seconds: float, then: Then) -> None:
        """Do something later."""
        heapq.heappush(self._due, (self.now + seconds, next(self._numbers), then))

    def run(self, until: float) -> None:
        """Do what is due until a time."""
        while self._due and self._due[0][0] <= until:
            self.now, _, then = heapq.heappop(self._due)
            then()
        self.now = until


class Station:
    """Does one thing at a time, first come, first served."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.busy = clock, 0.0
        self._waiting: deque[tuple[Callable[[], float], Then]] = deque()
        self._works = False

    def do(self, takes: Callable[[], float], then: Then) -> None:
        """Queue something: `takes` returns its seconds as it begins, `then` comes at its end."""
        self._waiting.append((takes, then))
        if not self._works:
            self._next()

    def _next(self) -> None:
        if not self._waiting:
            self._works = False
            return
        self._works = True
        takes, then = self._waiting.popleft()
        seconds = takes()
        self.busy += seconds

        def ended() -> None:
            then()
            self._next()

        self.clock.after(seconds, ended)


class Gathered:
    """Something that a station does for all who have come until it begins: a commit, a fan-out."""

    def __init__(
        self,
        station: Station,
        takes: Callable[[int], float],
        ended: Callable[[list[float]], None],
    ) -> None:
        self._station, self._takes, self._ended = station, takes, ended
        self._waiting: list[float] = []

    def add(self, since: float) -> None:
        """Let one more be done, which counts its time since then."""
        self._waiting.append(since)
        if len(self._waiting) > 1:
            return
        taken: list[float] = []

        def begin() -> float:
            taken.extend(self._waiting)
            self._waiting.clear()
            return self._takes(len(taken))

        self._station.do(begin, lambda: self._ended(taken))
