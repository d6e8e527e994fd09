"""What is computed over the rows of a group. Null counts only in the number of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Any

from .cells.numerals import number_in
from .exact import Moments
from .memory import BYTES_PER_DISTINCT, BYTES_PER_NUMBER, Memory
from .values import Value, of_int, order, short_key


class Aggregate(ABC):
    """Takes the values of one column, one by one; `result` is called once, at the end."""

    __slots__ = ()

    @abstractmethod
    def add(self, value: Value) -> None:
        """Take a value that is not null."""

    @abstractmethod
    def result(self) -> Value:
        """Return the result; null if there is nothing to compute with."""


class Count(Aggregate):
    """How many values."""

    __slots__ = ("_count",)

    def __init__(self, memory: Memory) -> None:
        self._count = 0

    def add(self, value: Value) -> None:
        """Count it."""
        self._count += 1

    def result(self) -> Value:
        """Return the count."""
        return self._count


class CountDistinct(Aggregate):
    """How many different values, exactly."""

    __slots__ = ("_keys", "_memory")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._keys: set[Hashable] = set()

    def add(self, value: Value) -> None:
        """Remember it; raises TableError when there are too many."""
        key = short_key(value)
        if key not in self._keys:
            self._memory.take(BYTES_PER_DISTINCT)
            self._keys.add(key)

    def result(self) -> Value:
        """Return how many there are."""
        return len(self._keys)


class OfMoments(Aggregate):
    """Computed from the count, sum and squares of the numbers; other values are left out."""

    __slots__ = ("_moments",)

    def __init__(self, memory: Memory) -> None:
        self._moments = Moments()

    def add(self, value: Value) -> None:
        """Take it if it is a number."""
        number = number_in(value)
        if number is not None:
            self._moments.add(number)


class Sum(OfMoments):
    """The exact sum, rounded once; an integer if all numbers are."""

    __slots__ = ()

    def result(self) -> Value:
        """Return the sum."""
        total = self._moments.sum
        return of_int(total) if isinstance(total, int) else total


class Average(OfMoments):
    """The arithmetic mean."""

    __slots__ = ()

    def result(self) -> Value:
        """Return the mean."""
        return self._moments.mean


class Deviation(OfMoments):
    """The sample's standard deviation."""

    __slots__ = ()

    def result(self) -> Value:
        """Return the deviation; null for fewer than two numbers."""
        return self._moments.stddev


class Median(Aggregate):
    """The number in the middle, or the mean of the two in the middle."""

    __slots__ = ("_memory", "_numbers")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._numbers: list[Any] = []

    def add(self, value: Value) -> None:
        """Keep it if it is a number; raises TableError when there are too many."""
        number = number_in(value)
        if number is not None:
            self._memory.take(BYTES_PER_NUMBER)
            self._numbers.append(number)

    def result(self) -> Value:
        """Return the median."""
        self._numbers.sort()
        middle, odd = divmod(len(self._numbers), 2)
        if odd or not middle:
            return self._numbers[middle] if odd else None
        # Exactly, as everywhere: the mean of two huge numbers must not overflow.
        pair = Moments()
        pair.add(self._numbers[middle - 1])
        pair.add(self._numbers[middle])
        return pair.mean


class Least(Aggregate):
    """The least value, in the order over values of all types."""

    __slots__ = ("_place",)

    def __init__(self, memory: Memory) -> None:
        self._place: tuple[int, Any] | None = None

    def add(self, value: Value) -> None:
        """Keep it if it comes before all others."""
        place = order(value)
        if self._place is None or place < self._place:
            self._place = place

    def result(self) -> Value:
        """Return the value."""
        return self._place[1] if self._place else None


class Greatest(Least):
    """The greatest value, in the same order."""

    __slots__ = ()

    def add(self, value: Value) -> None:
        """Keep it if it comes after all others."""
        place = order(value)
        if self._place is None or place > self._place:
            self._place = place


FUNCTIONS: dict[str, Callable[[Memory], Aggregate]] = {
    "count": Count,
    "count_distinct": CountDistinct,
    "sum": Sum,
    "avg": Average,
    "min": Least,
    "max": Greatest,
    "median": Median,
    "stddev": Deviation,
}
