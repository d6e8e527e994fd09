"""What a commit rings: those who follow the log wake, and cached rights are read again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ...core.transactions.disk import once_settled
from ...core.transactions.rights_epoch import RightsEpoch


class Bell:
    """Wakes the broadcaster and other readers; costs nothing when they are already awake."""

    def __init__(
        self, epoch: RightsEpoch | None = None, afar: Callable[[], object] = lambda: None
    ) -> None:
        """Make it; `afar` rings other processes. Without an `epoch` it has its own."""
        self._rung = threading.Event()
        self._rows = True
        #: What readers besides the broadcaster wait for.
        self._others: tuple[threading.Event, ...] = ()
        self._epoch, self._afar = epoch or RightsEpoch(), afar
        #: Whether other processes have not been rung since something was written here.
        self._untold = False
        #: Whether a thread of this process calls `tell_afar` and `wake_others`, so that writers
        #: need not.
        self.attended = False

    @property
    def rights_epoch(self) -> int:
        """Return a number that grows with every commit that changed somebody's rights."""
        return self._epoch.now()

    def outdate_rights(self) -> None:
        """Say that rights have changed, by whatever process."""
        self._epoch.move()

    def ring(self, *, rights_changed: bool = False) -> None:
        """Say that there are new rows, written in this process."""
        # In this order: a woken reader finds the rows announced, and the caches of rights outdated.
        if rights_changed:
            self._epoch.move()
        self._untold = True
        # Not before: a woken reader makes sure that what it reads is on disk.
        once_settled(self._ring)

    def _ring(self) -> None:
        self._wake()
        if not self.attended:
            self.tell_afar()

    def ring_here(self) -> None:
        """Say that there may be new rows of another process."""
        self._wake()

    def _wake(self) -> None:
        self._rows = True
        self._rung.set()
        if not self.attended:
            self.wake_others()

    def wake_others(self) -> None:
        """Wake the readers besides the broadcaster, which are in no hurry, after its followers.

        Woken together with it, each would take its turn at the GIL before anything is sent.
        """
        for other in self._others:
            # Checked first: `set` takes a lock, and a busy log rings for each commit.
            if not other.is_set():
                other.set()

    def tell_afar(self) -> None:
        """Ring other processes, if something was written here: many commits share a ring."""
        if self._untold:
            self._untold = False
            self._afar()

    def wake_too(self) -> threading.Event:
        """Return an event that is set after each ring for rows; its waiter clears it."""
        made = threading.Event()
        self._others += (made,)
        return made

    def ring_for_signal(self) -> None:
        """Say that there is something new that is not in the log."""
        self._rung.set()

    def wait(self, timeout: float) -> None:
        """Sleep until the bell rings, or for `timeout` seconds.

        The log is also read after a silence: another process may have written, and been killed
        before it could ring.
        """
        if not self._rung.wait(timeout):
            self._rows = True
        self._rung.clear()

    @property
    def rows_wait(self) -> bool:
        """Return whether there may be rows that nobody has taken."""
        return self._rows

    def take_rows(self) -> bool:
        """Return, once, whether there may be new rows."""
        rows = self._rows
        if rows:  # otherwise a ring in this moment would be lost
            self._rows = False
        return rows
