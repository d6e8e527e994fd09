"""Rows that agree in some columns, combined into one row for each group."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

from .aggregates import FUNCTIONS, Aggregate
from .errors import TableError
from .memory import BYTES_PER_ACCUMULATOR, BYTES_PER_GROUP, Memory
from .values import Row, Value, key, unkeyed

MAX_GROUPS = 100_000

COUNT_ROWS = {"fn": "count"}


def output_name(aggregate: dict[str, Any]) -> str:
    """Return an aggregate's column: `as`, or made from function and column, such as `sum_price`."""
    column = aggregate.get("column")
    made = aggregate["fn"] if column is None else f"{aggregate['fn']}_{column}"
    return str(aggregate.get("as") or made)


class Groups:
    """The groups so far, in the order of their first rows."""

    def __init__(
        self, columns: Sequence[str], aggregates: Sequence[dict[str, Any]], memory: Memory
    ) -> None:
        asked = list(aggregates) or [COUNT_ROWS]
        self.names = [*columns, *map(output_name, asked)]
        self._columns = columns
        self._sources = [one.get("column") for one in asked]
        self._make = [FUNCTIONS[one["fn"]] for one in asked]
        self._memory = memory
        self._groups: dict[tuple[Hashable, ...], list[Aggregate]] = {}

    @property
    def source_columns(self) -> list[str]:
        """The columns that the rows must have."""
        return [*self._columns, *(one for one in self._sources if one is not None)]

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows in; raises TableError when they make too many groups."""
        for row in rows:
            group = self._group(tuple(key(row.get(column)) for column in self._columns))
            for aggregate, column in zip(group, self._sources, strict=True):
                value: Value = True if column is None else row.get(column)
                if value is not None:
                    aggregate.add(value)

    def _group(self, keys: tuple[Hashable, ...]) -> list[Aggregate]:
        group = self._groups.get(keys)
        if group is None:
            group = self._groups[keys] = self._new_group(keys)
        return group

    def _new_group(self, keys: tuple[Hashable, ...]) -> list[Aggregate]:
        if len(self._groups) == MAX_GROUPS:
            raise TableError(
                "too_many_groups",
                f"There are more than {MAX_GROUPS:,} groups: group by columns with fewer values.",
            )
        # A character of text takes up to four bytes.
        letters = sum(4 * len(one) for one in keys if isinstance(one, str))
        # Counted before it is made: at its memory limit the process would simply be killed.
        self._memory.take(BYTES_PER_GROUP + letters + BYTES_PER_ACCUMULATOR * len(self._make))
        return [make(self._memory) for make in self._make]

    def rows(self) -> Iterator[Row]:
        """Yield a row for each group; without columns, all rows are one group, even if none."""
        # As in SQL: an aggregate without GROUP BY gives one row, even for no rows.
        if not self._columns and not self._groups:
            self._group(())
        for keys, group in self._groups.items():
            values = (*map(unkeyed, keys), *(one.result() for one in group))
            yield dict(zip(self.names, values, strict=True))
