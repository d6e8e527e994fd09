"""How much of the texts' one thread each person takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...core.counting.debts import Debts
from ...core.errors import Unavailable

#: CPU seconds that one person may take at once. An edit takes a thousandth of one; a class that
#: types fast never meets this.
BURST_CPU_S = 2.0
#: CPU seconds of each further second.
CPU_S_PER_S = 0.25


class TooBusy(Unavailable):
    """Your edits take too long to merge: send them again, slowly."""


class Spending(Debts):
    """CPU time that people have taken lately: whoever took much makes way for others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(CPU_S_PER_S, clock)

    @contextmanager
    def of(self, person: int, spent_s: float = 0.0) -> Iterator[None]:
        """Note what is done here, and was before; raises TooBusy for whoever has taken too much."""
        if (owed := self.owed(person)) > BURST_CPU_S:
            raise TooBusy()
        # CPU time, so that nobody pays for a slow disk or for others.
        began = time.thread_time() - spent_s
        try:
            yield
        finally:
            self.note(person, owed + time.thread_time() - began)

    def shift(self, seconds: float, payer: int, debtor: int) -> None:
        """Move a charge from one person to another."""
        # Whoever sent the missing part pays nothing for what others had waiting for it.
        self.note(payer, self.owed(payer) - seconds)
        self.note(debtor, self.owed(debtor) + seconds)
