"""What is handed over to the thread of the texts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from ...core import client_address
from ...core.caller import Caller
from ..text.delta import Delta, weight
from .live_text import Applied, LiveText


@dataclass(eq=False)
class Change:
    """What somebody wants changed: a delta of a version, or an update of the CRDT."""

    file_id: int
    caller: Caller
    door: str
    delta: Delta = ()
    base: int = 0
    update: bytes | None = None
    #: Whether the update is all that an editor has and we may lack, not only what is new.
    all_it_has: bool = False
    #: The version that the text must have; None: any.
    expected: int | None = None
    #: For an undo: the versions of the changes that it undoes.
    undoes: list[int] | None = None
    #: The author's name for it (`edit_id`), if they may have to send it again.
    edit_id: str | None = None
    #: The client's address: another thread than the request's writes the log's rows.
    address: str | None = field(default_factory=client_address.address)
    done: Future[Applied] = field(default_factory=Future)

    @property
    def weight(self) -> int:
        """Return about how many bytes it has."""
        return len(self.update or b"") + weight(self.delta)


@dataclass(eq=False)
class Question:
    """Something that only the documents' thread can answer."""

    file_id: int
    ask: Callable[[LiveText], Any]
    done: Future[Any] = field(default_factory=Future)
    weight = 0
