"""A lock that lets nobody starve.

`threading.Lock` goes to the thread that asks at the right moment. A thread that takes it repeatedly
(an archive, some files per commit) was seen to keep others from it for many turns, since it is
still running while they wake up.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

#: Seconds after which only the one that has waited longest gets the lock. Until then it is free for
#: all, which is faster: nobody has to wake up first.
STARVING_S = 0.02


class _Waiter:
    """Somebody who waits, since when, their place, and whether the lock was handed to them."""

    def __init__(self, since: float, behind_s: float) -> None:
        #: As if they had come so much later.
        self.since, self.place, self.owns = since, since + behind_s, False
        self._gate = threading.Semaphore(0)

    def wake(self) -> None:
        self._gate.release()

    def wait(self, seconds: float) -> bool:
        return self._gate.acquire(timeout=max(0.0, seconds))


class FairLock:
    """A lock for many threads; it is not known whose it is, so any may release it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._held = clock, False
        self._inside = threading.Lock()
        #: In the order in which they came.
        self._waiting: deque[_Waiter] = deque()

    def locked(self) -> bool:
        """Return whether somebody has it."""
        return self._held

    @property
    def waiting(self) -> int:
        """Return how many wait for it."""
        return len(self._waiting)

    def acquire(self, timeout: float, behind_s: float = 0.0) -> bool:
        """Wait for the lock; returns False if it did not come within so many seconds.

        With `behind_s`, a thread lets others go first that come up to that many seconds later.
        """
        with self._inside:
            # Once somebody starves, a free lock is left to them: newcomers queue up.
            if not self._held and not self._starving():
                self._held = True
                return True
            waiter = _Waiter(self._clock(), behind_s)
            self._waiting.append(waiter)
        end = waiter.since + timeout
        while waiter.wait(end - self._clock()):
            if self._entered(waiter):
                return True
        return self._gave_up(waiter)

    def _starving(self) -> bool:
        return bool(self._waiting) and self._clock() - self._waiting[0].since >= STARVING_S

    def _entered(self, waiter: _Waiter) -> bool:
        """Take the lock for somebody who woke up, unless another was faster."""
        with self._inside:
            if not waiter.owns and not self._held:
                self._held = waiter.owns = True
                self._waiting.remove(waiter)
            return waiter.owns

    def _gave_up(self, waiter: _Waiter) -> bool:
        """Give up a place in the queue; returns whether the lock came at the last moment."""
        with self._inside:
            if not waiter.owns:
                self._waiting.remove(waiter)
                if not self._held and self._waiting:  # the call may have been for this one
                    self._first().wake()
            return waiter.owns

    def _first(self) -> _Waiter:
        return min(self._waiting, key=lambda waiter: waiter.place)

    def release(self) -> None:
        """Release it: for the first to come, or one that has already waited too long."""
        with self._inside:
            if self._starving():
                waiter = self._first()
                self._waiting.remove(waiter)
                # Handed over while it stays held: in between nobody can take it.
                waiter.owns = True
                waiter.wake()
                return
            self._held = False
            if self._waiting:
                self._first().wake()
