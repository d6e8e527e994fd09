"""Chores: what a process does regularly beside its requests, a short step at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ...frozen import frozen

#: Does a bounded part; returns whether there is more to do.
Step = Callable[[], bool]


@frozen
class Chore:
    """Something that is done at intervals, step by step until there is no more to do."""

    name: str
    every_s: float
    step: Step


class Agenda:
    """The chores of one thread, and when each is due: at the start, and then at intervals."""

    def __init__(self, *chores: Chore) -> None:
        self.chores = list(chores)
        self._due: dict[str, float] = {}

    def due(self) -> list[Chore]:
        """Return the chores that are due, in the order in which they were given."""
        now = time.monotonic()
        return [one for one in self.chores if now >= self._due.get(one.name, 0.0)]

    def rest_s(self) -> float:
        """Return the seconds until one is due: below 0 if overdue, infinite if there are none."""
        first = min((self._due.get(one.name, 0.0) for one in self.chores), default=math.inf)
        return first - time.monotonic()

    def put_off(self, chore: Chore) -> None:
        """Make a chore due again an interval from now."""
        self._due[chore.name] = time.monotonic() + chore.every_s

    def have_all_due(self) -> None:
        """Make all due now, whenever they were last done."""
        self._due.clear()
