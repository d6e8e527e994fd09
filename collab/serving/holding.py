"""Requests that wait for something to happen, like long polls, without a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from ..frozen import frozen

#: A WSGI application (PEP 3333).
App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: The environ key that says that the server holds requests; without it, a view waits in its thread.
HOLDS_KEY = "collab.holds"


class Waiting(Protocol):
    """What a request waits for."""

    #: When the wait ends, on the monotonic clock.
    deadline: float

    def when_woken(self, told: Callable[[], None]) -> None:
        """Call `told` once, from any thread, when something has happened; at once if it has."""

    def leave(self) -> None:
        """Learn that the client has stopped reading: this wakes the request."""

    def close(self) -> None:
        """Release all that it holds: there will be no answer."""


class Hold(BaseException):
    """Raised by a view that has to wait; `again` is called when the wait is over.

    It is not an Exception, so that nothing between the view and the server answers it.
    """

    def __init__(self, waiting: Waiting, again: App) -> None:
        super().__init__()
        self.waiting, self.again = waiting, again


@frozen
class Held:
    """A request that waits, as the worker sees it."""

    waiting: Waiting
    #: Answers it, or has it wait again.
    answer: Callable[[], bool | Held]
