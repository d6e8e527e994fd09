"""Reading rows by the bytes that they take, and not only by how many they are."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Dialect, Result, Text, TypeDecorator, type_coerce

from .json import Stored

#: Bytes of rows that a list, a replay or an export has in memory at a time: past these nothing
#: more is read, so that one more row, of whatever size a row may have, is the most there is.
PAGE_BYTES = 1024 * 1024


#: Lets a session read rows when they are wanted, and not all before the first.
ONE_BY_ONE = {"yield_per": 1}


class StoredText(TypeDecorator[Any]):
    """A column of JSON objects, read as text: nothing is decoded that nobody looks at."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> Stored | None:
        """Wrap the text."""
        return None if value is None else Stored(value)


def as_text(column: Any) -> Any:
    """Return what a query selects to read a JSON column as text, under the column's name."""
    return type_coerce(column, StoredText).label(column.name)


def weight(values: Iterable[Any]) -> int:
    """Return about how many bytes of memory the texts and bytes among some values take."""
    return sum(map(sys.getsizeof, values))


def take(result: Result[Any], most: int, most_bytes: int = PAGE_BYTES) -> tuple[list[Any], bool]:
    """Read rows one by one, up to `most` and until they take `most_bytes`, at least one.

    Tells also whether there are more. The database is asked for no row before it is wanted, if the
    query was run on the connection; a session needs ONE_BY_ONE for that.
    """
    rows: list[Any] = []
    taken = 0
    for row in result:
        if len(rows) == most or taken >= most_bytes:
            result.close()
            return rows, True
        rows.append(row)
        taken += weight(row)
    return rows, False
