"""Answers that wait for another thread, given in the order of their requests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ...core.errors import ApiError, Unavailable, translated
from ..transport.wire import Wire
from .protocol import Body

#: Seconds that a request may wait for its answer.
PATIENCE_S = 15.0
#: Requests of one socket that may wait at once, and their bytes: once read, a byte of JSON may
#: take twenty.
MAX_WAITING_MESSAGES = 64
MAX_WAITING_BYTES = 512 * 1024


def result_of(future: Future[Any]) -> Any:
    """Wait for another thread's answer; raises its error, or Unavailable."""
    try:
        return future.result(PATIENCE_S)
    except TimeoutError:
        raise Unavailable("The service could not handle it in time.") from None


class Deferred:
    """Requests of one socket whose answers are made when another thread is done with them."""

    def __init__(self, wire: Wire, refuse: Callable[[ApiError, Body], None]) -> None:
        self.wire, self._refuse = wire, refuse
        self._bytes = 0
        #: A list, since most sockets have none, for which a deque takes ten times as much.
        self._waiting: list[tuple[Body, Future[Any], Callable[[Any], bytes]]] = []

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def add(
        self, request: Body, size: int, future: Future[Any], answer: Callable[[Any], bytes]
    ) -> None:
        """Answer a request, which took `size` bytes, when the future has a result or an error."""
        if len(self._waiting) >= MAX_WAITING_MESSAGES or self._bytes + size > MAX_WAITING_BYTES:
            # The socket waits here, and is read no further: its sender slows down by TCP.
            self.settle()
        self._bytes += size
        self._waiting.append((request, future, answer))

    def settle(self) -> None:
        """Wait for all, and send their answers."""
        self._bytes = 0
        while self._waiting:
            request, future, answer = self._waiting.pop(0)
            try:
                self.wire.push(answer(result_of(future)))
            except Exception as error:
                self._refuse(translated(error), request)
