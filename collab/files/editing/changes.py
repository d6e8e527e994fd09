"""What is handed over to the thread of the texts."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ...core import client_address
from ...core.caller import Caller
from ...core.errors import Unavailable
from ..text.delta import Delta, weight
from ..updates import parsing
from ..updates.structs import Update
from .live_text import Applied, LiveText


@dataclass(eq=False)
class Change:
    """What somebody wants changed: a delta of a version, or an update of the CRDT."""

    file_id: int
    caller: Caller
    door: str
    delta: Delta = ()
    base: int = 0
    update: Update | None = None
    #: CPU seconds that were taken already to take it apart.
    spent_s: float = 0.0
    #: Whether the update is all that an editor has and we may lack, not only what is new.
    all_it_has: bool = False
    #: The version that the text must have; None: any.
    expected: int | None = None
    #: For an undo: the versions of the changes that it undoes.
    undoes: list[int] | None = None
    #: The author's name for it (`edit_id`), if they may have to send it again.
    edit_id: str | None = None
    #: Whether its author goes on with it as it was sent: nothing in it can be replaced.
    literal: bool = False
    #: The client's address: another thread than the request's writes the log's rows.
    address: str | None = field(default_factory=client_address.address)
    done: Future[Applied] = field(default_factory=Future)

    @property
    def weight(self) -> int:
        """Return about how many bytes it has."""
        return (len(self.update.data) if self.update else 0) + weight(self.delta)


def of_update(file_id: int, caller: Caller, data: bytes, *, all_it_has: bool = False) -> Change:
    """Make a change of what a Yjs editor sent, in its connection's thread; raises Unusable."""
    began = time.thread_time()
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
    #: Changes of the text that were handed over before, and are not made yet; None: not known.
    follows: list[Change] | None = None
    weight = 0


def waited(done: Future[Any], patience_s: float) -> Any:
    """Wait for what was handed over; raises its error, or Unavailable.

    What nobody has begun with is taken back: what is refused must not happen later.
    """
    try:
        return done.result(patience_s)
    except TimeoutError:
        pass
    with suppress(TimeoutError):
        if not done.cancel():
            return done.result(patience_s)
    raise Unavailable("The text can't be changed now: the database is busy.")
