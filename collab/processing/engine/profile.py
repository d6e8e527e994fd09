"""What the columns are like: their types, their extremes, their most frequent values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from datetime import date
from typing import Any

from .exact import Moments
from .values import Row, Value, is_number, order, short_key, shown, unkeyed

#: Different values that are counted in one column, and in all together.
DISTINCT_IN_COLUMN = 10_000
DISTINCT_IN_ALL = 100_000
#: How many of the most frequent values are shown.
MAX_TOP_VALUES = 5

DATE_PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_date(text: str) -> bool:
    """Return whether a text is a day of the calendar (RFC 3339, `full-date`)."""
    if not DATE_PATTERN.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


class Column:
    """The profile of one column, of the values that are not null."""

    def __init__(self) -> None:
        #: How often the values occur, by their short keys; and how many others there were.
        self.counts: Counter[Hashable] = Counter()
        self._uncounted = 0
        self._kinds: set[str] = set()
        #: The numbers among the others; those that are counted are added at the end.
        self._numbers = Moments()
        self._least: tuple[int, Any] | None = None
        self._greatest: tuple[int, Any] | None = None

    def repeat(self, key: Hashable, value: Value) -> None:
        """Take a value whose key is in `counts`: equal values differ at most as 1 and 1.0 do."""
        self.counts[key] += 1
        if isinstance(value, float):
            self._kinds.add("number")

    def meet(self, key: Hashable, value: Value, keep: bool) -> None:
        """Take a value that is not in `counts`, and enter it there or not."""
        place = order(value)
        if self._least is None or place < self._least:
            self._least = place
        if self._greatest is None or place > self._greatest:
            self._greatest = place
        self._kinds.add(self._kind(value))
        if keep:
            self.counts[key] = 1
            return
        self._uncounted += 1
        if is_number(value):
            self._numbers.add(value)

    def _kind(self, value: Value) -> str:
        if isinstance(value, bool):
            return "boolean"
        if isinstance(value, str):
            # Once one text is not a date, the column is text whatever the others are.
            return "text" if "text" in self._kinds or not is_date(value) else "date"
        return "integer" if isinstance(value, int) else "number"

    @property
    def type(self) -> str:
        """The type that all values have; `mixed` if they have none in common."""
        for name, kinds in TYPES.items():
            if self._kinds <= kinds:
                return name
        return "mixed"

    def described(self, name: str, rows: int) -> dict[str, Any]:
        """Return the profile as it goes into the result; `rows` is how many there were."""
        count = self.counts.total() + self._uncounted
        for value, times in self.counts.items():
            if is_number(value):
                self._numbers.add(value, times)
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


#: The kinds of values that each type takes; the narrowest type comes first.
TYPES: dict[str, set[str]] = {
    "empty": set(),
    "boolean": {"boolean"},
    "integer": {"integer"},
    "number": {"integer", "number"},
    "date": {"date"},
    "text": {"date", "text"},
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
