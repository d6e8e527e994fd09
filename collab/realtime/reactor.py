"""One thread that sends what short writes left, and ends sockets whose time to close is over."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol


class Mortal(Protocol):
    """A connection that has to end in time."""

    deadline: float

    def abort(self) -> None:
        """End the connection."""


class Watched(Mortal, Protocol):
    """A wire, as the reactor sees it."""

    def fileno(self) -> int:
        """Return the descriptor."""

    def flush(self) -> bool:
        """Send on; tell whether all is sent."""


class Reactor:
    """Waits for sockets to take more. Only its own thread touches the selector."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._watched: set[Watched] = set()
        self._expiring: set[Mortal] = set()
        self._commands: deque[Callable[[], None]] = deque()
        self._waker, self._wakened = socket.socketpair()
        self._wakened.setblocking(False)
        self._selector.register(self._wakened, selectors.EVENT_READ)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="reactor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; wires that are still open are left alone."""
        self._stopping = True
        self._tell(lambda: None)
        self._thread.join(timeout=2)
        for resource in (self._selector, self._waker, self._wakened):
            resource.close()

    def watch(self, wire: Watched) -> None:
        """Flush a wire when its peer takes more."""
        self._tell(lambda: self._watch(wire))

    def expire(self, one: Mortal) -> None:
        """Abort a connection at its deadline."""
        self._tell(lambda: self._expiring.add(one))

    def forget(self, one: Mortal) -> None:
        """Let go of a connection that has ended."""
        self._tell(lambda: self._forget(one))

    def _tell(self, command: Callable[[], None]) -> None:
        self._commands.append(command)
        with contextlib.suppress(OSError):  # it is awake already, or has ended
            self._waker.send(b"\0", socket.MSG_DONTWAIT)

    def _watch(self, wire: Watched) -> None:
        if wire in self._watched or wire.fileno() < 0:
            return
        try:
            self._selector.register(wire, selectors.EVENT_WRITE)
        except (OSError, ValueError):  # closed meanwhile
            return
        self._watched.add(wire)

    def _forget(self, one: Any) -> None:
        self._unwatch(one)
        self._expiring.discard(one)

    def _unwatch(self, wire: Watched) -> None:
        if wire in self._watched:
            self._watched.discard(wire)
            self._selector.unregister(wire)

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select(self._patience()):
                if key.fileobj is self._wakened:
                    self._obey()
                else:
                    self._flush(key.fileobj)  # type: ignore[arg-type]
            now = time.monotonic()
            for wire in [one for one in self._expiring if one.deadline <= now]:
                self._expiring.discard(wire)
                wire.abort()

    def _patience(self) -> float | None:
        """Return the seconds until the next deadline."""
        nearest = min((wire.deadline for wire in self._expiring), default=None)
        return None if nearest is None else max(0.0, nearest - time.monotonic())

    def _obey(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wakened.recv(4096)
        while self._commands:
            self._commands.popleft()()

    def _flush(self, wire: Watched) -> None:
        if wire in self._watched and wire.flush():
            self._unwatch(wire)
