"""What is said of columns, against plain Python."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.processing.engine.profile import DISTINCT_IN_ALL, DISTINCT_IN_COLUMN

from ..support.each import each
from .tables import ROWS, VALUES, column, fast, numbers, place, run, run_file, same


@fast
@given(st.lists(VALUES, min_size=1, max_size=40))
def test_a_profile_says_what_plain_python_finds(values: list[Any]) -> None:
    profile = column(values)
    there = [one for one in values if one is not None]
    counts = Counter(map(same, there))
    assert profile["count"] == len(there)
    assert profile["nulls"] == len(values) - len(there)
    assert profile["distinct"] == len(counts)
    assert repr(profile["min"]) == repr(min(there, key=place, default=None))
    assert repr(profile["max"]) == repr(max(there, key=place, default=None))
    top = [(same(one["value"]), one["count"]) for one in profile["top"]]
    assert top == counts.most_common(5)


@fast
@given(st.lists(st.integers(-100, 100) | st.floats(-1e9, 1e9) | st.text(), min_size=2))
def test_mean_and_deviation_are_those_of_the_numbers(values: list[Any]) -> None:
    profile, found = column(values), numbers(values)
    mean = statistics.mean(found) if found else None
    deviation = statistics.stdev(found) if len(found) > 1 else None
    near = {"rel": 1e-14, "abs": 1e-300}
    assert profile["mean"] == (mean if mean is None else pytest.approx(mean, **near))
    assert profile["stddev"] == (
        deviation if deviation is None else pytest.approx(deviation, **near)
    )


@fast
@given(ROWS)
def test_each_column_has_its_profile_in_order_of_appearance(rows: list[dict[str, Any]]) -> None:
    profiles = run(rows, profile=True)["columns"]
    assert [one["name"] for one in profiles] == list(
        dict.fromkeys(key for row in rows for key in row)
    )
    assert all(one["count"] + one["nulls"] == len(rows) for one in profiles)


@each(
    [
        ([None], "empty"),
        ([True, None, False], "boolean"),
        ([1, 2, None], "integer"),
        ([1, 2.5], "number"),
        ([1, 1.0], "number"),
        ([1.0], "number"),
        (["2024-02-29", None], "date"),
        (["2024-02-29", "2024-02-30"], "text"),
        (["soon", "2024-02-29"], "text"),
        (["20240229"], "text"),
        (["٢٠٢٤-٠٢-٢٩"], "text"),
        (["a"], "text"),
        ([1, "a"], "mixed"),
        ([1, True], "mixed"),
        (["2024-02-29", 1], "mixed"),
        ([[1], {"a": 1}], "text"),
    ]
)
def test_the_type_of_a_column_is_what_all_its_values_have(values: list[Any], name: str) -> None:
    assert column(values)["type"] == name


def test_what_the_filter_drops_is_not_profiled() -> None:
    condition = {"column": "x", "op": "gt", "value": 1}
    assert column([1, 2, 3], filter=[condition])["min"] == 2


def test_columns_are_profiled_when_there_is_nothing_else_to_do() -> None:
    rows = [{"x": 1}]
    assert "columns" in run(rows)
    assert "columns" not in run(rows, sort=["x"])
    assert "columns" not in run(rows, profile=False)


def test_a_column_without_rows_is_empty() -> None:
    (profile,) = run_file("x\n")["columns"]
    assert (profile["type"], profile["count"], profile["nulls"], profile["top"]) == (
        "empty",
        0,
        0,
        [],
    )


def test_long_text_is_shown_in_part_and_told_apart() -> None:
    profile = column(["a" * 500 + "b", "a" * 500 + "c", "a" * 500 + "b"])
    assert profile["distinct"] == 2
    assert profile["top"][0] == {"value": "a" * 100 + "…", "count": 2}
    assert profile["max"] == "a" * 100 + "…"


def test_past_the_limit_the_number_of_different_values_is_at_least_so_many() -> None:
    values = [*range(DISTINCT_IN_COLUMN + 5), *["often"] * 3, 0]
    profile = column(values)
    assert profile["distinct_at_least"] == DISTINCT_IN_COLUMN
    assert "distinct" not in profile


def test_past_the_limit_all_else_is_exact() -> None:
    values = [*range(DISTINCT_IN_COLUMN), 10.5, 10.5, 10**9, 7]
    profile = column(values)
    assert (profile["count"], profile["max"], profile["type"]) == (len(values), 10**9, "number")
    assert profile["mean"] == statistics.fmean(values)
    assert profile["top"][0] == {"value": 7, "count": 2}


def test_many_columns_share_a_limit_of_different_values() -> None:
    columns = 12
    names = [f"c{index}" for index in range(columns)]
    rows = [dict.fromkeys(names, number) for number in range(DISTINCT_IN_COLUMN)]
    profiles = run(rows)["columns"]
    counted = [one.get("distinct", one.get("distinct_at_least")) for one in profiles]
    assert sum(counted) == DISTINCT_IN_ALL
    assert all("distinct_at_least" in one for one in profiles)
