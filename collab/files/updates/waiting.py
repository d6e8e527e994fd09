"""Updates that refer to what has not come yet."""

from __future__ import annotations

from dataclasses import dataclass

#: How many wait for one document, and their bytes. Past them all are let go of: whoever comes with
#: what is missing is asked for all that they have, in any case.
MOST, MOST_BYTES = 64, 4 * 2**20


@dataclass(frozen=True)
class Waiting:
    """An update, whose it is, and the clocks that it waits for."""

    update: bytes
    person: int
    missing: dict[int, int]

    def is_over(self, clocks: dict[int, int]) -> bool:
        """Tell whether something that it waits for has come."""
        return any(clocks.get(client, 0) >= clock for client, clock in self.missing.items())


class WaitingRoom:
    """The updates that wait."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._bytes = 0

    def add(self, update: bytes, person: int, missing: dict[int, int]) -> None:
        """Keep an update until what it refers to has come."""
        self._waiting.append(Waiting(update, person, missing))
        self._bytes += len(update)
        if len(self._waiting) > MOST or self._bytes > MOST_BYTES:
            self._waiting, self._bytes = [], 0

    def take(self, clocks: dict[int, int]) -> Waiting | None:
        """Take out the first for which something has come."""
        for at, waiting in enumerate(self._waiting):
            if waiting.is_over(clocks):
                self._bytes -= len(waiting.update)
                return self._waiting.pop(at)
        return None
