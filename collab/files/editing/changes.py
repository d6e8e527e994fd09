"""What is handed over to the thread of the texts."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

from ...core import client_address
from ...core.caller import Caller
from ...core.errors import Unavailable
from ..text.delta import Delta, weight
from ..updates import parsing
from ..updates.structs import Update
from .live_text import Applied, LiveText

#: Changes taken into one commit. All wait for it, and fail with it if the database refuses it.
MAX_CHANGES_PER_COMMIT = 500
#: About how many bytes of them.
MAX_BYTES_PER_COMMIT = 4 * 2**20
#: Seconds for which a turn waits for as many changes as the last one had, if it had several: those
#: whom it answered send their next, and all share a commit.
GATHER_S = 0.002


@dataclass(eq=False)
class Change:
    """What somebody wants changed: a delta to a version, or an update of the CRDT."""

    file_id: int
    caller: Caller
    door: str
    delta: Delta = ()
    base: int = 0
    update: Update | None = None
    #: CPU seconds that were already used to take it apart.
    spent_s: float = 0.0
    #: Whether the update is everything that an editor has and we may lack, not only what is new.
    all_it_has: bool = False
    #: The version that the text must have; None: any.
    expected: int | None = None
    #: For an undo: the versions of the changes that it undoes.
    undoes: list[int] | None = None
    #: The author's name for it (`edit_id`), if they may have to send it again.
    edit_id: str | None = None
    #: Whether its author keeps it as it was sent: nothing in it can be replaced.
    literal: bool = False
    #: The client's address: the log's rows are written by another thread than the request's.
    address: str | None = field(default_factory=client_address.address)
    done: Future[Applied] = field(default_factory=Future)

    @property
    def weight(self) -> int:
        """Return about how many bytes it has."""
        return (len(self.update.data) if self.update else 0) + weight(self.delta)


def of_update(file_id: int, caller: Caller, data: bytes, *, all_it_has: bool = False) -> Change:
    """Make a change of what a Yjs editor sent, in its connection's thread; raises Unusable."""
    began = time.thread_time()
    # Here, and not in the texts' thread: a long update must keep nobody's edits waiting.
    update = parsing.read(data)
    spent = time.thread_time() - began
    change = Change(file_id, caller, "yjs", update=update, spent_s=spent)
    change.all_it_has = all_it_has
    return change


@dataclass(eq=False)
class Question:
    """Something that only the documents' thread can answer."""

    file_id: int
    ask: Callable[[LiveText], Any]
    done: Future[Any] = field(default_factory=Future)
    #: Changes of the text that were handed over earlier and are not made yet; None if not known.
    follows: list[Change] | None = None
    weight = 0


class Waiting:
    """What waits for the thread, which takes as much of it at once as one commit may have."""

    def __init__(self, gather_s: float = GATHER_S) -> None:
        self._queue: SimpleQueue[Change | Question | None] = SimpleQueue()
        self._gather_s = gather_s
        #: How many the thread waits for besides the one that it has, and whether they are there.
        self._wanted, self._enough = 0, Event()

    def put(self, item: Change | Question | None) -> None:
        """Hand something over; None is the last."""
        self._queue.put(item)
        if 0 < self._wanted <= self._queue.qsize():
            self._enough.set()

    def take(
        self, items: list[Change | Question], patience_s: float, wanted: int
    ) -> tuple[list[Change | Question], bool]:
        """Add what is there to some items; returns them, and whether the last has come.

        Waits for the first, and then, for some moments, for as many in all as are `wanted`.
        """
        size = sum(item.weight for item in items)
        try:
            item = self._queue.get(timeout=patience_s)
            self._gather(wanted - 1)
            while item is not None:
                # Not if its caller gave up and was told so: then it must no longer happen.
                if item.done.set_running_or_notify_cancel():
                    items.append(item)
                    size += item.weight
                if len(items) >= MAX_CHANGES_PER_COMMIT or size >= MAX_BYTES_PER_COMMIT:
                    return items, False
                item = self._queue.get_nowait()
        except Empty:
            return items, False
        return items, True

    def _gather(self, wanted: int) -> None:
        """Sleep until so many are there, without waking for each one that comes meanwhile."""
        self._wanted = wanted
        if self._queue.qsize() < wanted:
            self._enough.wait(self._gather_s)
        self._wanted = 0
        self._enough.clear()


def waited(done: Future[Any], patience_s: float) -> Any:
    """Wait for what was handed over; raises its error, or Unavailable.

    A change that nobody has begun is taken back: what is refused must not happen later.
    """
    try:
        return done.result(patience_s)
    except TimeoutError:
        pass
    with suppress(TimeoutError):
        # It has begun, so its outcome is known soon; saying "busy" now might be wrong.
        if not done.cancel():
            return done.result(patience_s)
    raise Unavailable("The text can't be changed now: the database is busy.")
