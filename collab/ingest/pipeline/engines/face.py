"""The interface of a store, whichever engine holds it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

#: Rows that a server sends at once.
ROWS_PER_FETCH = 2000

Values = Sequence[Any] | Mapping[str, Any]
#: What identifies an event: its source, its day, and its id as `tables.compact` writes it.
Key = tuple[int, int, bytes]
#: project, source, ts, received, type, event_id, user_id, session_id, late, data, metadata.
EventRow = tuple[Any, ...]


#: How an event's text begins, and what is between its data and its metadata.
DATA_NAME = '{"data":'
METADATA_NAME = ',"metadata":'


def joined(data: str, metadata: str) -> str:
    """Return an event's text: JSON, stored as it is, whose parts can be found again."""
    return f"{DATA_NAME}{data}{METADATA_NAME}{metadata}}}"


class Rows(Protocol):
    """What a statement has found or changed."""

    @property
    def rowcount(self) -> int:
        """The rows that were changed."""

    def fetchone(self) -> Any:
        """Return the next row, or None."""

    def fetchall(self) -> list[Any]:
        """Return all remaining rows."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows."""


class Store(ABC):
    """A connection to a store, used by one thread at a time."""

    #: SQL that reads an event's data and metadata as two JSON texts.
    event_parts: str

    @abstractmethod
    def execute(self, sql: str, values: Values = ()) -> Rows:
        """Run a statement; outside a transaction it is its own."""

    @abstractmethod
    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> Rows:
        """Run a statement for each row; `rowcount` counts all of them."""

    @abstractmethod
    def stream(self, sql: str, values: Values = (), at_once: int = ROWS_PER_FETCH) -> Iterator[Any]:
        """Yield rows as they are needed, within a transaction: there may be any number.

        A server sends `at_once` of them at a time.
        """

    @abstractmethod
    def writing(self) -> AbstractContextManager[Store]:
        """Write within this block: it ends with a commit, or is undone by an error."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Store]:
        """See the store at one moment within this block, whatever is written meanwhile."""

    @abstractmethod
    def trying(self) -> AbstractContextManager[Store]:
        """Undo, at its end, what is written within this block."""

    @abstractmethod
    def add_ids(self, keys: Sequence[Key]) -> set[Key]:
        """Note ids, which must be sorted; returns those that nobody has noted before."""

    @abstractmethod
    def known_ids(self, keys: Sequence[Key]) -> set[Key]:
        """Return which of the ids are noted."""

    @abstractmethod
    def add_events(self, rows: Sequence[EventRow]) -> None:
        """Store events."""

    @abstractmethod
    def number_after(self, last: int) -> None:
        """Let request numbers continue after one."""

    @abstractmethod
    def try_lock(self, name: str) -> bool:
        """Hold a lock of the store for as long as the connection lives; False: another has it."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""


class ServiceDatabase(Protocol):
    """The service's own database, as the pipeline reads it."""

    def version(self) -> object:
        """Return a value that differs whenever something has, or may have, been written."""

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query, with `?` for its values."""

    def close(self) -> None:
        """Close the connection."""
