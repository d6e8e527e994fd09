"""Lists by keyset: a page starts after the last item of the one before, whatever changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from ...extensions import db
from ...frozen import frozen
from ..compiled import Compiled
from . import cursors
from .reading import AS_WANTED, PAGE_BYTES, take, take_some, weigher

Column = InstrumentedAttribute[Any]


@frozen
class Page:
    """Some items, and where the next page begins."""

    items: Sequence[Any]
    next_cursor: str | None


def first(row: Row[Any]) -> Any:
    """Return what a query of one model selects."""
    return row[0]


def paginate(
    query: Select[Any],
    *,
    columns: Mapping[str, Column],
    sort: str,
    key: Column,
    limit: int,
    cursor: str | None,
    item: Callable[[Row[Any]], Any] = first,
    values: dict[str, Any] | None = None,
    most_bytes: int = PAGE_BYTES,
) -> Page:
    """Run a query for one page, sorted by a column and then by `key`, which is unique.

    Large items make a page shorter than `limit`: its rows take at most `most_bytes` together, or
    there is only one. The cursor still says what comes next.

    `item` turns a row into what the page shows. With `values` the query selects columns, is built
    once and takes these as parameters; what is derived from it is compiled once. Raises Malformed
    for a cursor that did not come from this list.
    """
    column = columns[sort.removeprefix("-")]
    # One row more than the page shows: so finding out whether there is a next page takes no other
    # query.
    parameters = {"page_size": limit + 1} | (values or {})
    if cursor:
        parameters["value"], parameters["last"] = decode(cursor, sort, column)
    asked = query, column, key, sort.startswith("-"), bool(cursor)
    if values is None:
        statement = _sliced(*asked)
        result = db.session.execute(statement, parameters, execution_options=AS_WANTED)
        shown, more = take(result, limit, most_bytes)
    else:
        compiled, weigh = _compiled(*asked)
        cut = partial(take_some, weigh=weigh, most=limit, most_bytes=most_bytes)
        shown, more = compiled.read(parameters, cut)
    following = encode(sort, *shown[-1][-2:]) if more else None
    return Page([item(row) for row in shown], following)


def _sliced(
    query: Select[Any], column: Column, key: Column, descending: bool, continued: bool
) -> Select[Any]:
    """Sort a query and cut it to a page: the first one, or one after a value and a key."""
    if continued:
        here: Any = key
        there: Any = bindparam("last", type_=key.type)
        if column is not key:
            here = tuple_(column, key)
            # Both together: many rows may have the same value, and a page may end in the middle of
            # them.
            there = tuple_(bindparam("value", type_=column.type), there)
        query = query.where(here < there if descending else here > there)
    order = (key,) if column is key else (column, key)
    query = query.order_by(*(one.desc() if descending else one.asc() for one in order))
    query = query.limit(bindparam("page_size"))
    return query.add_columns(column.label("_at"), key.label("_key"))


# Found by the query's identity: callers that pass `values` have to build the query once.
@lru_cache(maxsize=256)
def _compiled(*asked: Any) -> tuple[Compiled, Callable[[Any], int]]:
    query = _sliced(*asked)
    return Compiled(query), weigher(query)


def encode(sort: str, value: Any, key: int) -> str:
    """Write a cursor: opaque to callers, good for this sorting only."""
    return cursors.write([sort, value, key])


def decode(cursor: str, sort: str, column: ColumnElement[Any] | Column) -> tuple[Any, int]:
    """Read a cursor that was given out for this sorting; raises Malformed for another."""
    expected = column.type.python_type

    def taken(parts: list[Any]) -> tuple[Any, int]:
        made_for, value, key = parts
        if expected is datetime:
            value = _moment(value)
        # `type` and not `isinstance`: JSON's true would pass for a whole number.
        if made_for != sort or type(value) is not expected:
            raise ValueError
        cursors.require_numbers(key, *([value] if expected is int else []))
        return value, key

    return cursors.read(cursor, taken)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)
