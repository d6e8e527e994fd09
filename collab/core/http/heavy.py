"""Requests that use much memory: few at a time, and even fewer per person.

A request uses several times the memory of what it reads: a body becomes text and objects, a text
becomes code units, and both exist at once. So a limit on size bounds memory only together with a
limit on how many there are at a time.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, current_app, g, request

from ..caller import notes
from ..errors import TooManyRequests, Unavailable
from ..slots import Slot
from .caller import present
from .limits import rate_limit_key

P = ParamSpec("P")
T = TypeVar("T")

#: Headers of bodies whose final size is unknown.
UNTOLD_SIZES = ("Transfer-Encoding", "Content-Encoding")
#: Bytes of a JSON body, or of a text, from which on a request is heavy.
HEAVY_BYTES = 128 * 1024
#: Heavy requests that run at once.
MAX_HEAVY_AT_ONCE = 4
#: Bytes that they read, together; each uses some eleven times as much while it runs. So two of the
#: largest may run, or four of two MiB.
MAX_BYTES_AT_ONCE = 8 * 2**20
#: Bytes that a request of unknown size counts, such as one with a chunked body; and the most any
#: counts.
LARGEST_BYTES = 4 * 2**20
#: A request that assembles texts counts as much as the longest text has.
TEXTS_BYTES = 2 * 2**20
#: Heavy requests of one person that run at once.
MAX_HEAVY_PER_PERSON = 2
#: Heavy requests that wait for their turn, each of which holds a thread: enough for a class of
#: thirty that opens a long text at once.
MAX_HEAVY_WAITING = 28
MAX_HEAVY_WAITING_PER_PERSON = 4
PATIENCE_S = 10.0


class HeavyTurns:
    """Counts who has a turn and who waits."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._moved = threading.Condition()
        self._at_it: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._bytes = 0

    @property
    def counts(self) -> tuple[int, int]:
        """Return how many have a turn, and how many wait."""
        with self._moved:
            return self._at_it.total(), self._waiting.total()

    @property
    def bytes_at_once(self) -> int:
        """Return the bytes of those that have a turn."""
        return self._bytes

    def enter(self, who: str, size: int = HEAVY_BYTES) -> None:
        """Wait for a turn for so many bytes; raises TooManyRequests, Unavailable."""
        with self._moved:
            if not self._free(who, size):
                self._wait(who, size)
            self._at_it[who] += 1
            self._bytes += size

    def _free(self, who: str, size: int) -> bool:
        at_it = self._at_it.total()
        fits = at_it < MAX_HEAVY_AT_ONCE and self._bytes + size <= MAX_BYTES_AT_ONCE
        return (fits or not at_it) and self._at_it[who] < MAX_HEAVY_PER_PERSON

    def _wait(self, who: str, size: int) -> None:
        if self._waiting[who] >= MAX_HEAVY_WAITING_PER_PERSON:
            raise TooManyRequests(
                "You sent too many large requests at once: wait for their answers."
            )
        if self._waiting.total() >= MAX_HEAVY_WAITING:
            raise Unavailable("Too many large requests are being handled at once.")
        self._waiting[who] += 1
        try:
            if not self._moved.wait_for(lambda: self._free(who, size), self._patience_s):
                raise Unavailable("The large requests before this one are taking too long.")
        finally:
            _less(self._waiting, who)

    def leave(self, who: str, size: int = HEAVY_BYTES) -> None:
        """Pass the turn on."""
        with self._moved:
            _less(self._at_it, who)
            self._bytes -= size
            # All of them: who may go on depends on the person, so waking one might wake the wrong
            # one.
            self._moved.notify_all()


def _less(counts: Counter[str], who: str) -> None:
    counts[who] -= 1
    if not counts[who]:
        del counts[who]


@contextmanager
def turn_for(size: int = TEXTS_BYTES) -> Iterator[None]:
    """Do something that uses memory for `size` bytes; waits for a turn if they are many.

    Raises TooManyRequests, Unavailable.
    """
    # A request has one turn, however deep it asks: waiting for a second one could wait for itself.
    if size < HEAVY_BYTES or "heavy" in g:
        yield
        return
    _enter(size)
    try:
        yield
    finally:
        _leave()


def heavy(view: Callable[P, T]) -> Callable[P, T]:
    """Make a route take turns, whatever its request's size: it assembles texts."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        with turn_for():
            return view(*args, **kwargs)

    return wrapper


def sees_to_it_itself(view: Callable[P, T]) -> Callable[P, T]:
    """Leave large bodies to a route that limits them itself: its callers are not people."""
    view.bounds_bodies = True  # type: ignore[attr-defined]
    return view


def _bounded_there() -> bool:
    """Return whether the requested route limits large bodies itself."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "bounds_bodies", False)


def _enter(size: int) -> None:
    turn = rate_limit_key(), min(size, LARGEST_BYTES)
    TURNS.here().enter(*turn)
    # On the request, so that the turn is given back once, however the request ends.
    g.heavy = turn


def _leave(_: object = None) -> None:
    if (turn := notes().pop("heavy", None)) is not None:
        TURNS.here().leave(*turn)


#: The turns of an application.
TURNS: Slot[HeavyTurns] = Slot("heavy", lambda _: HeavyTurns())


def init_app(app: Flask) -> None:
    """Count requests with a large JSON body, from before it is read to the end."""
    app.teardown_request(_leave)

    @app.before_request
    def count_heavy() -> None:
        asked, _ = present()
        if "CONTENT_TYPE" not in asked.environ:
            return  # it is not JSON
        # Nobody knows yet how large a chunked or compressed body will be.
        unknown = any(name in asked.headers for name in UNTOLD_SIZES)
        size = LARGEST_BYTES if unknown else asked.content_length or 0
        if asked.is_json and size >= HEAVY_BYTES and not _bounded_there():
            _enter(size)
