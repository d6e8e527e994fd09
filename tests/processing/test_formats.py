"""CSV, JSON and JSON Lines: how they are read, and that they are read alike."""

from __future__ import annotations

import csv
import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.processing.engine.cells.columns import unguarded
from collab.processing.engine.csv_reader import column_names
from collab.processing.engine.errors import TableError

from ..support.each import each
from .tables import FLOATS, INTEGERS, VALUES, as_csv, as_lines, fast, run, run_file

CELLS = st.lists(st.lists(st.text(max_size=8), min_size=3, max_size=3), max_size=12)
#: Text that no number is written as, and that no spreadsheet calculates.
WORDS = st.text(max_size=8).map(lambda text: f"w{text}")
#: Columns of one type each, with which they are read again.
COLUMNS = {
    "boolean": st.booleans(),
    "integer": INTEGERS,
    "number": FLOATS | st.integers(-9, 9),
    "text": WORDS,
}
TABLES = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, values in COLUMNS.items()}),
    min_size=1,
    max_size=20,
)


def values(result: dict[str, Any]) -> list[list[Any]]:
    return [list(row.values()) for row in result["rows"]]


#: How cells are quoted: the module leaves a lone \r bare where that does not end its lines.
WRITTEN = [("\r\n", csv.QUOTE_MINIMAL), *((end, csv.QUOTE_ALL) for end in ("\r\n", "\n", "\r"))]


@fast
@given(CELLS, st.sampled_from(",;\t|"), st.sampled_from(WRITTEN))
def test_what_the_csv_module_writes_is_read_back(
    cells: list[list[str]], delimiter: str, written: tuple[str, int]
) -> None:
    dialect = {"delimiter": delimiter, "lineterminator": written[0], "quoting": written[1]}
    text = as_csv(["a", "b", "c"], cells, **dialect)
    types = dict.fromkeys("abc", "text")
    found = run_file(text, format="csv", delimiter=delimiter, types=types)
    assert values(found) == [[unguarded(cell) or None for cell in row] for row in cells]


@fast
@given(TABLES)
def test_the_same_table_gives_the_same_result_in_every_format(rows: list[dict[str, Any]]) -> None:
    rows = [{name: row[name] for name in COLUMNS} for row in rows]  # the order of keys varies
    types = {name: name for name in COLUMNS}
    steps = {"profile": True, "sort": ["integer", "-text"], "types": types}
    table = as_csv([*COLUMNS], [[*row.values()] for row in rows])
    results = [
        run(rows, **steps),
        run_file(table, "data.csv", **steps),
        run_file(json.dumps(rows), "data.json", **steps),
        run_file(json.dumps(rows, indent=2, ensure_ascii=False), **steps),
        run_file(as_lines(rows), "data.jsonl", **steps),
    ]
    assert [repr(one) for one in results] == [repr(results[0])] * 5


@fast
@given(st.lists(st.dictionaries(st.text(max_size=5), VALUES | st.lists(VALUES), max_size=4)))
def test_json_is_read_as_the_standard_library_reads_it(rows: list[dict[str, Any]]) -> None:
    found = run_file(json.dumps(rows), format="json")
    assert repr(found["rows"]) == repr(run(rows)["rows"])


def rows_around_the_piece(size: int) -> list[dict[str, Any]]:
    """Make rows whose text is cut everywhere when it is read in pieces."""
    words = ["x" * (size + index) + '"\\é😀\n,]}' for index in range(40)]
    return [{"n": index, "x": word, "y": [[index], {}]} for index, word in enumerate(words)]


@each(product([1_600, 60_000], [True, False]))
def test_rows_across_the_pieces_of_a_file_are_whole(size: int, ascii_only: bool) -> None:
    rows = rows_around_the_piece(size)
    text = json.dumps(rows, ensure_ascii=ascii_only, indent=1)
    steps = {"group_by": ["n", "x", "y"]}
    assert run_file(text, **steps) == run(rows, **steps)


@each(["[]", " [ ] \n", "[\n]"])
def test_an_empty_array_is_a_table_without_rows(text: str) -> None:
    result = run_file(text, "data.json")
    assert (result["rows"], result["columns"], result["source_rows"]) == ([], [], 0)


# -- telling formats apart ------------------------------------------------------------------------

CSV, ARRAY, LINES = "a\n1\n", '[{"a": 1}]', '{"a": 1}\n'


