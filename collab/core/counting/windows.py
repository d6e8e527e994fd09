"""Counts in fixed windows of time, for the limits: by the monotonic clock, in bounded memory.

The `limits` library's own storage uses the wall clock, which somebody may set, and starts a thread
to forget windows that are over. This one forgets as it counts, and is chosen by `monotonic://`.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice
from typing import Any

from limits.storage import Storage

#: Windows that are kept at once; each takes some 300 bytes.
MAX_WINDOWS = 32_768
#: Each count looks at this many of the oldest windows and forgets those that are over; if none is
#: and there is no room, the one with the lowest count: filling the table with new names displaces
#: those.
WINDOWS_PER_LOOK = 16


class Window:
    """How often something happened since its first time, and the moment when that is forgotten."""

    __slots__ = ("count", "ends")

    def __init__(self, ends: float) -> None:
        self.count, self.ends = 0, ends


class MonotonicStorage(Storage):
    """Keeps the windows of a process. All its times are seconds of the monotonic clock."""

    STORAGE_SCHEME = ["monotonic"]

    def __init__(
        self,
        uri: str | None = None,
        wrap_exceptions: bool = False,
        *,
        clock: Callable[[], float] = time.monotonic,
        most: int = MAX_WINDOWS,
        **options: Any,
    ) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self._clock, self._most = clock, most
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, Window] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return the errors that another storage could handle: there are none."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1, *, longer: bool = False) -> int:
        """Count, in a window of `expiry` seconds, and return how often it has been.

        The window begins with the first count, or again with each if `longer`.
        """
        return self.count(key, expiry, amount, longer=longer)[0]

    def count(
        self, key: str, expiry: float, amount: int = 1, *, longer: bool = False
    ) -> tuple[int, float]:
        """Count as `incr` does; return how often it has been, and when the window ends."""
        with self._lock:
            now = self._clock()
            window = self._present(key, now)
            if window is None:
                self._make_room(now)
                window = self._windows[key] = Window(now + expiry)
            if longer:
                window.ends = now + expiry
                # Sorted by their ends, as those at the front are looked at first.
                self._windows.move_to_end(key)
            window.count += amount
            return window.count, window.ends

    def decr(self, key: str, amount: int = 1) -> None:
        """Undo a count; its window may have been forgotten meanwhile."""
        with self._lock:
            window = self._present(key, self._clock())
            if window is not None:
                window.count -= amount
                if window.count <= 0:
                    del self._windows[key]

    def get(self, key: str) -> int:
        """Return how often it has been."""
        with self._lock:
            window = self._present(key, self._clock())
            return window.count if window else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds of the monotonic clock."""
        with self._lock:
            now = self._clock()
            window = self._present(key, now)
            return window.ends if window else now

    def left(self, key: str) -> float:
        """Return the seconds until the window ends."""
        return max(0.0, self.get_expiry(key) - self._clock())

    def clear(self, key: str) -> None:
        """Forget a window."""
        self.take(key)

    def take(self, key: str) -> int:
        """Forget a window, and return what its count was."""
        with self._lock:
            window = self._present(key, self._clock())
            self._windows.pop(key, None)
            return window.count if window else 0

    def check(self) -> bool:
        """Return that it works."""
        return True

    def reset(self) -> int:
        """Forget all windows, and return how many there were."""
        with self._lock:
            gone = len(self._windows)
            self._windows.clear()
            return gone

    def __len__(self) -> int:
        """Return how many windows are kept."""
        return len(self._windows)

    def _present(self, key: str, now: float) -> Window | None:
        window = self._windows.get(key)
        if window is not None and window.ends <= now:
            del self._windows[key]
            return None
        return window

    def _make_room(self, now: float) -> None:
        """Forget the oldest windows that are over; if none is and all is full, the lowest count."""
        oldest = list(islice(self._windows.items(), WINDOWS_PER_LOOK))
        over = [key for key, window in oldest if window.ends <= now]
        if not over and len(self._windows) >= self._most:
            over = [min(oldest, key=lambda one: one[1].count)[0]]
        for key in over:
            del self._windows[key]
