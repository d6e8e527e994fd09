"""Deadlines of many connections: moving one costs nothing, and the next one is found at once."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

#: No deadline.
NO_DEADLINE = math.inf

#: Dead entries that are not worth removing.
SPARE_ENTRIES = 16


class Mortal(Protocol):
    """What has a deadline; both times are on the monotonic clock."""

    #: When it is over.
    deadline: float
    #: When it is next checked, which may be earlier.
    looked_at: float


T = TypeVar("T", bound=Mortal)


class Deadlines(Generic[T]):
    """A heap with one live entry for each; one that was put off is noticed when it is checked.

    Entries without a deadline are removed before they are more than half of the heap.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._order = itertools.count()
        #: How many have a deadline.
        self._live = 0

    def __len__(self) -> int:
        """Return how many entries there are, including dead ones."""
        return len(self._heap)

    def set(self, one: T, at: float) -> None:
        """Set, move or (`NO_DEADLINE`) remove a deadline."""
        self._live += (at < NO_DEADLINE) - (one.deadline < NO_DEADLINE)
        one.deadline = at
        # Only an earlier check needs an entry: most deadlines are put off, which then costs
        # nothing.
        if at < one.looked_at:
            self._look(one)
        if len(self._heap) > 2 * self._live + SPARE_ENTRIES:
            self._compact()

    def due(self, now: float) -> Iterator[T]:
        """Remove and yield everything whose deadline has come."""
        while self._heap and self._heap[0][0] <= now:
            at, _, one = heapq.heappop(self._heap)
            if at != one.looked_at:
                continue  # the deadline was moved forward: there is another entry
            one.looked_at = NO_DEADLINE
            if one.deadline <= now:
                self.set(one, NO_DEADLINE)
                yield one
            elif one.deadline < NO_DEADLINE:
                self._look(one)

    def pop(self) -> T | None:
        """Remove and return what is to be checked next."""
        while self._heap:
            at, _, one = heapq.heappop(self._heap)
            if at == one.looked_at:
                one.looked_at = NO_DEADLINE
                if one.deadline < NO_DEADLINE:
                    self.set(one, NO_DEADLINE)
                    return one
        return None

    def next(self) -> float:
        """Return when to check again; `NO_DEADLINE` if there is nothing to check."""
        return self._heap[0][0] if self._heap else NO_DEADLINE

    def _look(self, one: T) -> None:
        one.looked_at = one.deadline
        heapq.heappush(self._heap, (one.deadline, next(self._order), one))

    def _compact(self) -> None:
        """Remove the dead entries; each was one call of `set`, which pays for this."""
        alive = {id(one): one for at, _, one in self._heap if at == one.looked_at}
        self._heap = []
        for one in alive.values():
            one.looked_at = NO_DEADLINE
            if one.deadline < NO_DEADLINE:
                self._look(one)
