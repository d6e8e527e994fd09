"""Answers that wait for another thread, sent in the order of their requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import takewhile
from typing import Any, NamedTuple

from ...core.errors import Unavailable
from ...serving.deadlines import NO_DEADLINE
from ..transport.wire import Wire

#: Seconds that a request may wait for its answer.
PATIENCE_S = 15.0
#: Requests of one connection that may wait at once, and their bytes: once parsed, a byte of JSON
#: may take twenty.
MAX_WAITING_MESSAGES = 64
MAX_WAITING_BYTES = 512 * 1024
#: Bytes that may wait without a thread waiting for them: the number of threads is bounded.
MAX_BYTES_ALONE = 16 * 1024


class Request(NamedTuple):
    """What another thread carries out."""

    what: Any
    size: int
    future: Future[Any]
    #: Returns what to send for a result; None for one that only a turn can answer.
    answer: Callable[[Any], bytes | None]
    #: By the monotonic clock.
    until: float

    @property
    def due(self) -> bool:
        """Return whether it can be answered, if only to say that it took too long."""
        return self.future.done() or time.monotonic() >= self.until

    def result(self) -> Any:
        """Wait for it; raises its error, or Unavailable."""
        try:
            return self.future.result(max(0.0, self.until - time.monotonic()))
        except TimeoutError:
            raise Unavailable("The service could not handle it in time.") from None


class Deferred:
    """Requests of one connection that another thread carries out, and answers when it is done.

    Anything that needs more than an answer, such as a refusal, waits for a turn of the connection.
    """

    def __init__(
        self, wire: Wire, finish: Callable[[Request], None], patience_s: float = PATIENCE_S
    ) -> None:
        """Make it; `finish` answers, in a turn, what was left to it."""
        self.wire, self._finish, self._patience_s = wire, finish, patience_s
        #: A list, since most sockets have none waiting, and an empty deque takes ten times as much
        #: memory.
        self._waiting: list[Request] = []
        self._answering = threading.Lock()

    def __len__(self) -> int:
        """Return how many are waiting."""
        return len(self._waiting)

    def patience(self) -> float:
        """Return the seconds until one has waited for too long."""
        first = next(iter(self._waiting), None)
        return NO_DEADLINE if first is None else first.until - time.monotonic()

    def add(
        self, what: Any, size: int, future: Future[Any], answer: Callable[[Any], bytes | None]
    ) -> None:
        """Answer a request, which takes `size` bytes, when the future has a result or an error."""
        until = time.monotonic() + self._patience_s
        self._waiting.append(Request(what, size, future, answer, until))
        future.add_done_callback(self._tell)
        if len(self) >= MAX_WAITING_MESSAGES or self._bytes >= MAX_WAITING_BYTES:
            # The connection waits here, and is read no further: TCP slows its sender down.
            self.settle()

    def has_room(self, size: int) -> bool:
        """Return whether one more may wait without a thread waiting for it."""
        return len(self) + 1 < MAX_WAITING_MESSAGES and self._bytes + size <= MAX_BYTES_ALONE

    @property
    def _bytes(self) -> int:
        # A copy: another thread removes what it answers.
        return sum(one.size for one in list(self._waiting))

    def settle(self, *, wait: bool = True) -> None:
        """Answer, in a turn, what is left of those that are done; or `wait` for all."""
        wait = wait or self._bytes > MAX_BYTES_ALONE
        with self._answering:
            while self._waiting and (wait or self._waiting[0].due):
                self._finish(self._waiting.pop(0))
        self._tell()  # what was just done found this thread busy with it

    def _tell(self, _: object = None) -> None:
        """Answer those that are done, unless another thread is at it, which then sees them, too."""
        while self._is_done and self._answering.acquire(blocking=False):
            try:
                is_left = self._answer()
            finally:
                self._answering.release()
            if is_left:
                self.wire.rouse()
                return

    @property
    def _is_done(self) -> bool:
        first = next(iter(self._waiting), None)
        return first is not None and first.future.done()

    def _answer(self) -> bool:
        """Answer all that are done, in one write; returns whether the next is left to a turn."""
        done = list(takewhile(lambda one: one.future.done(), self._waiting))
        answers = list(takewhile(lambda said: said is not None, map(_said, done)))
        if chunk := b"".join(filter(None, answers)):
            self.wire.push(chunk)
        del self._waiting[: len(answers)]  # now: nothing else may be answered before them
        return len(answers) < len(done)


def _said(one: Request) -> bytes | None:
    try:
        return one.answer(one.future.result())
    except Exception:  # a turn knows whose it is, and has the time to note it
        return None
