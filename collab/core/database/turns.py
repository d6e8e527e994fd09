"""Whose turn it is to write, among the writers of one process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection

from ..caller import acting
from ..counting import metrics
from ..counting.debts import Debts
from ..errors import Unavailable
from ..slots import Slot
from ..transactions.fair_lock import FairLock

WRITER_WAIT = metrics.histogram(
    "collab_database_writer_wait_seconds", "How long changes have waited for their turn to write."
)
#: Notes on a pooled connection whose turn it has, and the CPU time at which it began.
TURN_NOTE = "collab.turn"
#: CPU seconds that a person may spend writing at once, some thirty new tasks, and then of each
#: second: so fifty people may write all the time.
FREE_CPU_S = 0.1
CPU_S_PER_S = 0.02
#: CPU seconds that are remembered for a person: those past FREE_CPU_S are forgotten after five.
MAX_CPU_S = 0.2
#: Seconds by which a person who has used more is put back in the queue: so they get their turn,
#: too.
BEHIND_S = 1.0


class WriterTurns:
    """Lets the writers of this process take turns.

    A database makes a second writer wait, too: SQLite by sleeping and trying again, up to 0.1 s at
    a time. Then whoever tries at the right moment wins, and among many, some wait for seconds. A
    lock wakes the next one at once, and nobody takes it again while another has waited for long.
    Web processes that share a file share such a lock; all others take turns in the database's own
    way.

    People who have written much lately stand behind those who come after them: so the largest files
    of one person, or of ten, cost everybody else one of their turns each time, and no queue.
    """

    def __init__(
        self,
        patience_s: float,
        waited: Callable[[float], None],
        lock: FairLock | None = None,
        cpu_s: Callable[[], float] = time.thread_time,
    ) -> None:
        """Make it; `waited` is told how long each turn was waited for, in seconds, even in vain."""
        self._lock, self._patience_s, self._waited = lock or FairLock(), patience_s, waited
        self._debts, self._cpu_s = Debts(CPU_S_PER_S), cpu_s

    def take(
        self, connection: Connection, before_waiting: Callable[[], None] | None = None
    ) -> None:
        """Wait for the connection's turn, which lasts until its commit is written.

        Or until the connection is returned to the pool. `before_waiting` is called unless the turn
        comes at once.
        """
        if not connection.info.get(TURN_NOTE):
            began, who = time.perf_counter(), acting()
            taken = before_waiting is not None and self._lock.acquire(timeout=0)
            if not taken:
                if before_waiting is not None:
                    before_waiting()
                behind_s = self._behind(who.user_id) if who else 0.0
                taken = self._lock.acquire(self._patience_s, behind_s)
            # In vain or not: an abandoned wait is the longest, and must not be missing from the
            # numbers.
            self._waited(time.perf_counter() - began)
            if not taken:
                raise Unavailable("Too many writers are waiting.")
            connection.info[TURN_NOTE] = who and who.user_id, self._cpu_s()

    def _behind(self, person: int) -> float:
        return BEHIND_S if self._debts.owed(person) > FREE_CPU_S else 0.0

    @contextlib.contextmanager
    def one(self, patience_s: float) -> Iterator[bool]:
        """Have a turn within this block; returns whether it came in time."""
        taken = self._lock.acquire(timeout=patience_s)
        try:
            yield taken
        finally:
            if taken:
                self._lock.release()

    @property
    def taken(self) -> bool:
        """Return whether a thread of this process is writing, or waiting for another process."""
        return self._lock.locked()

    def end(self, info: dict[Any, Any]) -> None:
        """Pass on the turn that a connection had, as its `info` says."""
        # Noted on the connection, so that it is passed on once, by the commit or by the pool.
        if turn := info.pop(TURN_NOTE, None):
            person, began = turn
            if person is not None:
                # CPU time, so that nobody pays for a slow disk or for others.
                owed = self._debts.owed(person) + max(0.0, self._cpu_s() - began)
                self._debts.note(person, min(MAX_CPU_S, owed))
            self._lock.release()

    def given_back(self, driver: object, record: Any) -> None:
        """Pass the turn on; the pool calls this when a connection comes back."""
        self.end(record.info)


TURNS: Slot[WriterTurns] = Slot("turns")
