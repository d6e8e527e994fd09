"""Conditions on the rows, all of which must hold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from .values import Row, Value, key

Test = Callable[[Value], bool]


def _kind(value: Value) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else float


def _equal(wanted: Value) -> Test:
    wanted_key = key(wanted)
    return lambda value: key(value) == wanted_key


def _among(wanted: Iterable[Value]) -> Test:
    keys = frozenset(map(key, wanted))
    return lambda value: key(value) in keys


def _compared(compare: Callable[[Any, Any], bool], wanted: Value) -> Test:
    """Compare within a kind: text is neither under nor over a number, and null nothing at all."""
    kind = _kind(wanted)
    return lambda value: value is not None and _kind(value) is kind and compare(value, wanted)


#: Each makes a test from the condition's value.
OPERATIONS: dict[str, Callable[[Any], Test]] = {
    "eq": _equal,
    "ne": lambda wanted: lambda value: key(value) != key(wanted),
    "lt": lambda wanted: _compared(operator.lt, wanted),
    "le": lambda wanted: _compared(operator.le, wanted),
    "gt": lambda wanted: _compared(operator.gt, wanted),
    "ge": lambda wanted: _compared(operator.ge, wanted),
    "in": _among,
    "contains": lambda part: lambda value: isinstance(value, str) and part in value,
    "starts_with": lambda part: lambda value: isinstance(value, str) and value.startswith(part),
    "is_null": lambda _: lambda value: value is None,
    "not_null": lambda _: lambda value: value is not None,
}


class Filter:
    """The conditions of a payload: `[{column, op, value}]`."""

    def __init__(self, conditions: Iterable[dict[str, Any]]) -> None:
        self._tests = [
            (one["column"], OPERATIONS[one["op"]](one.get("value"))) for one in conditions
        ]
        self.columns = [column for column, _ in self._tests]

    def holds(self, row: Row) -> bool:
        """Return whether a row meets all conditions; a missing value is null."""
        return all(test(row.get(column)) for column, test in self._tests)
