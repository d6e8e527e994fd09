"""Conditions on the rows, all of which must hold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .cells.numerals import Numeral
from .values import Row, Value, key

Test = Callable[[Value], bool]


def _kind(value: Value) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else float


def _as_meant(value: Value, kind: type) -> Value:
    """Return what is compared: next to a number, a text written as a number is its value."""
    return value.number if kind is float and isinstance(value, Numeral) else value


def _equal(wanted: Value) -> Test:
    wanted_key, kind = key(wanted), _kind(wanted)
    return lambda value: key(_as_meant(value, kind)) == wanted_key


def _different(wanted: Value) -> Test:
    equal = _equal(wanted)
    return lambda value: not equal(value)


def _among(wanted: Iterable[Value]) -> Test:
    # A set: a list of a thousand values must not cost a thousand comparisons a row.
    keys = frozenset(map(key, wanted))
    return lambda value: key(value) in keys or (isinstance(value, Numeral) and value.number in keys)


def _compared(compare: Callable[[Any, Any], bool], wanted: Value) -> Test:
    """Compare within a kind: text is neither below nor above a number, and null matches nothing."""
    kind = _kind(wanted)

    def test(value: Value) -> bool:
        meant = _as_meant(value, kind)
        return meant is not None and _kind(meant) is kind and compare(meant, wanted)

    return test


#: Each makes a test out of the condition's value.
OPERATIONS: dict[str, Callable[[Any], Test]] = {
    "eq": _equal,
    "ne": _different,
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


def _text_of(condition: dict[str, Any]) -> str | None:
    """Return the text that a condition compares with; None if it compares with anything else."""
    value = condition.get("value")
    values = value if isinstance(value, list) else [value]
    return values[0] if values and all(isinstance(one, str) for one in values) else None


class Filter:
    """The conditions of a payload: `[{column, op, value}]`."""

    def __init__(self, conditions: Sequence[dict[str, Any]]) -> None:
        self._tests = [
            (one["column"], OPERATIONS[one["op"]](one.get("value"))) for one in conditions
        ]
        self.columns = [column for column, _ in self._tests]

        #: The texts that are looked for, by column.
        self.texts = {one["column"]: text for one in conditions if (text := _text_of(one))}

    def holds(self, row: Row) -> bool:
        """Return whether a row meets all conditions; a missing value is null."""
        return all(test(row.get(column)) for column, test in self._tests)
