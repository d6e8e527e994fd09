"""The console's lines: one thread writes those of all threads, and nobody else waits."""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from typing import Any, TextIO

#: Lines that may wait for the thread that writes; with more, their own threads wait as well.
MAX_WAITING_LINES = 1000
#: Rounds in which a thread also writes what has come meanwhile; then the next one to come goes on.
MAX_TURNS_IN_A_ROW = 8


class Console(logging.StreamHandler[TextIO]):
    """Writes lines in order; a thread that finds another one writing leaves its line to that one.

    Each write releases the interpreter, and gets it back after all others had their 5 ms: if
    everybody waited for that in turn, as with a lock, a busy server could answer only 200 requests
    a second, and those that wait would all be in memory.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._lines: deque[str] = deque()
        #: Whether the thread that writes will not look again.
        self._leaves = False

    def handle(self, record: logging.LogRecord) -> bool:
        """Write a line, unless a filter holds it back; without the lock, which `_write` takes."""
        passed = self.filter(record)
        if passed:
            self.emit(record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or leave it to the thread that is writing now."""
        try:
            self._lines.append(self.format(record) + self.terminator)
            self._see_it_written()
        except RecursionError:  # as the base class does: logging it would go still deeper
            raise
        except Exception:
            self.handleError(record)

    def _see_it_written(self) -> None:
        lock: Any = self.lock  # which a fork makes anew; None is for handlers that need none
        # Checked after the line was added: either we see that the writer leaves, or it finds the
        # line.
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
        """Write all waiting lines; announces the last round, so that threads coming then wait."""
        self._leaves = False
        for left in reversed(range(MAX_TURNS_IN_A_ROW)):
            self._leaves = not left
            lines: list[str] = []
            with suppress(IndexError):  # a finalizer may log here, and so write
                lines.extend(self._lines.popleft() for _ in range(len(self._lines)))
            if not lines:
                return
            self.stream.write("".join(lines))
            self.flush()
