"""What a commit rings: the broadcaster wakes, and cached rights are read anew."""

from __future__ import annotations

import threading


class Bell:
    """Wakes the broadcaster; costs nothing when it is awake already."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        #: Grows with every commit that changed somebody's rights.
        self.rights_epoch = 0

    def ring(self, *, rights_changed: bool = False) -> None:
        """Say that there is something new."""
        if rights_changed:
            self.rights_epoch += 1
        self._rung.set()

    def wait(self, timeout: float) -> None:
        """Sleep until the bell rings, or for `timeout` seconds."""
        self._rung.wait(timeout)
        self._rung.clear()
