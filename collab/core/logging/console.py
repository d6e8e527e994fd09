"""The console's lines: one thread writes those of all, and nobody else waits for it."""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from typing import Any, TextIO

#: Lines that may wait for whoever writes; with more, their threads wait as well.
MAX_WAITING_LINES = 1000
#: Times that a thread writes what has come meanwhile; then the next one to come goes on.
MAX_TURNS_IN_A_ROW = 8


class Console(logging.StreamHandler[TextIO]):
    """Writes lines in their order; who finds another thread at it leaves their line to that one.

    Each write gives the interpreter away, and gets it back after all others had their 5 ms: if
    everybody waited for that in turn, as with a lock, a busy server could answer 200 requests a
    second and no more, and those that wait would all be in memory.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._lines: deque[str] = deque()
        #: Whether the one who writes will not look again.
        self._leaves = False

    def handle(self, record: logging.LogRecord) -> bool:
        """Write a line, unless a filter holds it back; without the lock, which `_write` takes."""
        passed = self.filter(record)
        if passed:
            self.emit(record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or have it written at once by the thread that is at it."""
        try:
            self._lines.append(self.format(record) + self.terminator)
            self._see_it_written()
        except RecursionError:  # as the base class does: to say so would go still deeper
            raise
        except Exception:
            self.handleError(record)

    def _see_it_written(self) -> None:
        lock: Any = self.lock  # which a fork makes anew; None is for handlers that need none
        # Looked at after the line was added: either we learn that they leave, or they find it.
        waits = self._leaves or len(self._lines) > MAX_WAITING_LINES
        while self._lines and lock.acquire(blocking=waits):
            try:
                self._write()
            finally:
                lock.release()
            if self._leaves:
                return
            waits = False

    def _write(self) -> None:
        """Write all that waits; the last turn is announced, so that who comes then waits."""
        self._leaves = False
        for left in reversed(range(MAX_TURNS_IN_A_ROW)):
            self._leaves = not left
            lines: list[str] = []
            with suppress(IndexError):  # what is collected as garbage may log here, and so write
                lines.extend(self._lines.popleft() for _ in range(len(self._lines)))
            if not lines:
                return
            self.stream.write("".join(lines))
            self.flush()
