"""The first rows of an order, without holding the others."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from .values import Row, order


class Descending:
    """A sort key in reverse."""

    __slots__ = ("key",)

    def __init__(self, key: tuple[int, Any]) -> None:
        self.key = key

    def __lt__(self, other: Descending) -> bool:
        return other.key < self.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def columns_of(sort: Sequence[str]) -> list[str]:
    """Return the columns of an order such as `["city", "-price"]`."""
    return [name.removeprefix("-") for name in sort]


def sort_key(sort: Sequence[str]) -> Callable[[Row], list[Any]]:
    """Return the key of rows for an order; `-` is descending."""
    columns = [(name.removeprefix("-"), name.startswith("-")) for name in sort]

    def key(row: Row) -> list[Any]:
        parts = ((order(row.get(name)), down) for name, down in columns)
        return [Descending(part) if down else part for part, down in parts]

    return key


def first(limit: int, rows: Iterator[Row], sort: Sequence[str]) -> list[Row]:
    """Read all rows and return the first of them; equal ones keep their order."""
    if sort:
        return heapq.nsmallest(limit, rows, key=sort_key(sort))
    kept = list(islice(rows, limit))
    for _ in rows:  # the counter sees them all
        pass
    return kept
