"""Answers that wait for another thread, given in the order of their requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from ...core.errors import ApiError, Unavailable, translated
from ..transport.wire import Wire
from .protocol import Body

#: Seconds that a request may wait for its answer.
PATIENCE_S = 15.0
#: Requests of one socket that may wait at once, and their bytes: once read, a byte of JSON may
#: take twenty.
MAX_WAITING_MESSAGES = 64
MAX_WAITING_BYTES = 512 * 1024

T = TypeVar("T")


def result_of(future: Future[Any]) -> Any:
    """Wait for another thread's answer; raises its error, or Unavailable."""
    try:
        return future.result(PATIENCE_S)
    except TimeoutError:
        raise Unavailable("The service could not handle it in time.") from None


class Promised(Generic[T]):
    """What waits for another thread, and is taken in order.

    That thread takes it `at_once`, with its result, if it can; what it leaves (False), and what
    has failed, is for a turn, which `rouse` asks for, and which takes it `in_turn`.
    """

    def __init__(
        self,
        at_once: Callable[[T, Any], bool],
        in_turn: Callable[[T, Future[Any]], None],
        rouse: Callable[[], None],
    ) -> None:
        self._at_once, self._in_turn, self._rouse = at_once, in_turn, rouse
        self._lock = threading.Lock()
        self._bytes = 0
        #: Whether a turn is at the first one: it takes those after it, too.
        self._claimed = False
        #: A list, since most sockets have none, for which a deque takes ten times as much.
        self._waiting: list[tuple[T, int, Future[Any]]] = []

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def has_room(self, size: int) -> bool:
        """Return whether so many bytes more may wait."""
        return len(self._waiting) < MAX_WAITING_MESSAGES and self._bytes + size <= MAX_WAITING_BYTES

    def add(self, item: T, size: int, future: Future[Any]) -> None:
        """Take an item of `size` bytes when the future has a result or an error."""
        if not self.has_room(size):
            # The socket waits here, and is read no further: its sender slows down by TCP.
            self.settle()
        with self._lock:
            self._bytes += size
            self._waiting.append((item, size, future))
        future.add_done_callback(self._on_done)

    def _on_done(self, done: Future[Any]) -> None:
        with self._lock:
            while self._waiting and not self._claimed and self._waiting[0][2].done():
                item, _, done = self._waiting[0]
                if done.exception() is not None or not self._at_once(item, done.result()):
                    break
                self._pop()
            else:
                return
        self._rouse()

    def settle(self) -> None:
        """Wait for all, and take each."""
        while self._take_first(waits=True):
            pass

    def take_done(self) -> None:
        """Take what is done and was left to a turn."""
        while self._take_first(waits=False):
            pass

    def _take_first(self, *, waits: bool) -> bool:
        with self._lock:
            if not self._waiting or not (waits or self._waiting[0][2].done()):
                return False
            self._claimed = True
            item, _, future = self._waiting[0]
        try:
            self._in_turn(item, future)
        finally:
            with self._lock:
                self._pop()
                self._claimed = False
        return True

    def _pop(self) -> None:
        self._bytes -= self._waiting.pop(0)[1]


Asked = tuple[Body, Callable[[Any], bytes]]


class Deferred(Promised[Asked]):
    """Requests of one socket whose answers are made when another thread is done with them."""

    def __init__(
        self,
        wire: Wire,
        refuse: Callable[[ApiError, Body], None],
        rouse: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(self._answer, self._answer_or_refuse, rouse)
        self.wire, self._refuse = wire, refuse

    def _answer(self, asked: Asked, result: Any) -> bool:
        self.wire.push(asked[1](result))
        return True

    def _answer_or_refuse(self, asked: Asked, future: Future[Any]) -> None:
        try:
            self._answer(asked, result_of(future))
        except Exception as error:
            self._refuse(translated(error), asked[0])
