"""The parts of a process that live beside its requests: threads, and what they manage."""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Protocol, cast

from flask import Flask

from .slots import Registry, Slot

#: Seconds after which a thread that beats each second counts as stuck.
STUCK_AFTER_S = 30.0
#: Seconds by which work that nobody waits for is delayed, for the rest of the start and the first
#: requests.
FIRST_WORK_AFTER_S = 1.0


class Part(Protocol):
    """Something that starts once, after the fork, and stops once."""

    def start(self) -> None:
        """Start, unless it is running already or was stopped."""

    def close(self) -> None:
        """Begin to end, without waiting, if requests in progress don't need it."""

    def stop(self) -> None:
        """End within a few seconds; work in progress is finished or handed back."""

    @property
    def state(self) -> str:
        """Return `ok`, `off: ` with the reason, or what is wrong, for `/ready`."""


class BackgroundThread(ABC):
    """A thread that starts once, after the fork if the server forks, and stops once.

    Any thread may call `start` and `stop`, as often as it likes; what was stopped stays stopped.
    """

    #: Seconds that `stop` waits for the thread to end.
    patience_s = 1.5
    #: Seconds without a `_beat` after which it counts as stuck; infinite for a thread without
    #: beats.
    stuck_after_s = math.inf

    def __init__(self, name: str, *, off: str | None = None) -> None:
        """Make it without starting it; `off` says why it must not run in this process."""
        self._name, self._off = name, off
        self._stopping = threading.Event()
        #: Held while starting or stopping it, so that only one thread does.
        self._changing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._beaten_at = time.monotonic()

    @abstractmethod
    def _run(self) -> None:
        """Work, in the thread, until `_stopping` is set."""

    def _beat(self) -> None:
        """Give a sign of life; called within the thread."""
        self._beaten_at = time.monotonic()

    def _prepare(self) -> None:  # noqa: B027 (most have nothing to prepare)
        """Do what must be done before the thread runs, in the thread that starts it."""

    def _wake(self) -> None:  # noqa: B027 (whoever waits for `_stopping` wakes by itself)
        """Let the thread notice that it has to stop."""

    def start(self) -> None:
        """Start, unless it is off, running already or was stopped."""
        if self._thread is not None or self._off is not None:
            return
        with self._changing:
            # Checked again under the lock: of two first requests one starts it, and none after the
            # stop.
            if self._thread is None and not self._stopping.is_set():
                self._prepare()
                # Made here and not before: a thread object does not survive the server's fork.
                self._beat()
                # A daemon: a thread that hangs must not keep the process from ending.
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                thread.start()
                self._thread = thread

    def close(self) -> None:  # noqa: B027 (requests in hand need most of them)
        """Begin to end while requests are still being answered; most threads go on until `stop`."""

    def stop(self) -> None:
        """Have the thread end its work, and wait for it, but not for long."""
        self._end()
        if self._thread is not None:
            self._thread.join(self.patience_s)

    def _end(self) -> None:
        """Have the thread end its work."""
        with self._changing:
            self._stopping.set()
        self._wake()

    @property
    def started(self) -> bool:
        """Return whether it was ever started, even if it has ended since."""
        return self._thread is not None

    @property
    def alive(self) -> bool:
        """Return whether the thread is running."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def state(self) -> str:
        """Return `ok`, `stopped`, `stuck: ` or `off: ` with the reason, for `/ready`."""
        if self._off is not None:
            return f"off: {self._off}"
        if not self.alive:
            return "stopped"
        silent_s = time.monotonic() - self._beaten_at
        if silent_s > self.stuck_after_s:
            return f"stuck: no sign of life for {silent_s:.0f} s"
        return "ok"


class Parts:
    """The live parts of an application, in the order in which its packages brought them."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._slots: dict[str, Slot[Any]] = {}
        self._ends: list[Callable[[], None]] = []

    def add(self, name: str, slot: Slot[Any], *, with_requests: bool = False) -> None:
        """Add the part in a slot, under the name that `/ready` shows.

        It starts with the server; `with_requests`: with the first request, too, since `flask run`
        and tests have no other start.
        """
        self._slots[name] = slot
        if with_requests:
            self._app.before_request(lambda: cast(Part, slot.of(self._app)).start())

    def at_end(self, end: Callable[[], None]) -> None:
        """Have something released once all parts have stopped."""
        self._ends.append(end)

    def __iter__(self) -> Iterator[tuple[str, Part]]:
        """Yield each part with its name."""
        return ((name, cast(Part, slot.of(self._app))) for name, slot in self._slots.items())

    def start(self) -> None:
        """Start all that are not running yet."""
        for _, part in self:
            part.start()

    def close(self) -> None:
        """Begin to end what no request in progress needs; the server was told to stop."""
        for _, part in self:
            part.close()

    def stop(self) -> None:
        """Stop all, the last added first, as they depend on the others."""
        for _, part in reversed(list(self)):
            part.stop()
        for end in self._ends:
            end()

    def states(self) -> dict[str, str]:
        """Return the state of each; those that start with the first request are started."""
        self.start()
        return {name: part.state for name, part in self}

    def figures(self) -> dict[str, dict[str, int]]:
        """Return the figures of the parts that count something."""
        counted = {name: getattr(part, "figures", {}) for name, part in self}
        return {name: figures for name, figures in counted.items() if figures}


PARTS: Registry[Parts] = Registry("parts", Parts)
