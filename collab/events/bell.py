"""What a commit rings: those who follow the log wake, and cached rights are read again."""

from __future__ import annotations

import threading


class Bell:
    """Wakes the broadcaster, and other readers; costs nothing when they are awake already."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._rows = True
        #: What readers besides the broadcaster wait for.
        self._others: tuple[threading.Event, ...] = ()
        #: Grows with every commit that changed somebody's rights.
        self.rights_epoch = 0

    def ring(self, *, rights_changed: bool = False) -> None:
        """Say that there are new rows."""
        # In this order: whoever wakes finds the rows announced, and the caches of rights outdated.
        if rights_changed:
            self.rights_epoch += 1
        self._rows = True
        self._rung.set()
        for other in self._others:
            if not other.is_set():
                other.set()

    def wake_too(self) -> threading.Event:
        """Return an event that each ring for new rows sets; whoever waits for it clears it."""
        made = threading.Event()
        self._others += (made,)
        return made

    def ring_for_signal(self) -> None:
        """Say that there is something new which is not in the log."""
        self._rung.set()

    def wait(self, timeout: float) -> None:
        """Sleep until the bell rings, or for `timeout` seconds.

        The log is read after a silence, too: another process may have written.
        """
        if not self._rung.wait(timeout):
            self._rows = True
        self._rung.clear()

    def take_rows(self) -> bool:
        """Return, once, whether there may be new rows."""
        rows = self._rows
        if rows:  # else a ring in this moment would be lost
            self._rows = False
        return rows
