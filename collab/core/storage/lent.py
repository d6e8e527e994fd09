"""A file that stays until its last reader is done: it may be sent long after it was made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import IO


class LentFile:
    """A file for reading; senders borrow it, and `when_over` is called after the last."""

    def __init__(self, file: IO[bytes], when_over: Callable[[], None]) -> None:
        self._file, self._when_over = file, when_over
        self._holders, self._lock = 1, threading.Lock()
        # Unchanged: an answer reads the file, or sends it by its descriptor.
        self.read, self.seek, self.tell, self.fileno = (
            file.read,
            file.seek,
            file.tell,
            file.fileno,
        )

    def lend(self) -> Callable[[], None]:
        """Add a reader, with a descriptor of its own; returns what to call when it is done."""
        with self._lock:
            self._holders += 1
        return self._give_back

    def close(self) -> None:
        """Close it here; others may still have it open."""
        if not self._file.closed:
            self._file.close()
            self._give_back()

    def _give_back(self) -> None:
        with self._lock:
            self._holders -= 1
            over = not self._holders
        if over:
            self._when_over()
