"""Profiles of the columns: their types, their extremes, their most frequent values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from .cells.numerals import number_in
from .cells.typed import Seen
from .exact import Moments
from .values import Row, Value, order, short_key, shown, unkeyed

#: Different values that are counted in one column, and in all together.
DISTINCT_IN_COLUMN = 10_000
DISTINCT_IN_ALL = 100_000
#: How many of the most frequent values are shown.
MAX_TOP_VALUES = 5


class Column:
    """The profile of one column, of the values that are not null."""

    def __init__(self) -> None:
        #: How often the values occur, by their short keys, and how many others there were.
        self.counts: Counter[Hashable] = Counter()
        self._uncounted = 0
        self._seen = Seen()
        #: The numbers among the others; those that are counted are added at the end.
        self._numbers = Moments()
        self._least: tuple[int, Any] | None = None
        self._greatest: tuple[int, Any] | None = None

    def repeat(self, key: Hashable, value: Value) -> None:
        """Count a value whose key is in `counts`: equal values differ at most as 1 and 1.0 do."""
        self.counts[key] += 1
        if isinstance(value, float):
            self._seen.add(value)

    def meet(self, key: Hashable, value: Value, keep: bool) -> None:
        """Count a value that is not in `counts`, and enter it there if there is room."""
        place = order(value)
        if self._least is None or place < self._least:
            self._least = place
        if self._greatest is None or place > self._greatest:
            self._greatest = place
        self._seen.add(value)
        if keep:
            self.counts[key] = 1
            return
        self._uncounted += 1
        number = number_in(value)
        if number is not None:
            self._numbers.add(number)

    @property
    def type(self) -> str:
        """The type that all values have; `mixed` if they have none in common."""
        return self._seen.type

    def described(self, name: str, rows: int) -> dict[str, Any]:
        """Return the profile as it goes into the result; `rows` is how many there were."""
        count = self.counts.total() + self._uncounted
        for value, times in self.counts.items():
            number = number_in(value)
            if number is not None:
                self._numbers.add(number, times)
        top = self.counts.most_common(MAX_TOP_VALUES)
        return {
            "name": name,
            "type": self.type,
            "count": count,
            "nulls": rows - count,
            "distinct_at_least" if self._uncounted else "distinct": len(self.counts),
            "min": shown(self._least[1]) if self._least else None,
            "max": shown(self._greatest[1]) if self._greatest else None,
            "mean": self._numbers.mean,
            "stddev": self._numbers.stddev,
            "top": [{"value": unkeyed(key), "count": times} for key, times in top],
        }


class Profile:
    """The profiles of all columns that the rows have."""

    def __init__(self) -> None:
        self._columns: dict[str, Column] = {}
        self._rows = 0
        self._distinct_left = DISTINCT_IN_ALL

    def add(self, row: Row) -> None:
        """Take a row."""
        self._rows += 1
        for name, value in row.items():
            if value is not None:
                self._take(name, value)

    def _take(self, name: str, value: Value) -> None:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = Column()
        key = short_key(value)
        if key in column.counts:
            column.repeat(key, value)
            return
        keep = self._distinct_left > 0 and len(column.counts) < DISTINCT_IN_COLUMN
        self._distinct_left -= keep
        column.meet(key, value, keep)

    def described(self, names: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Yield the profiles of the columns, in this order."""
        for name in names:
            yield self._columns.get(name, Column()).described(name, self._rows)
