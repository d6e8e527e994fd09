"""Which payloads are taken, and what is said of the others."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import pytest

from collab.core.errors import pointers
from collab.processing.engine.run import process
from collab.processing.schemas import EXAMPLE_ROWS, ProcessingIn

from ..support.each import each
from .tables import nothing

ROWS = [{"city": "Lyon", "price": 1}]


def refused(**payload: Any) -> list[tuple[str, str]]:
    """Return where and why a payload is refused."""
    with pytest.raises(ma.ValidationError) as caught:
        ProcessingIn().load(payload)
    found = pointers({"json": caught.value.normalized_messages()})
    return [(one["pointer"], one["detail"]) for one in found]


def taken(**payload: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = ProcessingIn().load(payload)
    return loaded


def condition(**members: Any) -> dict[str, Any]:
    return {"rows": ROWS, "filter": [{"column": "price"} | members]}


@each([{}, {"rows": [], "upload_id": 1}])
def test_there_is_exactly_one_source(payload: dict[str, Any]) -> None:
    assert refused(**payload) == [("#", "Give either rows or upload_id.")]


@each([{"format": "csv"}, {"delimiter": ";"}])
def test_how_to_read_a_file_goes_with_a_file(member: dict[str, Any]) -> None:
    assert refused(rows=[], **member) == [
        (f"#/{next(iter(member))}", "Can only be used with `upload_id`.")
    ]


@each(
    [
        ({"rows": [1]}, "#/rows/0"),
        ({"rows": {}}, "#/rows"),
        ({"rows": [{}] * 10_001}, "#/rows"),
        ({"rows": None}, "#/rows"),
        ({"upload_id": 0}, "#/upload_id"),
        ({"upload_id": "1"}, "#/upload_id"),
        ({"upload_id": 1, "format": "xls"}, "#/format"),
        ({"upload_id": 1, "encoding": "utf-7"}, "#/encoding"),
        ({"upload_id": 1, "header_line": 0}, "#/header_line"),
        ({"upload_id": 1, "decimal": ";"}, "#/decimal"),
        ({"upload_id": 1, "sheet": ""}, "#/sheet"),
        ({"upload_id": 1, "types": {"a": "float"}}, "#/types/a/value"),
        ({"upload_id": 1, "types": ["a"]}, "#/types"),
        ({"upload_id": 1, "types": {str(n): "text" for n in range(1001)}}, "#/types"),
        ({"rows": ROWS, "header_line": 2}, "#/header_line"),
        ({"rows": ROWS, "sheet": "a"}, "#/sheet"),
        ({"rows": ROWS, "output": "xls"}, "#/output"),
        ({"upload_id": 1, "delimiter": ""}, "#/delimiter"),
        ({"upload_id": 1, "delimiter": "||"}, "#/delimiter"),
        ({"upload_id": 1, "delimiter": '"'}, "#/delimiter"),
        ({"upload_id": 1, "delimiter": "\n"}, "#/delimiter"),
        ({"rows": ROWS, "profile": 1}, "#/profile"),
        ({"rows": ROWS, "limit": 0}, "#/limit"),
        ({"rows": ROWS, "limit": 1001}, "#/limit"),
        ({"rows": ROWS, "limit": "5"}, "#/limit"),
        ({"rows": ROWS, "sort": [""]}, "#/sort/0"),
        ({"rows": ROWS, "sort": "price"}, "#/sort"),
        ({"rows": ROWS, "sort": ["price"] * 11}, "#/sort"),
        ({"rows": ROWS, "group_by": ["x" * 201]}, "#/group_by/0"),
        ({"rows": ROWS, "group_by": [1]}, "#/group_by/0"),
        ({"rows": ROWS, "group_by": list("abcdefghijk")}, "#/group_by"),
        ({"rows": ROWS, "aggregate": [{"fn": "sun", "column": "x"}]}, "#/aggregate/0/fn"),
        ({"rows": ROWS, "aggregate": [{"fn": "sum"}]}, "#/aggregate/0/column"),
        ({"rows": ROWS, "aggregate": [{"column": "x"}]}, "#/aggregate/0/fn"),
        ({"rows": ROWS, "aggregate": [{"fn": "count", "as": ""}]}, "#/aggregate/0/as"),
        ({"rows": ROWS, "filter": [{"op": "is_null"}]}, "#/filter/0/column"),
        (condition(op="like", value="x"), "#/filter/0/op"),
        (condition(op="eq"), "#/filter/0/value"),
        (condition(op="eq", value=[1]), "#/filter/0/value"),
        (condition(op="eq", value={}), "#/filter/0/value"),
        (condition(op="gt", value=None), "#/filter/0/value"),
        (condition(op="in", value=1), "#/filter/0/value"),
        (condition(op="in", value=[[1]]), "#/filter/0/value"),
        (condition(op="in", value=[1] * 1001), "#/filter/0/value"),
        (condition(op="contains", value=1), "#/filter/0/value"),
        (condition(op="starts_with", value=None), "#/filter/0/value"),
        (condition(op="is_null", value=None), "#/filter/0/value"),
        ({"rows": ROWS, "having": []}, "#/having"),
    ]
)
def test_a_bad_member_is_told_with_its_place(members: dict[str, Any], pointer: str) -> None:
    assert {where for where, _ in refused(**members)} == {pointer}


def test_groups_are_sorted_by_their_own_columns_only() -> None:
    found = refused(rows=ROWS, group_by=["city"], sort=["-count", "price"])
    assert found == [("#/sort/1", 'Must be a column of the result: "city", "count".')]


@each(
    [
        ({"group_by": ["city", "city"]}, "#/group_by/1"),
        ({"aggregate": [{"fn": "count"}, {"fn": "count"}]}, "#/aggregate/1"),
        ({"group_by": ["count"]}, "#/group_by/0"),
        ({"group_by": ["n"], "aggregate": [{"fn": "count", "as": "n"}]}, "#/group_by/0"),
    ]
)
def test_the_columns_of_the_result_have_different_names(
    steps: dict[str, Any], pointer: str
) -> None:
    assert [where for where, _ in refused(rows=ROWS, **steps)] == [pointer]


PAYLOAD = {
    "rows": ROWS,
    "filter": [
        {"column": "price", "op": "in", "value": [1, None, "x"]},
        {"column": "city", "op": "not_null"},
        {"column": "city", "op": "ne", "value": None},
    ],
    "group_by": ["city"],
    "aggregate": [{"fn": "sum", "column": "price", "as": "revenue"}, {"fn": "count"}],
    "sort": ["-revenue"],
    "limit": 5,
    "profile": False,
}


def test_a_payload_is_kept_as_it_was_sent() -> None:
    assert taken(**PAYLOAD) == PAYLOAD
    assert taken(**taken(**PAYLOAD)) == PAYLOAD


def test_what_is_taken_can_be_run() -> None:
    result = process(taken(**PAYLOAD), None, nothing)
    assert result["rows"] == [{"city": "Lyon", "revenue": 1, "count": 1}]


def test_the_examples_together_are_a_payload_with_a_result() -> None:
    fields = ProcessingIn().fields
    shown = ("rows", "filter", "group_by", "aggregate", "sort")
    payload = {name: fields[name].metadata["example"] for name in shown}
    assert payload["rows"] == EXAMPLE_ROWS
    result = process(taken(**payload), None, nothing)
    assert result["rows"] == [{"city": "Lyon", "revenue": 15.5}]
