"""Reading rows by how many bytes they take, not only by their number."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import UTC
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Executable,
    Float,
    Integer,
    Result,
    Select,
    String,
    TypeDecorator,
    type_coerce,
)
from sqlalchemy.orm import DeclarativeBase

from ...extensions import db
from ..json import Stored
from ..models import UtcDateTime
from ..text import times

#: Bytes of rows that a list, a replay or an export has in memory at a time: past these nothing more
#: is read, so at most one row, however large, comes on top.
PAGE_BYTES = 1024 * 1024

#: Text columns of up to so many characters are not weighed row by row; and the bytes of such a
#: value.
SHORT_CHARACTERS = 300
SHORT_VALUE_BYTES = 64

#: Lets a session read rows when they are needed, some at a time, not all before the first.
AS_WANTED = {"yield_per": 8}

#: Lets a connection to a server do so, with a cursor there; SQLite never reads further than asked.
ROW_BY_ROW = {"stream_results": True, "max_row_buffer": 8}


class StoredJson(TypeDecorator[Any]):
    """A column of JSON objects, read as text, so that only what is read gets decoded."""

    impl = JSON
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Return what wraps the text, instead of what would decode it."""
        return lambda value: None if value is None else Stored(value)


class WrittenTime(TypeDecorator[Any]):
    """A column of times, read as RFC 3339 text, where nothing is calculated with them."""

    impl = UtcDateTime
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Return what writes a time, which some databases return as text that is nearly right."""
        return _written


def _written(kept: Any) -> str | None:
    if kept is None:
        return None
    return times.from_kept(kept) if isinstance(kept, str) else times.write(kept.replace(tzinfo=UTC))


def as_text(column: Any) -> Any:
    """Return what a query selects to read JSON or times as text, under the column's name."""
    kind = WrittenTime if isinstance(column.type, UtcDateTime) else StoredJson
    return type_coerce(column, kind).label(column.name)


def weight(values: Iterable[Any]) -> int:
    """Return about how many bytes of memory some values use, with what models have loaded."""
    return sum(
        weight(vars(value).values()) if isinstance(value, DeclarativeBase) else sys.getsizeof(value)
        for value in values
    )


def take_from(
    query: Executable,
    most: int,
    most_bytes: int = PAGE_BYTES,
    values: dict[str, Any] | None = None,
) -> tuple[list[Any], bool]:
    """Run a query on the session's connection, and read its rows as `take` does."""
    connection = db.session.connection()
    return take(connection.execute(query, values, execution_options=ROW_BY_ROW), most, most_bytes)


def take(result: Result[Any], most: int, most_bytes: int = PAGE_BYTES) -> tuple[list[Any], bool]:
    """Read rows one by one, up to `most` and until they take `most_bytes`, at least one.

    Also returns whether there are more. No row is fetched from the database before it is needed, if
    the query was run with ROW_BY_ROW on the connection; a session needs AS_WANTED for that.
    """
    rows, more = take_some(result, weight, most, most_bytes)
    if more:
        result.close()
    return rows, more


def take_values(
    rows: Iterable[Any], most: int, most_bytes: int = PAGE_BYTES
) -> tuple[list[Any], bool]:
    """Read rows of plain values as `take` does, such as those of a compiled statement."""
    return take_some(rows, _weight_of_values, most, most_bytes)


def weigher(query: Select[Any]) -> Callable[[Any], int]:
    """Return what weighs rows of a query by the values that may be long, for `take_some`.

    Asking each number and time of a list for its size took a twentieth of the list's whole time.
    """
    kinds = [one.type for one in query.selected_columns]
    long = [at for at, kind in enumerate(kinds) if _may_be_long(kind)]
    others = (len(kinds) - len(long)) * SHORT_VALUE_BYTES
    return lambda row: others + sum(map(sys.getsizeof, map(row.__getitem__, long)))


def _may_be_long(kind: Any) -> bool:
    while isinstance(kind, TypeDecorator):
        kind = kind.impl
    if isinstance(kind, String):
        return kind.length is None or kind.length > SHORT_CHARACTERS
    return not isinstance(kind, Integer | Boolean | DateTime | Date | Float)


def take_some(
    rows: Iterable[Any], weigh: Callable[[Any], int], most: int, most_bytes: int
) -> tuple[list[Any], bool]:
    """Read rows as `take` does, by their weight."""
    taken: list[Any] = []
    total = 0
    for row in rows:
        # Checked with the next row in hand, which proves that there are more.
        if len(taken) == most or total >= most_bytes:
            return taken, True
        taken.append(row)
        total += weigh(row)
    return taken, False


def _weight_of_values(row: Iterable[Any]) -> int:
    return sum(map(sys.getsizeof, row))
