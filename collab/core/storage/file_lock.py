"""File locks: how processes on one machine keep out of each other's way.

The system releases a lock when its holder ends, however that happens (flock(2)). So none is left
after a crash, and a held lock proves that its holder is alive.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

#: How a lock's file is opened by default.
MADE_IF_MISSING = os.O_RDWR | os.O_CREAT


class FileLock:
    """A file opened to be locked; closing it releases the lock.

    The lock belongs to the opened file: two of these exclude threads of one process as well, and a
    forked child shares its parent's. Programs that are started don't (PEP 446).
    """

    def __init__(self, path: Path, flags: int = MADE_IF_MISSING) -> None:
        self.descriptor = os.open(path, flags, 0o600)

    def take(self) -> None:
        """Wait until it is ours alone."""
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def try_take(self, *, shared: bool = False) -> bool:
        """Take it if that is possible at once; return whether it was.

        A shared lock admits others who want it shared.
        """
        try:
            fcntl.flock(
                self.descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
            )
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Release the lock; the file stays open, to take it again."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release the lock, and close the file."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def locked(path: Path) -> Iterator[FileLock]:
    """Wait for a file's lock, and hold it during this block."""
    with FileLock(path) as lock:
        lock.take()
        yield lock


def try_hold(path: Path) -> FileLock | None:
    """Return a file's lock, to be closed, or None if somebody else has it."""
    lock = FileLock(path)
    if lock.try_take():
        return lock
    lock.close()
    return None


@contextmanager
def alone_among_processes(descriptor: int) -> Iterator[None]:
    """Exclude other processes from this block, including those that inherited the same open file.

    It does not exclude threads: a POSIX record lock belongs to the process (fcntl(2)).
    """
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