@each(
    [
        (CSV, "x.csv"),
        (CSV, "x.CSV"),
        (CSV, "x.tsv"),
        (CSV, "x.txt"),
        (CSV, ""),
        (ARRAY, "x.json"),
        (ARRAY, "x.txt"),
        ("\n  " + ARRAY, ""),
        (LINES, "x.jsonl"),
        (LINES, "x.ndjson"),
        (LINES, "x.json"),
        (LINES, ""),
    ]
)
def test_the_format_is_told_from_name_and_content(content: str, name: str) -> None:
    assert run_file(content, name)["rows"] == [{"a": 1}]


@each(["x.csv", "x.CSV", "x.TSV"])
def test_the_name_goes_before_what_the_file_looks_like(name: str) -> None:
    assert run_file('[a]\n"1"\n', name)["rows"] == [{"[a]": 1}]


def test_a_named_format_goes_before_what_the_file_looks_like() -> None:
    assert run_file('[a]\n"1"\n', "x.json", format="csv")["rows"] == [{"[a]": 1}]


@each([CSV, ARRAY, LINES])
def test_a_byte_order_mark_is_skipped(content: str) -> None:
    assert run_file("\ufeff" + content)["rows"] == [{"a": 1}]


ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"]


@each(product([CSV, ARRAY, LINES, "名,年\n李,1\n" * 3, "a;b\n\u00e9;2\n"], ENCODINGS))
def test_files_of_every_unicode_encoding_are_read(content: str, encoding: str) -> None:
    assert run_file(content.encode(encoding)) == run_file(content)


@each(["\ufeff", ""])
def test_a_named_encoding_goes_before_what_the_file_looks_like(mark: str) -> None:
    text = f"{mark}n\u00e4me\n\u00e4\n"
    assert run_file(text.encode("utf-16-be"), encoding="utf-16-be")["rows"] == [{"näme": "ä"}]


def test_excel_s_own_encoding_is_read_on_request() -> None:
    found = run_file("name;preis\nRené;5 €\n".encode("windows-1252"), encoding="windows-1252")
    assert found["rows"] == [{"name": "René", "preis": "5 €"}]


def test_nuls_in_text_do_not_make_it_utf_16() -> None:
    assert run_file("a\n\x00x\n\x00y\n")["rows"] == [{"a": "\x00x"}, {"a": "\x00y"}]


# -- the shape of CSV -----------------------------------------------------------------------------


@each([",", ";", "\t", "|"])
def test_the_delimiter_is_told_from_the_rows(delimiter: str) -> None:
    text = as_csv(['"a,b,c;d;e"', "x y"], [["1,5", 2]], delimiter=delimiter)
    assert values(run_file(text)) == [["1,5", 2]]


GUESSED = {
    '"name\n(first)";age\nBob;5\n': {"name\n(first)": "Bob", "age": 5},
    "Name (a, b, c);age\nBob;5\n": {"Name (a, b, c)": "Bob", "age": 5},
    "Name (a, b, c);age\nBob;5\nAnn, Eve;6\n": {"Name (a, b, c)": "Bob", "age": 5},
    "a;b\n1,5;2,5\n": {"a": "1,5", "b": "2,5"},
    "Preis, netto;Menge\n1,5;2\n": {"Preis, netto": "1,5", "Menge": 2},
    "a|b,c|d\n1|2,5|3\n": {"a": 1, "b,c": "2,5", "d": 3},
    "text\nHello, world\nfoo\n": {"text": "Hello, world"},
    "a\tb, c\n1\t2\n": {"a": 1, "b, c": 2},
    'a,"b;c;d"\n1,"x;y"\n': {"a": 1, "b;c;d": "x;y"},
    "a,b\n\n1,2\n": {"a": 1, "b": 2},
    "a,b,\n1,2,\n": {"a": 1, "b": 2, "column_3": None},
    "a,b\n1,2,\n3,4,\n": {"a": 1, "b": 2},
    "sep=;\nname;age\nBob;5\n": {"name": "Bob", "age": 5},
    "sep=;\r\na,b;c;d\r\n1,5;2;3\r\n": {"a,b": "1,5", "c": 2, "d": 3},
    '"sep=|"\na|b\n1|2\n': {"a": 1, "b": 2},
    "\ufeffSEP=\t\na\tb;c\n1\t2\n": {"a": 1, "b;c": 2},
    "sep=,\n\na;b,c\n1,2\n": {"a;b": 1, "c": 2},
}


@each(GUESSED)
def test_the_delimiter_is_that_with_which_the_rows_fit(text: str) -> None:
    assert run_file(text, "x.csv")["rows"][0] == GUESSED[text]


