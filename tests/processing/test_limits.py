"""What is bounded whatever the data is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collab.processing.engine.errors import TableError
from collab.processing.engine.groups import MAX_GROUPS, Groups
from collab.processing.engine.memory import BYTES_PER_DISTINCT, BYTES_PER_NUMBER, MIB, Memory
from collab.processing.engine.query import PROFILE_BYTES, Query
from collab.processing.engine.table import of_rows

from ..support.each import each
from .tables import as_csv, nothing, run, run_file

#: Bytes that a job's result may have, as the process that runs it writes them.
JOB_LIMIT = 2**20


def size(result: dict[str, Any]) -> int:
    return len(json.dumps(result, ensure_ascii=False).encode())


def with_room(room: int, fn: str, values: list[Any]) -> dict[str, Any]:
    payload = {"aggregate": [{"fn": fn, "column": "x"}]}
    table = of_rows([{"x": value} for value in values])
    return Query(payload, nothing, Memory(room)).run(table)


@each([("median", BYTES_PER_NUMBER), ("count_distinct", BYTES_PER_DISTINCT)])
def test_what_keeps_values_ends_where_the_memory_does(fn: str, cost: int) -> None:
    values = list(range(10_000))
    assert with_room(10_000 * cost + 1000, fn, values)["row_count"] == 1
    with pytest.raises(TableError) as caught:
        with_room(9_000 * cost, fn, values)
    assert (caught.value.code, caught.value.retry) == ("too_much_memory", False)


def test_what_keeps_no_values_takes_no_more_memory_for_more_rows() -> None:
    assert with_room(1000, "sum", [1] * 10_000)["rows"] == [{"sum_x": 10_000}]


def test_values_that_were_there_before_take_no_memory() -> None:
    assert with_room(1000, "count_distinct", [1] * 10_000)["rows"] == [{"count_distinct_x": 1}]


def test_a_run_may_hold_256_mib() -> None:
    memory = Memory()
    memory.take(256 * MIB)
    with pytest.raises(TableError, match="256 MiB"):
        memory.take(1)


def test_so_many_groups_there_may_be_and_no_more() -> None:
    groups = Groups(["x"], [], Memory())
    groups.add({"x": number} for number in range(MAX_GROUPS))
    groups.add([{"x": 0}])
    assert sum(1 for _ in groups.rows()) == MAX_GROUPS
    with pytest.raises(TableError, match="more than 100,000 groups") as caught:
        groups.add([{"x": MAX_GROUPS}])
    assert caught.value.code == "too_many_groups"


@each(["x", "é", "\x00", '"'])
def test_large_rows_are_shown_as_far_as_a_result_goes(letter: str) -> None:
    result = run([{"x": letter * 5_000} for _ in range(1000)], profile=True)
    assert JOB_LIMIT * 0.9 < size(result) < JOB_LIMIT
    assert (result["row_count"], result["truncated"]) == (1000, True)


def test_a_row_that_is_too_large_to_show_is_counted() -> None:
    result = run([{f"c{index}": "\x00" * 100_000 for index in range(3)}])
    assert (result["rows"], result["row_count"], result["truncated"]) == ([], 1, True)


def test_many_short_rows_stay_within_a_result() -> None:
    rows = [{f"{index}": 1e300 for index in range(100)}] * 1000
    assert size(run(rows, profile=True)) < JOB_LIMIT


def test_a_thousand_columns_are_profiled_whole() -> None:
    text = as_csv([f"column {index}" for index in range(1000)], [list(range(1000))] * 3)
    result = run_file(text)
    assert (len(result["columns"]), result["columns_truncated"]) == (1000, False)
    assert size(result) < JOB_LIMIT


def test_a_profile_that_is_too_large_is_cut_and_says_so() -> None:
    rows = [
        {f"{index}" + "é" * 190: "\x00" * 200 + f"{row}" for index in range(1000)}
        for row in range(5)
    ]
    result = run(rows)
    assert 0 < len(result["columns"]) < 1000
    assert result["columns_truncated"] is True
    assert size(result["columns"]) <= PROFILE_BYTES
    assert size(result) < JOB_LIMIT


def test_rows_and_profile_share_the_room_of_a_result() -> None:
    rows = [{f"{index}" + "é" * 190: row for index in range(300)} for row in range(50)]
    result = run(rows, profile=True)
    assert (len(result["columns"]), result["truncated"]) == (300, True)
    assert 0 < len(result["rows"]) < 50
    assert size(result) < JOB_LIMIT
