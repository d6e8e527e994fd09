"""Locks of files: how processes of one machine keep out of one another's way.

The system gives a lock back when whoever has it ends, however that happens (flock(2)). So none is
left after a crash, and a lock that is held is the proof that its holder lives.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

#: How a lock's file is opened, if nothing else is said.
MADE_IF_MISSING = os.O_RDWR | os.O_CREAT


class FileLock:
    """A file opened to be locked; closing it gives the lock back.

    The lock belongs to the opened file: two of these keep threads of one process apart as well,
    and a child that was forked has its parent's. Programs that are started don't (PEP 446).
    """

    def __init__(self, path: Path, flags: int = MADE_IF_MISSING) -> None:
        self.descriptor = os.open(path, flags, 0o600)

    def take(self) -> None:
        """Wait until it is ours alone."""
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def try_take(self, *, shared: bool = False) -> bool:
        """Take it if that is possible at once; return whether it was.

        A shared one lets in whoever wants it shared, too.
        """
        try:
            fcntl.flock(
                self.descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
            )
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give the lock back; the file stays open, to take it again."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the lock back, and close the file."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def locked(path: Path) -> Iterator[FileLock]:
    """Hold a file's lock within this block, waited for."""
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
    """Keep other processes out of this block, those included that inherited the same open file.

    It keeps no threads apart: a POSIX record lock is the process's (fcntl(2)).
    """
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
