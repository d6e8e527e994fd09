"""What a store is asked for, whichever engine holds it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

#: Rows that a server sends at once.
ROWS_PER_FETCH = 2000

Values = Sequence[Any] | Mapping[str, Any]
#: What an event is known by: its source, its day, and its id as `tables.compact` has it.
Key = tuple[int, int, bytes]
#: project, source, ts, received, type, event_id, user_id, session_id, late, data, metadata.
EventRow = tuple[Any, ...]


#: How the text of an event begins, and what is between its data and its metadata.
DATA_NAME = '{"data":'
METADATA_NAME = ',"metadata":'


def joined(data: str, metadata: str) -> str:
    """Return the text of an event: JSON, which is stored as it is and found again by its parts."""
    return f"{DATA_NAME}{data}{METADATA_NAME}{metadata}}}"


class Rows(Protocol):
    """What a statement has found or changed."""

    @property
    def rowcount(self) -> int:
        """The rows that were changed."""

    def fetchone(self) -> Any:
        """Return the next row, or None."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows."""


class Store(ABC):
    """A connection to a store, used by one thread at a time."""

    #: What reads the data and the metadata of an event as two texts of JSON.
    event_parts: str

    @abstractmethod
    def execute(self, sql: str, values: Values = ()) -> Rows:
        """Run a statement; outside of a transaction it is one of its own."""

    @abstractmethod
    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> Rows:
        """Run a statement for each row; `rowcount` is of all of them."""

    @abstractmethod
    def stream(self, sql: str, values: Values = (), at_once: int = ROWS_PER_FETCH) -> Iterator[Any]:
        """Yield rows as they are asked for, within a transaction: as many as there may be.

        A server sends some `at_once`.
        """

    @abstractmethod
    def writing(self) -> AbstractContextManager[Store]:
        """Write within this block: it ends with a commit, or undone by what it raises."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Store]:
        """See one moment of the store within this block, whatever is written meanwhile."""

    @abstractmethod
    def trying(self) -> AbstractContextManager[Store]:
        """Undo at the end what is written within this block."""

    @abstractmethod
    def add_ids(self, keys: Sequence[Key]) -> set[Key]:
        """Note ids, which are sorted; returns those that nobody has noted before."""

    @abstractmethod
    def known_ids(self, keys: Sequence[Key]) -> set[Key]:
        """Return those ids that are noted."""

    @abstractmethod
    def add_events(self, rows: Sequence[EventRow]) -> None:
        """Store events."""

    @abstractmethod
    def number_after(self, last: int) -> None:
        """Let the numbers of requests go on after one."""

    @abstractmethod
    def try_lock(self, name: str) -> bool:
        """Hold a lock of the store as long as the connection lives; False: another one has it."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""


class ServiceDatabase(Protocol):
    """The service's own database, as the pipeline reads in it."""

    def version(self) -> object:
        """Return what is another one whenever something has been written, or may have been."""

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query, with `?` for its values."""

    def close(self) -> None:
        """Close the connection."""
