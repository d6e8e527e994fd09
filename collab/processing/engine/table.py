"""Rows as they come, with the columns that they have turned out to have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import TableError, quoted
from .values import Row, of_json

MAX_COLUMNS = 1_000
#: Characters of a column's name.
MAX_NAME_LENGTH = 200


class Origin(Protocol):
    """Where rows come from."""

    @property
    def fraction(self) -> float:
        """How much has been read, from 0 to 1."""

    def close(self) -> None:
        """Let go of it."""


@dataclass
class Table:
    """Rows to read once."""

    rows: Iterator[Row]
    origin: Origin
    #: The names, in the order of their first appearance; grows while rows are read.
    columns: dict[str, None] = field(default_factory=dict)
    #: Whether the columns are known before the rows are.
    complete: bool = False


def check_columns(names: Iterable[str]) -> None:
    """Refuse too many columns, and names that are too long."""
    every = list(names)
    if len(every) > MAX_COLUMNS:
        raise TableError(
            "too_many_columns", f"There are more than {MAX_COLUMNS:,} columns: {len(every):,}."
        )
    for name in every:
        if len(name) > MAX_NAME_LENGTH:
            message = f"The column name {quoted(name)} has more than {MAX_NAME_LENGTH} characters."
            raise TableError("bad_column_name", message)


class Given:
    """The rows of a request."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows
        self._done = 0

    @property
    def fraction(self) -> float:
        """How many have been read, from 0 to 1."""
        return self._done / max(1, len(self._rows))

    def objects(self) -> Iterator[Any]:
        """Yield them."""
        for row in self._rows:
            self._done += 1
            yield row

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


def of_rows(rows: Sequence[Any]) -> Table:
    """Return the rows of a request as a table."""
    given = Given(rows)
    return of_objects(given.objects(), given)


def of_objects(objects: Iterable[Any], origin: Origin) -> Table:
    """Return JSON objects as a table; its columns are their keys."""
    columns: dict[str, None] = {}
    return Table(_rows(objects, columns), origin, columns)


def _rows(objects: Iterable[Any], columns: dict[str, None]) -> Iterator[Row]:
    for number, one in enumerate(objects, 1):
        if type(one) is not dict:
            raise TableError("bad_json", f"Row {number:,} is not an object.")
        if not columns.keys() >= one.keys():
            columns.update(dict.fromkeys(one))
            check_columns(columns)
        yield {name: of_json(value, name) for name, value in one.items()}
