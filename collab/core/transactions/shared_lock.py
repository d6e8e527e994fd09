"""A lock between the threads of several processes, in which no process starves another.

Left to SQLite, a process that waits for another's transaction sleeps and tries again, up to 0.1 s
at a time; one whose threads write one after the other leaves it no moment in which that succeeds.
Here the first to wait takes a place at the door, which the one inside has to pass, too, before it
can enter again. The system releases both locks when a process is killed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from ..storage.file_lock import FileLock
from .fair_lock import FairLock

#: Seconds between two attempts at a lock that another process has; doubled up to the second one.
FIRST_PAUSE_S = 0.0001
MAX_PAUSE_S = 0.001

DOOR_SUFFIX = "-door"
TURN_SUFFIX = "-turn"


class SharedLock(FairLock):
    """The same lock, for the processes that share a file's path: threads first, then processes."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._paths = [path.with_name(path.name + end) for end in (DOOR_SUFFIX, TURN_SUFFIX)]
        self._files: list[FileLock] = []
        #: Which process opened them: a lock belongs to an opened file, which a fork would share.
        self._pid = 0

    def acquire(self, timeout: float, behind_s: float = 0.0) -> bool:
        """Wait for the lock; returns False if it did not come within so many seconds.

        `behind_s` is the place among the threads of this process.
        """
        end = self._clock() + timeout
        # Threads first: a file's lock belongs to the process, and keeps none of its threads apart.
        if not super().acquire(timeout, behind_s):
            return False
        try:
            entered = self._enter(end)
        except OSError:
            super().release()
            raise
        if not entered:
            super().release()
        return entered

    def release(self) -> None:
        """Release it: for the one that waits at the door, or comes first."""
        # The file first: the next thread has the same open file, which this would unlock under it.
        self._files[1].release()
        super().release()

    def _enter(self, end: float) -> bool:
        door, turn = self._opened()
        if not self._locked(door, end):
            return False
        try:
            return self._locked(turn, end)
        finally:
            door.release()

    def _opened(self) -> list[FileLock]:
        if self._pid != os.getpid():
            self._files, self._pid = [FileLock(one) for one in self._paths], os.getpid()
        return self._files

    def _locked(self, file: FileLock, end: float) -> bool:
        pause_s = FIRST_PAUSE_S
        while not file.try_take():
            if self._clock() >= end:
                return False
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, MAX_PAUSE_S)
        return True

    def close(self) -> None:
        """Close the files."""
        if self._pid == os.getpid():
            for one in self._files:
                one.close()
            self._pid = 0
