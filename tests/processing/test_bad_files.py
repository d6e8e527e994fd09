"""Files that can't be read: the error says what is wrong, and where."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from collab.processing.engine.errors import TableError
from collab.processing.engine.source import MAX_RECORD_CHARACTERS
from collab.processing.engine.values import MAX_CELL_CHARACTERS

from ..support.each import each
from .tables import as_csv, as_lines, run, run_file


def refusal(content: str | bytes, name: str = "", **steps: Any) -> tuple[str, str]:
    with pytest.raises(TableError) as caught:
        run_file(content, name, **steps)
    assert caught.value.retry is False
    return caught.value.code, str(caught.value)


# -- CSV ------------------------------------------------------------------------------------------


@each(
    [
        ('a,b\n1,2\n"3,4\n5,6\n', "begins in line 3", "never closed"),
        ('a,b\n1,2\n\n"3"x,4\n', "begins in line 4", "double the marks"),
        ('a,b\n"x\ny",2\n"3"x,4\n', "begins in line 4", "double the marks"),
        ("a,b\n1,2\n1,2,3\n", "Line 3", "3 cells, but the first row names 2 columns"),
        ('a,b\n"1\n",2\n1,2,3\n', "Line 4", "3 cells"),
        ("a\n" + "x" * (MAX_CELL_CHARACTERS + 1), "begins in line 2", "131,072 characters"),
        ('a\n"' + "x\n" * MAX_CELL_CHARACTERS, "begins in line 2", "131,072 characters"),
    ]
)
def test_bad_csv_is_told_with_its_line(text: str, where: str, what: str) -> None:
    code, message = refusal(text, "x.csv")
    assert (code, where in message, what in message) == ("bad_csv", True, True), message


@each(["", "\ufeff", "\n\n", "\r\n"])
def test_a_file_with_nothing_in_it_is_refused(text: str) -> None:
    assert refusal(text)[0] == "empty_file"


# -- encodings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.jsonl"])
@pytest.mark.parametrize(
    ("before", "blanks"), [(0, 0), (1, 0), (8_191, 0), (8_192, 0), (401, 1_000)]
)
def test_what_is_not_utf8_is_told_with_its_byte(name: str, before: int, blanks: int) -> None:
    start = {"x.csv": b"a\n", "x.json": b"[", "x.jsonl": b""}[name]
    value = b"1" + b" " * blanks
    row = value + b"\n" if name == "x.csv" else b'{"a":%b}\n' % value
    rows = (row if name != "x.json" else b'{"a":%b},' % value) * before
    rest = b"x\xe9" if name == "x.csv" else b'{"a":"\xe9"}'
    content = start + rows + rest
    code, message = refusal(content, name)
    position = int(re.findall(r"byte ([\d,]+)", message)[0].replace(",", ""))
    assert (code, position) == ("bad_encoding", content.index(b"\xe9"))


def test_the_byte_is_counted_with_the_byte_order_mark() -> None:
    assert "byte 5 " in refusal(b"\xef\xbb\xbfa\n\xff", "x.csv")[1]


def test_a_character_that_is_cut_off_by_the_end_is_told() -> None:
    assert "byte 3 " in refusal(b"a\nx\xc3", "x.csv")[1]


def test_the_line_is_told_and_the_way_out() -> None:
    message = refusal("name\nBob\nRen\u00e9\n".encode("windows-1252"), "x.csv")[1]
    assert "(in line 3)" in message
    assert '"encoding": "windows-1252"' in message


@each(["x.csv", "x.json"])
def test_a_file_of_another_encoding_that_breaks_off_is_told(name: str) -> None:
    text = "\ufeffa,b\n1,2\n" if name == "x.csv" else '\ufeff[{"a": 1}]'
    code, message = refusal(text.encode("utf-16-le") + b"\x00", name)
    assert (code, "not UTF-16" in message) == ("bad_encoding", True)


# -- JSON -----------------------------------------------------------------------------------------


@each(
    [
        ('[{"a": 1}\n{"a": 2}]', 2),
        ('[{"a": 1},\n\n]', 3),
        ('[\n{"a": 1}', 2),
        ('[{"a": 1}]\n[]', 2),
        ('{"a": [\n{"b": 1}]}', 1),
        ('[\n{"a": 1 "b": 2}]', 2),
        ('[\n{"a": 1,\n"b" 2}]', 3),
        ("[\n{'a': 1}]", 2),
        ('[{"a":\nNaN}]', 2),
        ('[{"a": 1e999}]', 1),
        ('[\n{"a": "\\ud800"}]', 2),
        ('[\n{"a": "b\x01c"}]', 2),
        ('[{"a": 01}]', 1),
        ('["', 1),
        ("[", 1),
        ("[tru", 1),
        ("1", 1),
    ]
)
def test_bad_json_is_told_with_its_line(text: str, line: int) -> None:
    code, message = refusal(text, format="json")
    assert (code, f"Line {line} " in message) == ("bad_json", True), message


def test_an_error_early_in_a_large_file_is_told_with_its_line() -> None:
    text = '[\n{"a": 1},\n{"a" 2},\n' + '{"a": 3},\n' * 300_000 + '{"a": 4}]'
    code, message = refusal(text, format="json")
    assert (code, "Line 3 " in message) == ("bad_json", True)


def test_an_error_late_in_a_large_file_is_told_with_its_line() -> None:
    # In a thousand rows of a hundred lines: it is lines that are counted.
    text = "[\n" + ('{"a": 3},' + " " * 1_000 + "\n" * 100) * 1_000 + '{"a": 4]'
    code, message = refusal(text, format="json")
    assert (code, "Line 100,002 " in message) == ("bad_json", True)


@each(['{"a": 1}\n{"a": }\n', '{"a": 1}\n{"a": 1', '{"a": 1}\n{} {}'])
def test_a_bad_json_line_is_told_with_its_number(text: str) -> None:
    code, message = refusal(text, "x.jsonl")
    assert (code, "Line 2 " in message) == ("bad_json", True)


@each(['[{"a": 1}, 2]', '[{"a": 1}, [{"a": 1}]]', "[{}, null]"])
def test_an_element_that_is_no_object_is_told_with_its_number(text: str) -> None:
    assert refusal(text) == ("bad_json", "Row 2 is not an object.")


def test_a_json_line_that_is_no_object_is_told_with_its_number() -> None:
    assert refusal('{"a": 1}\n[1]\n', "x.jsonl") == ("bad_json", "Row 2 is not an object.")


DEEP = "[" * 100_000


@each(["x.json", "x.jsonl"])
def test_json_of_a_hundred_thousand_levels_is_refused(name: str) -> None:
    code, message = refusal(('[{"a": ' if name == "x.json" else '{"a": ') + DEEP, name)
    assert code == "bad_json", message


@each(product(["x.json", "x.jsonl"], [300, 900, 1500]))
def test_a_value_of_many_levels_is_refused(name: str, levels: int) -> None:
    row = '{"a": ' + "[" * levels + "]" * levels + "}"
    assert refusal(f"[{row}]" if name == "x.json" else row, name)[0] in ("too_deep", "bad_json")


def test_an_integer_of_a_million_digits_is_refused() -> None:
    assert refusal('[{"a": ' + "9" * 1_000_000 + "}]")[0] == "bad_json"


# -- what is too large ----------------------------------------------------------------------------


@each(
    [
        ("a\n" + "x," * MAX_RECORD_CHARACTERS, "x.csv"),
        ("x" * (2 * MAX_RECORD_CHARACTERS), "x.csv"),
        ("a\n" + '"\n",' * MAX_RECORD_CHARACTERS, "x.csv"),
        ('{"a": "' + "x" * MAX_RECORD_CHARACTERS, "x.jsonl"),
        ('[{"a": "' + "x" * 3 * MAX_RECORD_CHARACTERS, "x.json"),
        ("[[" + "[]," * MAX_RECORD_CHARACTERS, "x.json"),
    ]
)
def test_a_row_of_more_than_a_million_characters_is_refused(text: str, name: str) -> None:
    assert refusal(text, name)[0] == "row_too_long"


def test_a_json_value_of_too_many_characters_is_told_with_its_column() -> None:
    code, message = refusal('[{"long": "' + "x" * (MAX_CELL_CHARACTERS + 1) + '"}]')
    assert (code, '"long"' in message) == ("cell_too_large", True)


@each(["a\n", '[{"a": "'])
def test_a_value_of_just_so_many_characters_is_taken(before: str) -> None:
    value = "x" * MAX_CELL_CHARACTERS
    end = "" if before == "a\n" else '"}]'
    assert run_file(before + value + end, profile=False)["rows"] == [{"a": value}]


def test_a_nested_value_counts_by_its_text() -> None:
    assert refusal('[{"x": [' + "1," * MAX_CELL_CHARACTERS + "1]}]")[0] == "cell_too_large"


def test_more_than_a_thousand_columns_are_refused() -> None:
    assert refusal(as_csv([f"c{index}" for index in range(1001)], []))[0] == "too_many_columns"


def test_more_than_a_thousand_columns_over_many_rows_are_refused() -> None:
    rows = [{f"c{index}": 1} for index in range(1001)]
    assert refusal(as_lines(rows), "x.jsonl")[0] == "too_many_columns"


def test_a_name_of_more_than_two_hundred_characters_is_refused() -> None:
    code, message = refusal(as_csv(["n" * 201], []))
    assert (code, len(message) < 200) == ("bad_column_name", True)


# -- columns that are not there -------------------------------------------------------------------

STEPS: list[dict[str, Any]] = [
    {"filter": [{"column": "prize", "op": "is_null"}]},
    {"group_by": ["prize"]},
    {"aggregate": [{"fn": "sum", "column": "prize"}]},
    {"sort": ["-prize"]},
]


@each(product(["id,price\n1,2\n", '[{"id": 1, "price": 2}]'], STEPS))
def test_an_unknown_column_is_told_with_those_that_there_are(
    content: str, steps: dict[str, Any]
) -> None:
    code, message = refusal(content, **steps)
    wanted = 'There is no column "prize". Did you mean "price"? The columns are "id", "price".'
    assert (code, message) == ("unknown_column", wanted)


def test_an_unknown_column_is_told_although_no_row_passes() -> None:
    rows = [{"a": 1}]
    with pytest.raises(TableError, match='no column "b"'):
        run(rows, filter=[{"column": "a", "op": "gt", "value": 1}], sort=["b"])


def test_a_column_may_appear_in_the_last_row_only() -> None:
    assert run([{"a": 1}, {"b": 2}], sort=["-b"])["row_count"] == 2


def test_a_message_has_not_all_of_many_columns() -> None:
    text = as_csv(["n" * 190 + f"{index}" for index in range(1000)], [])
    message = refusal(text, sort=["\x00x\n" + "x" * 150])[1]
    assert "and 993 more" in message
    assert r"\u0000x\n" in message
    assert len(message) < 1000
