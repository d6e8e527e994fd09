"""Groups and what is computed over them, against plain Python."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from .tables import NUMBERS, ROWS, fast, numbers, place, run, same


def grouped(rows: list[dict[str, Any]], *columns: str) -> list[list[dict[str, Any]]]:
    groups: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(same(row.get(column)) for column in columns), []).append(row)
    return list(groups.values())


def plain_sum(values: list[Any]) -> Any:
    found = numbers(values)
    if not found:
        return None
    exact = sum(map(Fraction, found))
    if all(isinstance(one, int) for one in found):
        return int(exact) if -(2**63) <= exact < 2**64 else float(exact)
    try:
        return float(exact)
    except OverflowError:
        return None


def plain_mean(values: list[Any]) -> Any:
    found = numbers(values)
    return float(sum(map(Fraction, found)) / len(found)) if found else None


def plain_median(values: list[Any]) -> Any:
    found = sorted(numbers(values))
    if not found:
        return None
    low, high = statistics.median_low(found), statistics.median_high(found)
    return high if len(found) % 2 else float((Fraction(low) + Fraction(high)) / 2)


PLAIN_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "count_distinct": lambda values: len({same(one) for one in values}),
    "sum": plain_sum,
    "avg": plain_mean,
    "median": plain_median,
    "min": lambda values: min(values, key=place, default=None),
    "max": lambda values: max(values, key=place, default=None),
}


@fast
@given(rows=ROWS)
def test_an_aggregate_is_what_plain_python_computes(rows: list[dict[str, Any]]) -> None:
    """All functions look at the same rows: to think of them takes longer than to group them."""
    for fn, computed in PLAIN_FUNCTIONS.items():
        aggregate = [{"fn": fn, "column": "b", "as": fn}]
        result = run(rows, group_by=["a"], aggregate=aggregate)
        wanted = [
            {
                "a": group[0]["a"],
                fn: computed([row["b"] for row in group if row["b"] is not None]),
            }
            for group in grouped(rows, "a")
        ]
        assert repr(result["rows"]) == repr(wanted)


@fast
@given(ROWS)
def test_groups_are_made_by_all_columns_in_order_of_appearance(rows: list[dict[str, Any]]) -> None:
    rows = [{"c": None} | row for row in rows]
    result = run(rows, group_by=["a", "c"])
    wanted = [
        {"a": group[0]["a"], "c": group[0]["c"], "count": len(group)}
        for group in grouped(rows, "a", "c")
    ]
    assert repr(result["rows"]) == repr(wanted)
    assert result["row_count"] == len(wanted)


def aggregated(values: list[Any], *functions: str) -> dict[str, Any]:
    aggregates = [{"fn": fn, "column": "x", "as": fn} for fn in functions]
    return run([{"x": value} for value in values], aggregate=aggregates)["rows"][0]


def test_null_is_left_out_of_everything() -> None:
    found = aggregated([None, 4, None, 2], "count", "avg", "min", "count_distinct", "median")
    assert list(found.values()) == [2, 3.0, 2, 2, 3.0]


def test_what_is_no_number_is_left_out_of_sums() -> None:
    assert aggregated([True, "5", 2, 3], "sum", "avg") == {"sum": 5, "avg": 2.5}


def test_without_numbers_there_is_no_sum() -> None:
    functions = ("sum", "avg", "median", "stddev")
    assert aggregated(["a", None], *functions) == dict.fromkeys(functions)


def test_a_sum_beyond_64_bits_is_a_float() -> None:
    assert aggregated([2**63, 2**63], "sum") == {"sum": float(2**64)}


def test_a_deviation_is_that_of_a_sample() -> None:
    values = [2, 4, 4, 4, 5, 5, 7, 9]
    assert aggregated(values, "stddev") == {"stddev": pytest.approx(statistics.stdev(values))}


@fast
@given(NUMBERS, NUMBERS)
def test_the_median_of_two_is_their_mean(one: float, other: float) -> None:
    found = aggregated([one, other], "median", "avg")
    assert found["median"] == found["avg"]


def test_of_equal_values_the_first_is_kept() -> None:
    assert repr(aggregated([1.0, 1], "min", "max")) == "{'min': 1.0, 'max': 1.0}"
    assert repr(aggregated([1, 1.0], "min", "max")) == "{'min': 1, 'max': 1}"


def test_count_without_a_column_counts_rows() -> None:
    rows = [{"x": None}, {"x": 1}]
    aggregates = [{"fn": "count"}, {"fn": "count", "column": "x"}]
    assert run(rows, aggregate=aggregates)["rows"] == [{"count": 2, "count_x": 1}]


def test_groups_without_an_aggregate_are_counted() -> None:
    rows = [{"x": "b"}, {"x": "a"}, {"x": "b"}]
    wanted = [{"x": "b", "count": 2}, {"x": "a", "count": 1}]
    assert run(rows, group_by=["x"])["rows"] == wanted


def test_an_aggregate_of_no_rows_is_one_row() -> None:
    result = run([], aggregate=[{"fn": "count"}, {"fn": "sum", "column": "x"}])
    assert result["rows"] == [{"count": 0, "sum_x": None}]


def test_groups_of_no_rows_are_none() -> None:
    assert run([], group_by=["x"])["rows"] == []


def test_long_texts_that_begin_alike_are_groups_of_their_own() -> None:
    rows = [{"x": "a" * 1000 + letter} for letter in "bcb"]
    result = run(rows, group_by=["x"])
    assert [row["count"] for row in result["rows"]] == [2, 1]
    assert result["rows"][0]["x"] == "a" * 1000 + "b"
