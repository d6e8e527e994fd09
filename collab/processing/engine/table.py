"""Rows as they come, with the columns that they turn out to have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from .cells.columns import Converter
from .cells.typed import Seen, asked, converted
from .errors import TableError, quoted
from .values import Row, of_json

MAX_COLUMNS = 1_000
#: A payload that says nothing about how rows are read.
NOTHING_ASKED: Mapping[str, Any] = MappingProxyType({})
#: Characters of a column's name.
MAX_NAME_LENGTH = 200


class Origin(Protocol):
    """Where rows come from."""

    @property
    def fraction(self) -> float:
        """How much has been read, from 0 to 1."""

    def close(self) -> None:
        """Close it."""


@dataclass
class Table:
    """Rows to read once."""

    rows: Iterator[Row]
    origin: Origin
    #: The names, in the order of their first appearance; grows while rows are read.
    columns: dict[str, None] = field(default_factory=dict)
    #: Whether the columns are known before the rows are.
    complete: bool = False
    #: Whether its values were made from cells, so that a column has one type.
    converted: bool = False
    #: Returns what the columns were read as, and notes about that, once all rows are read.
    types: Callable[[], dict[str, str]] = dict
    notes: Callable[[], list[str]] = list


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
        """Do nothing: there is nothing to close."""


def of_rows(rows: Sequence[Any], payload: Mapping[str, Any] = NOTHING_ASKED) -> Table:
    """Return the rows of a request as a table."""
    given = Given(rows)
    return of_objects(given.objects(), given, payload)


def of_objects(
    objects: Iterable[Any], origin: Origin, payload: Mapping[str, Any] = NOTHING_ASKED
) -> Table:
    """Return JSON objects as a table; its columns are their keys."""
    wanted = payload.get("types") or {}
    converters = {name: asked(kind, payload.get("decimal") or "") for name, kind in wanted.items()}
    columns: dict[str, None] = {}
    seen: dict[str, Seen] = {}

    def types() -> dict[str, str]:
        return {name: wanted.get(name) or seen[name].type for name in columns}

    return Table(watched(_rows(objects, columns, converters), seen), origin, columns, types=types)


def watched(rows: Iterable[Row], seen: dict[str, Seen]) -> Iterator[Row]:
    """Yield the rows, and note the types of their values."""
    for row in rows:
        for name, value in row.items():
            if name not in seen:
                seen[name] = Seen()
            if value is not None:
                seen[name].add(value)
        yield row


def _rows(
    objects: Iterable[Any], columns: dict[str, None], converters: dict[str, Converter]
) -> Iterator[Row]:
    for number, one in enumerate(objects, 1):
        if type(one) is not dict:
            raise TableError("bad_json", f"Row {number:,} is not an object.")
        if not columns.keys() >= one.keys():
            columns.update(dict.fromkeys(one))
            check_columns(columns)
        row = {name: of_json(value, name) for name, value in one.items()}
        yield converted(row, converters, f"Row {number:,}") if converters else row
