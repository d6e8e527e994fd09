"""How cells are read."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.processing.engine.values import of_json, of_text, order

from .tables import FLOATS, INTEGERS, VALUES, fast, place


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("", None),
        ("0", 0),
        ("-12", -12),
        (" 5\t", 5),
        ("1.50", 1.5),
        ("-1e3", -1000.0),
        ("1E+2", 100.0),
        ("true", True),
        ("False", False),
        ("TRUE", True),
    ],
)
def test_a_cell_that_reads_as_a_number_or_boolean_is_one(cell: str, value: Any) -> None:
    read = of_text(cell)
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(
    "cell",
    [
        *["007", "+49", "1,5", "1.", ".5", "1_000", "0x1F", "1e", "--1", "- 1", "1 2"],
        *["NaN", "nan", "inf", "-Infinity", "1e999", "-1e999", "9" * 400, "tRUE", "yes", "null"],
        *[" ", "٣", "²", "a", "\x00", "1\x00", "1\n"],
    ],
    ids=ascii,
)
def test_all_else_is_text_as_it_stands(cell: str) -> None:
    assert of_text(cell) == cell


def test_an_integer_of_more_than_64_bits_becomes_a_float() -> None:
    assert [of_text(str(number)) for number in (2**64 - 1, 2**64)] == [2**64 - 1, float(2**64)]
    assert isinstance(of_text(str(2**64)), float)


def test_an_integer_of_a_hundred_thousand_digits_is_text() -> None:
    assert of_text("1" * 100_000) == "1" * 100_000


def test_a_float_of_a_hundred_thousand_digits_is_a_float() -> None:
    assert of_text("0." + "3" * 100_000) == 1 / 3


@fast
@given(INTEGERS | FLOATS)
def test_a_number_written_by_python_is_read_back(number: int | float) -> None:
    read = of_text(repr(number))
    assert (type(read), repr(read)) == (type(number), repr(number))


@fast
@given(st.text(alphabet="0123456789-+.eE_ ") | st.text())
def test_what_is_read_as_a_number_is_what_python_reads(cell: str) -> None:
    read = of_text(cell)
    if isinstance(read, float | int) and not isinstance(read, bool):
        assert read == float(cell) or read == int(cell)
        assert math.isfinite(read)


def test_lists_and_objects_are_their_json_text() -> None:
    assert of_json({"b": [1, None], "a": "é"}, "x") == '{"a":"é","b":[1,null]}'


@fast
@given(st.lists(VALUES))
def test_all_values_have_one_order(values: list[Any]) -> None:
    ordered = sorted(values, key=order)
    assert list(map(repr, ordered)) == list(map(repr, sorted(values, key=place)))
