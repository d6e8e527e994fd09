"""Commits share the sync that brings them to disk: those who wait for the same moment sync once.

A commit is written first, its writer's turn passed on, and then all whose commits were written
meanwhile wait for the disk together. Each has a transaction of its own, so that one which fails
harms no other; only after the sync is anybody told that their change is made. Where one thread
makes changes one after the other, it settles some of them at once, and tells of them then.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from ..slots import Slot
from .database_file import database_file

#: What SQLite adds to a database's name for its write-ahead log.
LOG_SUFFIX = "-wal"
#: Where there is no fdatasync(2), as on macOS, fsync(2) does the same and more.
_sync_data = getattr(os, "fdatasync", os.fsync)


class _Round:
    """Those who wait for the same sync."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.over = False
        self.error: OSError | None = None


class Disk:
    """Waits until what is written to a file is on the disk."""

    def __init__(self, sync: Callable[[], None], *, shared: bool = False) -> None:
        """Make it; `sync` returns when all that was written before its call is on the disk.

        `shared` tells that other processes write, whose commits may be read before they are synced.
        """
        self._shared = shared
        self._sync, self._busy, self._next = sync, threading.Lock(), _Round()
        self._counting = threading.Lock()
        #: Commits that are being written, or waited for.
        self._open = 0
        #: How many were written that nobody waited for, or that did not come to the disk, and how
        #: many of these are there by now.
        self._late = self._safe = 0

    def commit(self, write: Callable[[], None], *, wait: bool = True) -> None:
        """Have a commit written, and wait until it is on the disk, unless that is left to others.

        Raises what `write` raises, and OSError if it is written, but perhaps not on the disk.
        """
        left = _left()
        # Counted before the write: whoever reads the row at once and asks `harden` must find it
        # open.
        self._count(1)
        try:
            write()
            if wait and left is None:
                self.settle()
            else:
                number = self._count(late=1)
                if wait and left is not None:
                    left.disks[self] = number
        finally:
            self._count(-1)

    def _count(self, more: int = 0, late: int = 0) -> int:
        with self._counting:
            self._open += more
            self._late += late
            return self._late

    def reach(self, number: int) -> None:
        """Return once the first so many that nobody waited for are on disk; raises OSError."""
        if self._safe < number:
            self.settle()

    def harden(self) -> None:
        """Return once all commits that could be read before this call are on disk."""
        # Without a lock: what could be read before this call has been counted before it.
        if self._open or self._late > self._safe or self._shared:
            self.settle()

    def settle(self) -> None:
        """Return once all that was written before this call is on disk; raises OSError."""
        # Read after the write: this round's sync has not begun, so it can't miss it.
        mine = self._next
        with mine.lock:  # the first one syncs for the whole round, the others wait for it
            if not mine.over:
                self._lead(mine)
        if mine.error is not None:
            raise OSError(mine.error.errno, mine.error.strerror) from mine.error

    def _lead(self, mine: _Round) -> None:
        with self._busy:
            # Before the sync begins: what is written from now on, it may miss.
            self._next, late = _Round(), self._late
            try:
                self._sync()
                self._safe = late
            except OSError as error:
                # A later reader must not be told that what this round wrote is safe.
                mine.error = error
                self._count(late=1)
            mine.over = True


class Left:
    """What the commits of a block still wait for, and what is done after that."""

    def __init__(self) -> None:
        #: How many of each disk's late commits have to be there.
        self.disks: dict[Disk, int] = {}
        self.then: list[Callable[[], None]] = []

    def __bool__(self) -> bool:
        return bool(self.disks)

    def settle(self) -> None:
        """Return once everything is on disk; raises OSError."""
        for disk, number in self.disks.items():
            disk.reach(number)
        then, self.disks, self.then = self.then, {}, []
        for act in then:
            act()


_PRESENT = threading.local()


def _left() -> Left | None:
    """Return what waits in this thread, within a block of `settled_later`."""
    found: Left | None = getattr(_PRESENT, "left", None)
    return found


@contextmanager
def settled_later() -> Iterator[Left]:
    """Have commits of this thread not wait for the disk in such a block.

    Whoever uses it settles what is left of it before anybody is told that their change is made: so
    several, made one after the other, share a sync.
    """
    _PRESENT.left = left = Left()
    try:
        yield left
    except BaseException:
        left.settle()
        raise
    finally:
        _PRESENT.left = None


def once_settled(act: Callable[[], None]) -> None:
    """Do something when the commits of this thread are on the disk: now, or after such a block."""
    left = _left()
    if left:
        left.then.append(act)
    else:
        act()


class LogFile:
    """A file that is brought to the disk; one that is not there has nothing to be kept.

    It stays open, so that a process which has run out of descriptors can still commit.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def sync(self) -> None:
        """Return when what was written is on the disk; raises OSError. One thread at a time."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return
        # It is another file once somebody has put the log away.
        if self._descriptor is None or not os.path.samestat(there, os.fstat(self._descriptor)):
            self.close()
            self._descriptor = os.open(self._path, os.O_RDONLY)
        _sync_data(self._descriptor)

    def close(self) -> None:
        """Close it; the next sync opens it again."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


def _never() -> None:
    """Leave it to the system when data reaches the disk."""


def _of(app: Flask) -> Disk:
    file = database_file(app.config["SQLALCHEMY_DATABASE_URI"])
    if file is None or app.config["SQLITE_SYNCHRONOUS"] != "full":
        # PostgreSQL syncs by itself; with SQLITE_SYNCHRONOUS=normal, losing power may cost commits.
        return Disk(_never)
    log = LogFile(file.with_name(file.name + LOG_SUFFIX))
    return Disk(log.sync, shared=app.config["WEB_PROCESSES"] > 1)


#: What the commits of an application wait for.
DISK: Slot[Disk] = Slot("disk", _of)
