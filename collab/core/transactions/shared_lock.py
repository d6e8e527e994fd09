"""A lock between the threads of several processes, in which no process starves another.

Left to SQLite, a process that waits for another's transaction sleeps and tries again, up to 0.1 s
at a time; one whose threads write one after the other leaves it no moment in which that succeeds.
Here whoever waits first takes a place at the door, which the one inside has to pass, too, before it
can enter again. The system takes both locks from a process that is killed.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

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
        self._files: tuple[int, int] = (-1, -1)
        #: Which process opened them: a lock belongs to an opened file, which a fork would share.
        self._pid = 0

    def acquire(self, timeout: float) -> bool:
        """Wait for the lock; returns False if it did not come within so many seconds."""
        end = self._clock() + timeout
        # Threads first: a file's lock belongs to the process, and keeps none of its threads apart.
        if not super().acquire(timeout):
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
        """Let go of it: for whoever waits at the door, or comes first."""
        # The file first: the next thread has the same open file, which this would unlock under it.
        fcntl.flock(self._files[1], fcntl.LOCK_UN)
        super().release()

    def _enter(self, end: float) -> bool:
        door, turn = self._opened()
        if not self._locked(door, end):
            return False
        try:
            return self._locked(turn, end)
        finally:
            fcntl.flock(door, fcntl.LOCK_UN)

    def _opened(self) -> tuple[int, int]:
        if self._pid != os.getpid():
            door, turn = (os.open(one, os.O_RDWR | os.O_CREAT, 0o600) for one in self._paths)
            self._files, self._pid = (door, turn), os.getpid()
        return self._files

    def _locked(self, file: int, end: float) -> bool:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._clock() >= end:
                    return False
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, MAX_PAUSE_S)
            else:
                return True

    def close(self) -> None:
        """Let go of the files."""
        if self._pid == os.getpid():
            for one in self._files:
                os.close(one)
            self._pid = 0
