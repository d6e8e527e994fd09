"""Order and limit."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from .tables import ROWS, fast, place, run


def named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each row a number, so that equal ones can be told apart."""
    return [row | {"number": number} for number, row in enumerate(rows)]


@fast
@given(ROWS, st.sampled_from(["a", "-a"]), st.sampled_from(["b", "-b"]), st.integers(1, 40))
def test_rows_are_sorted_as_python_sorts_them(
    rows: list[dict[str, Any]], one: str, other: str, limit: int
) -> None:
    result = run(named(rows), sort=[one, other], limit=limit)
    wanted = named(rows)
    for column in (other, one):  # sorting is stable, so the last key comes first
        wanted.sort(
            key=lambda row, name=column[-1]: place(row[name]), reverse=column.startswith("-")
        )
    numbers = [row["number"] for row in wanted[:limit]]
    assert [row["number"] for row in result["rows"]] == numbers
    assert (result["row_count"], result["truncated"]) == (len(rows), len(rows) > limit)


@fast
@given(ROWS, st.integers(1, 40))
def test_without_an_order_rows_stay_as_they_came(rows: list[dict[str, Any]], limit: int) -> None:
    result = run(named(rows), limit=limit)
    assert [row["number"] for row in result["rows"]] == list(range(len(rows)))[:limit]
    assert result["row_count"] == len(rows)


def test_values_of_different_kinds_have_an_order() -> None:
    values = ["b", 2, None, True, "a", 1.5, False]
    result = run([{"x": value} for value in values], sort=["x"])
    assert [row["x"] for row in result["rows"]] == [None, False, True, 1.5, 2, "a", "b"]


def test_groups_are_sorted_by_what_was_computed() -> None:
    rows = [{"x": letter} for letter in "abbccc"]
    result = run(rows, group_by=["x"], sort=["-count"], limit=2)
    assert result["rows"] == [{"x": "c", "count": 3}, {"x": "b", "count": 2}]
    assert (result["row_count"], result["truncated"]) == (3, True)


def test_a_column_whose_name_begins_with_a_dash_sorts_descending() -> None:
    result = run([{"-x": 1}, {"-x": 2}], sort=["--x"])
    assert [row["-x"] for row in result["rows"]] == [2, 1]


def test_a_hundred_rows_are_shown_unless_said_otherwise() -> None:
    assert len(run([{"x": 1}] * 150, limit=None)["rows"]) == 100
