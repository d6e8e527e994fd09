"""Commits share what brings them to the disk: whoever waits for the same moment syncs once.

A commit is written first, its writer's turn passed on, and then the disk is waited for, by all
whose commits were written meanwhile together. Each has a transaction of its own, so that one which
fails harms no other; only after the sync is anybody told that their change is made.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from ..slots import Slot

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
        #: Whether something was written that nobody waited for, or that did not come to the disk.
        self._late = False

    def commit(self, write: Callable[[], None], *, wait: bool = True) -> None:
        """Have a commit written, and wait until it is on the disk, unless that is left to others.

        Raises what `write` raises, and OSError if it is written, but perhaps not on the disk.
        """
        # Counted before the write: whoever reads the row at once and asks `harden` must find it
        # open.
        self._count(1)
        try:
            write()
            if wait:
                self.settle()
            else:
                self._late = True
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._counting:
            self._open += more

    def harden(self) -> None:
        """Return when all commits that could be read before this call are on the disk."""
        # Without a lock: what could be read before this call has been counted before it.
        if self._open or self._late or self._shared:
            self.settle()

    def settle(self) -> None:
        """Return when all that was written before this call is on the disk; raises OSError."""
        # Read after the write: this round's sync has not begun, so it can't miss it.
        mine = self._next
        with mine.lock:  # whoever is the first syncs for all of the round, the others wait for it
            if not mine.over:
                self._lead(mine)
        if mine.error is not None:
            raise OSError(mine.error.errno, mine.error.strerror) from mine.error

    def _lead(self, mine: _Round) -> None:
        with self._busy:
            # Before the sync begins: what is written from now on, it may miss.
            self._next, self._late = _Round(), False
            try:
                self._sync()
            except OSError as error:
                # Late again: a later reader must not be told that what this round wrote is safe.
                mine.error, self._late = error, True
            mine.over = True


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
        """Let go of it; the next sync opens it again."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


def _never() -> None:
    """Leave it to the system when something comes to the disk."""


def _of(app: Flask) -> Disk:
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    if not url.startswith("sqlite:///") or app.config["SQLITE_SYNCHRONOUS"] != "full":
        # PostgreSQL syncs by itself; with SQLITE_SYNCHRONOUS=normal, losing power may cost commits.
        return Disk(_never)
    log = LogFile(Path(url.removeprefix("sqlite:///") + LOG_SUFFIX))
    return Disk(log.sync, shared=app.config["WEB_PROCESSES"] > 1)


#: What the commits of an application wait for.
DISK: Slot[Disk] = Slot("disk", _of)
