"""How cells are read."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.processing.engine.errors import TableError
from collab.processing.engine.values import of_json, order

from ..support.each import each
from .tables import VALUES, as_csv, fast, place, run, run_file


def read(*cells: str, **options: Any) -> tuple[str, list[Any]]:
    """Read the cells of a column of a CSV file; return its type and its values."""
    found = run_file(as_csv(["x", "y"], [[cell, "-"] for cell in cells]), "x.csv", **options)
    return found["types"]["x"], [row["x"] for row in found["rows"]]


@each(
    [
        ("integer", ["0", "-12", "", " 5\t"], [0, -12, None, 5]),
        ("integer", [str(2**53 - 1), "4111111111111111"], [2**53 - 1, 4111111111111111]),
        ("number", ["1.5", "-0.25", "3", "", "  "], [1.5, -0.25, 3, None, None]),
        ("number", ["0.30000000000000004", "0.00001"], [0.1 + 0.2, 0.00001]),
        ("boolean", ["true", "False", "TRUE", ""], [True, False, True, None]),
        ("date", ["2026-11-29", "", "2024-02-29"], ["2026-11-29", None, "2024-02-29"]),
        ("empty", ["", ""], [None, None]),
    ]
)
def test_a_column_of_cells_that_say_no_more_than_their_values_has_their_type(
    kind: str, cells: list[str], values: list[Any]
) -> None:
    assert repr(read(*cells)) == repr((kind, values))


CHANGED = [
    *["1.10", "1.0", "01234", "-0", "-0.0", "0.0", "1e3", "1E1", "+5", ".5", "5.", "-.5", "00"],
    *["8949020000001234567890", str(2**53), str(-(2**53)), "1.23456789012345678901", "12345678.0"],
    *["0.1000000000000000055511151231257827", "1e-7", "0x1F", "1_000", "1,5", "1.2.3", "1 2", "٣"],
    *["NaN", "inf", "-Infinity", "1e999", "9" * 400, "yes", "null", "²", "\x00", "tRUE", "--1"],
    *["2026-02-30", "12:30", "49 170 123", "1/2", "5%", "(5)", "$5", "5 "[:1] + "\u00a0", "1\n"],
]


@each(CHANGED)
def test_a_cell_that_would_come_back_as_another_keeps_its_column_text(cell: str) -> None:
    assert read("7", cell, "12.5", "") == ("text", ["7", cell, "12.5", None])


def test_what_a_column_is_the_last_cell_may_decide() -> None:
    cells = [str(number) for number in range(3_000)] + ["007"]
    found = run_file(as_csv(["x"], [[cell] for cell in cells]), group_by=["x"])
    assert found["types"] == {"x": "text"}
    assert found["rows"][5] == {"x": "5", "count": 1}


@fast
@given(st.lists(st.text(alphabet="0123456789-+.eE ", max_size=20), max_size=5))
def test_what_is_read_as_numbers_is_written_back_as_it_stood(cells: list[str]) -> None:
    kind, values = read(*cells)
    for cell, value in zip(cells, values, strict=True):
        if kind in ("integer", "number"):
            assert value is None or Decimal(repr(value)) == Decimal(cell.strip())
            assert value is not None or not cell.strip()
        else:
            assert value == (cell or None) or kind == "empty"


ROWS_OF_TWO = [{"zip": "01234"}, {"zip": "12345"}]


def test_leading_zeros_are_sorted_found_and_compared() -> None:
    text = "zip\n12345\n01234\n"
    assert run_file(text, sort=["zip"])["rows"] == ROWS_OF_TWO
    for condition, rows in (
        ({"op": "starts_with", "value": "12"}, ROWS_OF_TWO[1:]),
        ({"op": "ge", "value": "01000"}, ROWS_OF_TWO),
        ({"op": "eq", "value": "12345"}, ROWS_OF_TWO[1:]),
        ({"op": "eq", "value": 1234}, ROWS_OF_TWO[:1]),
        ({"op": "in", "value": [1234, "12345"]}, ROWS_OF_TWO),
        ({"op": "gt", "value": 5000}, ROWS_OF_TWO[1:]),
        ({"op": "ne", "value": 1234}, ROWS_OF_TWO[1:]),
    ):
        found = run_file(text, filter=[{"column": "zip"} | condition], sort=["zip"])
        assert found["rows"] == rows, condition


def test_long_ids_stay_apart() -> None:
    text = "id\n8949020000001234567890\n8949020000001234567891\n"
    steps = {"aggregate": [{"fn": "count_distinct", "column": "id"}, {"fn": "max", "column": "id"}]}
    found = run_file(text, **steps)["rows"]
    assert found == [{"count_distinct_id": 2, "max_id": "8949020000001234567891"}]
    assert run_file(text, group_by=["id"])["row_count"] == 2


def test_versions_stay_apart() -> None:
    found = run_file("v\n1.10\n1.1\n1E1\n10\n", group_by=["v"])
    assert found["rows"] == [{"v": one, "count": 1} for one in ("1.10", "1.1", "1E1", "10")]


def test_prices_are_computed_with_though_they_stay_as_they_are_written() -> None:
    text = "price\n12.50\n9.00\n0.25\n"
    columns = {"sum": 21.75, "avg": 7.25, "median": 9, "min": "0.25", "max": "12.50"}
    steps = [{"fn": fn, "column": "price"} for fn in columns]
    row = {f"{fn}_price": value for fn, value in columns.items()}
    assert run_file(text, aggregate=steps)["rows"] == [row]
    assert [row["price"] for row in run_file(text, sort=["price"])["rows"]] == [
        *("0.25", "9.00", "12.50")
    ]
    (profile,) = run_file(text)["columns"]
    assert (profile["type"], profile["mean"], profile["max"]) == ("text", 7.25, "12.50")


@each([("12.50", "12.5"), ("2.0", "2"), ("1e3", "1000"), ("8949020000001234567890", "8.949")])
def test_a_column_that_stays_text_for_its_numbers_says_how_it_becomes_numbers(
    cell: str, number: str
) -> None:
    (note,) = run_file(f"price\n{cell}\n")["notes"]
    assert note.startswith(f'Column "price" is text, since "{cell}" would become {number}')
    assert note.endswith('"types": {"price": "number"}.')


# -- as asked -------------------------------------------------------------------------------------

ASKED = [
    ("text", "5", "5"),
    ("text", "true", "true"),
    ("text", " 5", " 5"),
    ("number", "12.50", 12.5),
    ("number", "1e3", 1000.0),
    ("number", "007", 7),
    ("number", " 5 ", 5),
    ("number", "  ", None),
    ("number", str(2**64), float(2**64)),
    ("integer", "5.0", 5),
    ("integer", "-0", 0),
    ("integer", str(2**64 - 1), 2**64 - 1),
    ("boolean", "Yes", True),
    ("boolean", "0", False),
    ("date", "2026-11-29", "2026-11-29"),
    ("date", "2026-11-29T10:00:00Z", "2026-11-29T10:00:00Z"),
]


@each(ASKED)
def test_a_column_is_what_was_asked_for(kind: str, cell: str, value: Any) -> None:
    found = run_file(as_csv(["x", "y"], [[cell, "-"]]), types={"x": kind})
    assert (found["types"], repr(found["rows"][0]["x"])) == ({"x": kind, "y": "text"}, repr(value))
    rows = run([{"x": cell}], types={"x": kind})
    assert repr(rows["rows"]) == repr([{"x": value}])


@each(
    [
        ("number", "n/a"),
        ("number", "1,5"),
        ("number", "1.234,5"),
        ("number", "1e999"),
        ("integer", "1.5"),
        ("integer", str(2**64)),
        ("integer", "1" * 39 + ".0"),
        ("boolean", "2"),
        ("date", "29.11.2026"),
        ("date", "2026-02-30"),
    ]
)
def test_a_cell_of_another_type_is_told_with_its_line(kind: str, cell: str) -> None:
    text = as_csv(["y", "x"], [["a\nb", ""], ["-", cell]])
    with pytest.raises(TableError, match=r'^Line 4: ".*" in column "x" ') as caught:
        run_file(text, types={"x": kind})
    assert caught.value.code == "bad_value"
    with pytest.raises(TableError, match=r'^Row 2: ".*" in column "x" '):
        run([{"x": None}, {"x": cell}], types={"x": kind})


@each([True, 5, 2.5, "x", [1]])
def test_values_that_have_a_type_become_text(value: Any) -> None:
    wanted = value if isinstance(value, str) else json.dumps(value)
    assert run([{"x": value}], types={"x": "text"})["rows"] == [{"x": wanted}]


def test_a_type_for_a_column_that_is_not_there_is_told() -> None:
    for found in (
        lambda: run_file("a\n1\n", types={"b": "text"}),
        lambda: run([{"a": 1}], types={"b": "text"}),
    ):
        with pytest.raises(TableError, match='no column "b"'):
            found()


def test_to_look_for_text_in_numbers_is_told_with_the_way_out() -> None:
    for op, value in (("eq", "5"), ("starts_with", "5"), ("in", ["5", "6"]), ("ge", "5")):
        with pytest.raises(TableError, match=r'"types": \{"a": "text"\}') as caught:
            run_file("a\n5\n", filter=[{"column": "a", "op": op, "value": value}])
        assert caught.value.code == "wrong_type"


# -- decimal commas -------------------------------------------------------------------------------


@each(
    [
        (["1,5", "-0,25", "3"], "number", [1.5, -0.25, 3], 4.25),
        (["1.234,56", "2,50"], "text", ["1.234,56", "2,50"], 1237.06),
        (["1.234", "2"], "text", ["1.234", "2"], 1236),
        (["1.5", "2,5"], "text", ["1.5", "2,5"], 2.5),
    ]
)
def test_decimal_commas_are_read_on_request(
    cells: list[str], kind: str, values: list[Any], total: float
) -> None:
    text = as_csv(["x", "y"], [[cell, "-"] for cell in cells], delimiter=";")
    found = run_file(text, decimal=",")
    assert (found["types"]["x"], [row["x"] for row in found["rows"]]) == (kind, values)
    steps = {"aggregate": [{"fn": "sum", "column": "x", "as": "s"}]}
    assert run_file(text, decimal=",", **steps)["rows"] == [{"s": total}]


@each(
    [
        (",", "1.234,5"),
        (",", "1 234,5"),
        (",", "1\u202f234,5"),
        (".", "1,234.5"),
        (".", "1'234.5"),
        (".", "+1\u00a0234.50"),
    ]
)
def test_groups_of_digits_are_understood_where_it_is_said_what_separates_decimals(
    decimal: str, cell: str
) -> None:
    text = as_csv(["x", "y"], [[cell, "-"]], delimiter=";")
    steps = {"aggregate": [{"fn": "sum", "column": "x", "as": "s"}]}
    assert run_file(text, decimal=decimal, **steps)["rows"] == [{"s": 1234.5}]
    assert run_file(text, **steps)["rows"] == [{"s": None}]
    with pytest.raises(TableError, match="is not a number"):
        run_file(text, types={"x": "number"})


@each(["1.23,5", "1234.567,5", "1,5,5", "1.2345", "12.34.567"])
def test_what_is_grouped_otherwise_is_no_number(cell: str) -> None:
    text = as_csv(["x", "y"], [[cell, "-"]], delimiter=";")
    with pytest.raises(TableError, match="is not a number"):
        run_file(text, decimal=",", types={"x": "number"})


def test_numbers_with_groups_are_read_as_numbers_when_both_are_asked_for() -> None:
    found = run_file("x;y\n1.234,50;-\n", decimal=",", types={"x": "number"})
    assert found["rows"] == [{"x": 1234.5, "y": "-"}]


# -- values of JSON -------------------------------------------------------------------------------


def test_long_digits_and_many_levels_are_refused_together() -> None:
    for levels in (900, 990, 1000, 1020):
        row = '{"a": ' + "[" * levels + "1" * 30 + "]" * levels + "}"
        with pytest.raises(TableError):
            run_file(row, "x.jsonl")


@each(["12345678901234567890123", str(2**64), str(-(2**63) - 1)])
def test_an_integer_of_json_that_has_more_than_64_bits_stays_as_it_is_written(digits: str) -> None:
    text = f'[{{"a": {digits}, "b": 18446744073709551615}}]'
    assert run_file(text)["rows"] == [{"a": digits, "b": 2**64 - 1}]
    steps = {"aggregate": [{"fn": "count_distinct", "column": "a"}]}
    text = f'{{"a": {digits}}}\n{{"a": {digits[:-1]}1}}\n'
    assert run_file(text, "x.jsonl", **steps)["rows"] == [{"count_distinct_a": 2}]


def test_lists_and_objects_are_their_json_text() -> None:
    assert of_json({"b": [1, None], "a": "é"}, "x") == '{"a":"é","b":[1,null]}'


@fast
@given(st.lists(VALUES))
def test_all_values_have_one_order(values: list[Any]) -> None:
    ordered = sorted(values, key=order)
    assert list(map(repr, ordered)) == list(map(repr, sorted(values, key=place)))
