"""How much of the texts' one thread each person uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...core.counting.debts import Debts
from ...core.errors import Unavailable

#: CPU seconds that one person may use at once. An edit uses a thousandth of one; a class that types
#: fast never reaches this.
BURST_CPU_S = 2.0
#: CPU seconds that each further second adds.
CPU_S_PER_S = 0.25


class TooBusy(Unavailable):
    """Your edits take too long to merge: send them again, slowly."""


class Spending(Debts):
    """CPU time that people have used lately: those who used much make way for others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(CPU_S_PER_S, clock)

    @contextmanager
    def of(self, person: int, spent_s: float = 0.0) -> Iterator[None]:
        """Charge what is done here, and what was done before; raises TooBusy for too much."""
        if (owed := self.owed(person)) > BURST_CPU_S:
            raise TooBusy()
        # CPU time, so that nobody pays for a slow disk or for other people.
        began = time.thread_time() - spent_s
        try:
            yield
        finally:
            self.note(person, owed + time.thread_time() - began)

    def shift(self, seconds: float, payer: int, debtor: int) -> None:
        """Move a charge from one person to another."""
        # The sender of the missing part doesn't pay for what others had waiting for it.
        self.note(payer, self.owed(payer) - seconds)
        self.note(debtor, self.owed(debtor) + seconds)
