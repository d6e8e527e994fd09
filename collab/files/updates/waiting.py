"""Updates that refer to something that has not arrived yet."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ...frozen import frozen
from .structs import Update

#: How many wait for one document. Past it all are dropped: the editor that brings the missing part
#: is asked for all that it has anyway.
MAX_WAITING_UPDATES = 64
#: Bytes that may wait for one document, likewise.
MAX_WAITING_BYTES = 4 * 2**20
#: Pieces of all that wait: they may all become complete at once, in the texts' one thread, and a
#: piece takes some ten microseconds. The longest update that is accepted has fewer.
MAX_WAITING_PIECES = 25_000
#: Ranges that cost as much as a piece.
RANGES_A_PIECE = 10
#: How often one is tried: each time, part of what it waits for has arrived, and another part has
#: not.
MAX_ATTEMPTS = 8


def work_of(update: Update) -> int:
    """Return how much work it is to check an update again."""
    return update.count + sum(map(len, update.deletes.values())) // RANGES_A_PIECE


@frozen
class PendingUpdate:
    """An update, its person, and the clocks that it waits for."""

    update: Update
    person: int
    missing: dict[int, int]
    #: How much work it is to check it, and how often that was done.
    pieces: int
    tries: int

    @property
    def ready(self) -> PendingUpdate:
        """The same for an update that has arrived, where there was no room for all of it."""
        return replace(self, missing={0: 0})

    def is_over(self, clocks: dict[int, int]) -> bool:
        """Return whether something that it waits for has arrived."""
        return any(clocks.get(client, 0) >= clock for client, clock in self.missing.items())


class WaitingList:
    """The updates that wait."""

    def __init__(self) -> None:
        self._waiting: list[PendingUpdate] = []
        self._bytes = 0
        #: How much work all of them are together.
        self.pieces = 0
        #: CPU seconds of updates that had waited, by their person: the sender of the missing part
        #: does not pay for them.
        self._bills: defaultdict[int, float] = defaultdict(float)

    def add(self, one: PendingUpdate) -> None:
        """Keep an update until what it refers to has arrived, unless it was tried too often."""
        if one.tries >= MAX_ATTEMPTS:
            return
        self._waiting.append(one)
        self._bytes += len(one.update.data)
        self.pieces += one.pieces
        if (
            len(self._waiting) > MAX_WAITING_UPDATES
            or self._bytes > MAX_WAITING_BYTES
            or self.pieces > MAX_WAITING_PIECES
        ):
            self._waiting, self._bytes, self.pieces = [], 0, 0

    def take(self, clocks: dict[int, int]) -> PendingUpdate | None:
        """Take out the first for which something has arrived."""
        for at, waiting in enumerate(self._waiting):
            if waiting.is_over(clocks):
                self._bytes -= len(waiting.update.data)
                self.pieces -= waiting.pieces
                return self._waiting.pop(at)
        return None

    def is_over(self, clocks: dict[int, int]) -> bool:
        """Return whether there is one for which something has arrived."""
        return any(waiting.is_over(clocks) for waiting in self._waiting)

    @contextmanager
    def billed(self, one: PendingUpdate) -> Iterator[None]:
        """Charge what is done in this block to the person of an update that had waited."""
        began = time.thread_time()
        try:
            yield
        finally:
            self._bills[one.person] += time.thread_time() - began

    def take_bills(self) -> dict[int, float]:
        """Return, once, the CPU seconds of updates that had waited, by person."""
        bills, self._bills = self._bills, defaultdict(float)
        return bills
