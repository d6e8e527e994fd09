"""The same counts in fixed windows of time, for all web processes of a server together.

They are in memory that is made before the server's fork, so its processes share it, and it ends
with them. They take turns by a file lock, which the system releases when a process is killed: only
what that process was counting may be lost.
"""

from __future__ import annotations

import mmap
import os
import secrets
import struct
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from ..storage.file_lock import alone_among_processes
from .windows import MAX_WINDOWS, MonotonicStorage

#: Windows among which a name has its place; when they are full, one is forgotten for a new one.
WINDOWS_PER_BUCKET = 8
#: A window: the number of its name, 0 for none; the count; and when it ends, by the monotonic
#: clock, which all processes of a machine share.
WINDOW_FORMAT = struct.Struct("=Qqd")
BUCKET_FORMAT = struct.Struct("=" + "Qqd" * WINDOWS_PER_BUCKET)


class Table:
    """The memory: buckets of windows, for the processes forked from the one that made it."""

    def __init__(self, buckets: int = MAX_WINDOWS // WINDOWS_PER_BUCKET) -> None:
        self.buckets = buckets
        self._memory = mmap.mmap(-1, buckets * BUCKET_FORMAT.size)
        # Otherwise somebody could choose names that push others out.
        self._salt = secrets.token_bytes(16)
        self._lock = threading.Lock()
        self._file, path = tempfile.mkstemp()
        Path(path).unlink()
        # The file has no name any more: only its descriptor is left to be closed.
        weakref.finalize(self, os.close, self._file)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the other threads out, and the other processes."""
        # The threads' own lock first: the one for processes does not exclude threads.
        with self._lock, alone_among_processes(self._file):
            yield

    def find(self, name: str, now: float) -> tuple[int, int, int, float]:
        """Return a name's number, its place, its count (0: it has no window), and when that ends.

        The place of a name that has no window is a free one, or that of the lowest count.
        """
        data = name.encode("utf-8", "replace")
        number = int.from_bytes(blake2b(data, digest_size=8, key=self._salt).digest(), "big") or 1
        begin = number % self.buckets * BUCKET_FORMAT.size
        fields = BUCKET_FORMAT.unpack_from(self._memory, begin)
        numbers, counts, ends = fields[::3], fields[1::3], fields[2::3]
        if number in numbers:
            index = numbers.index(number)
            there = ends[index] > now
        else:
            # Windows that are over go first, then the lowest count: a limit that is nearly reached
            # stays.
            worth = [counts[i] if ends[i] > now else -1 for i in range(WINDOWS_PER_BUCKET)]
            index, there = worth.index(min(worth)), False
        place = begin + index * WINDOW_FORMAT.size
        return number, place, counts[index] if there else 0, ends[index] if there else 0.0

    def put(self, number: int, place: int, count: int, ends: float) -> None:
        """Write a window; a count of 0 is none."""
        WINDOW_FORMAT.pack_into(self._memory, place, number if count > 0 else 0, count, ends)

    def clear(self) -> None:
        """Forget all windows."""
        self._memory[:] = bytes(len(self._memory))


class SharedWindows(MonotonicStorage):
    """Windows in a table, under names that begin with a name of their own."""

    STORAGE_SCHEME = ["shared-windows"]

    def __init__(
        self, table: Table, name: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(clock=clock)
        self._table, self._name = table, name

    def count(
        self, key: str, expiry: float, amount: int = 1, *, longer: bool = False
    ) -> tuple[int, float]:
        """Count as `incr` does; return how often it has been, and when the window ends."""
        with self._table.alone():
            now = self._clock()
            number, place, count, ends = self._table.find(self._name + key, now)
            if not count or longer:
                ends = now + expiry
            self._table.put(number, place, count + amount, ends)
            return count + amount, ends

    def decr(self, key: str, amount: int = 1) -> None:
        """Undo a count; its window may have been forgotten meanwhile."""
        with self._table.alone():
            number, place, count, ends = self._table.find(self._name + key, self._clock())
            if count:
                self._table.put(number, place, count - amount, ends)

    def get(self, key: str) -> int:
        """Return how often it has been."""
        with self._table.alone():
            return self._table.find(self._name + key, self._clock())[2]

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds of the monotonic clock."""
        with self._table.alone():
            now = self._clock()
            return self._table.find(self._name + key, now)[3] or now

    def take(self, key: str) -> int:
        """Forget a window, and return what its count was."""
        with self._table.alone():
            number, place, count, _ = self._table.find(self._name + key, self._clock())
            if count:
                self._table.put(number, place, 0, 0.0)
            return count

    def reset(self) -> int:
        """Forget all windows of the table."""
        with self._table.alone():
            self._table.clear()
        return 0
