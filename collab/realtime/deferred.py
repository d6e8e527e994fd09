"""Answers that wait for another thread, given in the order of their requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ..core.errors import ApiError, Unavailable, translated
from .protocol import Body
from .wire import Wire

#: Seconds that a request may wait for its answer.
PATIENCE_S = 15.0
#: Requests that may wait at once.
WAITING = 64


def result_of(future: Future[Any]) -> Any:
    """Wait for another thread's answer; raises its error, or Unavailable."""
    try:
        return future.result(PATIENCE_S)
    except TimeoutError:
        raise Unavailable("The service did not get to it in time.") from None


class Deferred:
    """Requests of one socket whose answers are made when another thread is done with them."""

    def __init__(self, wire: Wire, refuse: Callable[[ApiError, Body], None]) -> None:
        self._wire, self._refuse = wire, refuse
        self._waiting: deque[tuple[Body, Future[Any], Callable[[Any], bytes]]] = deque()

    def add(self, request: Body, future: Future[Any], answer: Callable[[Any], bytes]) -> None:
        """Answer a request when the future has a result, or with its error."""
        if len(self._waiting) >= WAITING:
            self.settle()
        self._waiting.append((request, future, answer))

    def settle(self) -> None:
        """Wait for all, and send their answers."""
        while self._waiting:
            request, future, answer = self._waiting.popleft()
            try:
                self._wire.push(answer(result_of(future)))
            except Exception as error:
                self._refuse(translated(error), request)
