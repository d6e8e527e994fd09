"""Which rows pass."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from .tables import PLAIN, ROWS, VALUES, fast, run, same


def kind(value: Any) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else float


def ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda cell, value: (
        cell is not None
        and value is not None
        and kind(cell) is kind(value)
        and compare(cell, value)
    )


EXPECTED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda cell, value: same(cell) == same(value),
    "ne": lambda cell, value: same(cell) != same(value),
    "lt": ordered(operator.lt),
    "le": ordered(operator.le),
    "gt": ordered(operator.gt),
    "ge": ordered(operator.ge),
}


@fast
@given(rows=ROWS, value=VALUES)
def test_a_comparison_passes_what_plain_python_passes(
    rows: list[dict[str, Any]], value: Any
) -> None:
    """All comparisons look at the same rows: to think of them takes longer than to filter them."""
    for op, expected in EXPECTED.items():
        compared = 0 if value is None and op not in ("eq", "ne") else value
        result = run(rows, filter=[{"column": "a", "op": op, "value": compared}])
        wanted = [repr(row["a"]) for row in rows if expected(row["a"], compared)]
        assert (op, [repr(row["a"]) for row in result["rows"]]) == (op, wanted)


@fast
@given(ROWS, st.lists(VALUES, max_size=5))
def test_in_passes_what_equals_one_of_the_values(
    rows: list[dict[str, Any]], values: list[Any]
) -> None:
    result = run(rows, filter=[{"column": "a", "op": "in", "value": values}])
    wanted = [row for row in rows if same(row["a"]) in [same(one) for one in values]]
    assert [repr(row["a"]) for row in result["rows"]] == [repr(row["a"]) for row in wanted]


def passed(op: str, *value: Any) -> list[Any]:
    condition = {"column": "x", "op": op} | ({"value": value[0]} if value else {})
    rows = run([{"x": one} for one in [*PLAIN, "Banana"]], filter=[condition])["rows"]
    return [row["x"] for row in rows]


def test_contains_looks_into_text_with_regard_to_case() -> None:
    assert (passed("contains", "an"), passed("contains", "ba")) == (["Banana"], [])


def test_starts_with_looks_at_the_beginning_of_text_only() -> None:
    assert passed("starts_with", "1") == ["1"]


def test_null_is_found_and_excluded() -> None:
    assert passed("is_null") == [None]
    assert len(passed("not_null")) == len(PLAIN)


def test_a_missing_value_is_null() -> None:
    rows = [{"a": 1, "b": 2}, {"a": 2}]
    condition = {"column": "b", "op": "is_null"}
    assert run(rows, filter=[condition])["rows"] == [{"a": 2, "b": None}]


def test_all_conditions_must_hold() -> None:
    rows = [{"x": number} for number in range(10)]
    conditions = [{"column": "x", "op": "gt", "value": 3}, {"column": "x", "op": "le", "value": 5}]
    result = run(rows, filter=conditions)
    assert [row["x"] for row in result["rows"]] == [4, 5]
    assert (result["source_rows"], result["matched_rows"], result["row_count"]) == (10, 2, 2)
