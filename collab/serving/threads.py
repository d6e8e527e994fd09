"""Threads that are started as there is work for them, and end after a while without any."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

log = logging.getLogger(__name__)

Work = Callable[[], None]

#: Seconds without work after which a thread ends; starting one takes less than a millisecond.
IDLE_S = 1.0


class Threads:
    """Carries out what is submitted; submitting waits for no lock.

    The pools of `concurrent.futures` share a single lock, for which 64 handshakes queued, and their
    threads never end.
    """

    def __init__(
        self, name: str, most: int, *, daemon: bool = False, idle_s: float = IDLE_S
    ) -> None:
        """Make it, without a thread; `daemon`: busy threads don't keep the process alive."""
        self._name, self._most, self._daemon, self._idle_s = name, most, daemon, idle_s
        self._waiting: SimpleQueue[Work | None] = SimpleQueue()
        self._alive: set[threading.Thread] = set()
        #: The idle ones.
        self._idle: set[threading.Thread] = set()
        self._growing = threading.Lock()
        self._stopped = False

    @property
    def alive(self) -> frozenset[threading.Thread]:
        """Return the threads that there are now."""
        return frozenset(self._alive.copy())

    def submit(self, work: Work) -> None:
        """Have something done soon; after the stop nothing is."""
        if not self._stopped:
            self._waiting.put(work)
            self._look()

    def stop(self) -> None:
        """Start nothing more; work in progress is not waited for."""
        with contextlib.suppress(Empty):
            while True:
                self._waiting.get_nowait()
        self.shutdown()

    def shutdown(self, *, wait: bool = False) -> None:
        """End the threads once all submitted work is done; nobody waits for them here."""
        with self._growing:
            self._stopped = True
            alive = len(self._alive)
        for _ in range(alive):
            self._waiting.put(None)

    def _look(self) -> None:
        """Start a thread if more work waits than there are idle threads."""
        if self._waiting.qsize() > len(self._idle) and len(self._alive) < self._most:
            self._grow()

    def _grow(self) -> None:
        with self._growing:
            if len(self._alive) >= self._most or self._stopped:
                return
            thread = threading.Thread(target=self._run, name=self._name, daemon=self._daemon)
            self._alive.add(thread)
            try:
                thread.start()
            except RuntimeError:  # the system has no more threads: one of ours will get to it
                self._alive.discard(thread)
                if not self._alive:
                    raise

    def _run(self) -> None:
        me = threading.current_thread()
        while (work := self._next(me)) is not None:
            try:
                work()
            except Exception:
                log.exception("a turn failed")
            del work  # with all that it holds, before other work comes
        self._alive.discard(me)

    def _next(self, me: threading.Thread) -> Work | None:
        """Wait for work; returns None when this thread should end."""
        self._idle.add(me)
        try:
            work = self._waiting.get(timeout=0.0 if self._stopped else self._idle_s)
        except Empty:
            return self._last(me)
        self._idle.discard(me)
        # What was submitted before that may have counted on this thread.
        self._look()
        return work

    def _last(self, me: threading.Thread) -> Work | None:
        """Count as neither idle nor alive; returns work submitted before that could be seen.

        Submitting adds the work first and then looks for threads: one of the two sees the other.
        """
        self._idle.discard(me)
        self._alive.discard(me)
        with contextlib.suppress(Empty):
            if (work := self._waiting.get_nowait()) is not None:
                self._alive.add(me)
                return work
        return None