@each([*GUESSED][-5:])
def test_the_line_that_names_the_delimiter_is_no_row_whatever_is_asked(text: str) -> None:
    found = run_file(text, "x.csv", delimiter="#")
    assert found["source_rows"] == 1


def test_a_delimiter_that_is_not_sure_is_told() -> None:
    found = run_file("a,b;c\n1,5;2\n")
    assert found["rows"] == [{"a,b": "1,5", "c": 2}]
    (note,) = found["notes"]
    assert note == (
        '";" was taken as the separator of cells, but "," would fit, too: `delimiter` chooses.'
    )


@fast
@given(
    st.lists(st.lists(st.text('ab,;|\t"\n 1', max_size=6), min_size=2, max_size=2), min_size=3),
    st.sampled_from(",;\t|"),
)
def test_quoted_cells_never_mislead_the_guess(cells: list[list[str]], delimiter: str) -> None:
    """All cells are quoted, so only one delimiter can be read at all."""
    text = as_csv(["x;y", "z,w"], cells, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    found = run_file(text, "x.csv", types={"x;y": "text", "z,w": "text"})
    assert values(found) == [[cell or None for cell in row] for row in cells]


def test_what_is_above_the_names_is_skipped_on_request() -> None:
    text = "Report;of;2026\n\nname;age\nBob;5\n"
    assert run_file(text, header_line=3)["rows"] == [{"name": "Bob", "age": 5}]
    with pytest.raises(TableError, match="no row that names the columns"):
        run_file(text, header_line=5)


def test_a_title_above_the_names_is_told_with_the_way_out() -> None:
    with pytest.raises(TableError, match=r"Line 2 has 2 cells, .* names 1 column\..*header_line"):
        run_file("Report 2026\nname,age\nBob,5\nAnn,6\n")


def test_short_rows_are_told_with_the_first_line() -> None:
    found = run_file('a,b\n"1\n",2\n3\n4\n')
    assert found["notes"] == [
        "2 rows have fewer cells than the first row names columns, first in line 4; the cells that "
        "are missing are null."
    ]


def test_a_named_delimiter_goes_before_what_the_line_looks_like() -> None:
    assert run_file("a,b;c\n1,5;2\n", delimiter=";")["rows"] == [{"a,b": "1,5", "c": 2}]


@each(
    [
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["", " ", "x"], ["column_1", "column_2", "x"]),
        (["column_2", ""], ["column_2", "column_2_2"]),
        (["", "column_1"], ["column_1_2", "column_1"]),
        ([" a ", "a"], ["a", "a_2"]),
    ]
)
def test_blank_and_repeated_names_of_columns_become_different(
    header: list[str], names: list[str]
) -> None:
    assert column_names(header) == names


@fast
@given(st.lists(st.sampled_from(["", "a", "a_2", "a_2_2", "column_1", "column_2", " "])))
def test_all_names_of_columns_are_different(header: list[str]) -> None:
    names = column_names(header)
    assert len(set(names)) == len(header)


def test_missing_cells_are_null() -> None:
    assert run_file("a,b,c\n1\n")["rows"] == [{"a": 1, "b": None, "c": None}]


def test_blank_lines_are_no_rows() -> None:
    assert values(run_file("\n\na,b\n\n1,2\n\n\n3,4\n\n")) == [[1, 2], [3, 4]]


def test_empty_cells_right_of_the_last_column_are_dropped() -> None:
    assert values(run_file("a,b\n1,2,,\n")) == [[1, 2]]


def test_a_cell_may_have_several_lines() -> None:
    assert values(run_file('a,b\n"1\r\n2",3\n')) == [["1\r\n2", 3]]


def test_a_file_without_a_last_line_break_is_read_whole() -> None:
    assert values(run_file("a\n1\n2")) == [[1], [2]]


# -- the shape of JSON rows -----------------------------------------------------------------------


def test_rows_may_have_different_keys() -> None:
    result = run_file('[{"a": 1}, {"b": 2}]')
    assert result["rows"] == [{"a": 1, "b": None}, {"a": None, "b": 2}]


def test_blank_lines_between_json_lines_are_skipped() -> None:
    assert values(run_file('\n{"a": 1}\n\r\n \n{"a": 2}', "x.jsonl")) == [[1], [2]]


def test_a_number_of_more_than_64_bits_is_text_everywhere() -> None:
    digits = "123456789012345678901234567890"
    found = [run_file(text)["rows"] for text in (f"a\n{digits}\n", f'[{{"a": {digits}}}]')]
    assert found == [[{"a": digits}]] * 2
