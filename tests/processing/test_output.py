"""The whole result as a file: what is written is read back, and no spreadsheet calculates it."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.processing.engine.errors import TableError
from collab.processing.engine.output.text import MAX_FILE_BYTES
from collab.processing.engine.run import process
from tests.support.jobs import Desk
from tests.support.people import Person

from ..support.each import each
from .tables import FLOATS, INTEGERS, fast, nothing, run_file
from .test_job import done

OUTPUTS = ["csv", "json", "xlsx"]


def written(kind: str, rows: list[Any], **steps: Any) -> tuple[dict[str, Any], bytes]:
    """Return the result for rows, and the file that was written."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "output")
        result = process({"rows": rows, "output": kind} | steps, None, nothing, path)
        return result, path.read_bytes()


#: Columns of one type each. Dates are such as all spreadsheets know.
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": INTEGERS,
    "number": FLOATS,
    "text": st.text(min_size=1, max_size=8),
    "spelled": st.text(alphabet="=+-@'\t\r\n\x00_x0AF1\ufffe,;\"<&", min_size=1, max_size=8),
    "figures": st.text(alphabet="0123456789.eE+-", min_size=1, max_size=8),
    "date": st.dates(min_value=datetime(1900, 3, 1).date()).map(str),
    "moment": st.datetimes(min_value=datetime(1900, 3, 1)).map(
        lambda value: value.replace(microsecond=0).isoformat()
    ),
}
TABLES = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, values in COLUMNS.items()}),
    min_size=1,
    max_size=8,
).map(lambda rows: [{name: row[name] for name in COLUMNS} for row in rows])  # their order varies


@fast
@given(rows=TABLES)
def test_a_table_is_read_back_as_it_was_written(rows: list[dict[str, Any]]) -> None:
    for kind in OUTPUTS:
        types = {"spelled": "text", "figures": "text"}  # what looks like a number must not be one
        result, file = written(kind, rows, types=types)
        types = {name: type for name, type in result["types"].items() if type != "empty"}
        again = run_file(file, f"x.{kind}", types=types)
        wanted = [row for row in rows if any_value(row, kind)]
        assert (kind, repr(again["rows"])) == (kind, repr(wanted))


@each([{}, {"spelled": "text"}])
def test_an_apostrophe_of_a_text_in_json_is_part_of_it(types: dict[str, str]) -> None:
    result, file = written("csv", [{"spelled": "'="}], types=types)
    assert result["rows"] == [{"spelled": "'="}]
    assert run_file(file, "x.csv", types={"spelled": "text"})["rows"] == [{"spelled": "'="}]


def any_value(row: dict[str, Any], kind: str) -> bool:
    """Tell whether a row is not blank: workbooks have no blank rows."""
    return kind != "xlsx" or any(value is not None for value in row.values())


@fast
@given(rows=TABLES)
def test_a_workbook_needs_no_types_to_be_read_back(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row["integer"] = row["integer"] and row["integer"] % 10**15
    _, file = written("xlsx", rows, types={"spelled": "text", "figures": "text"})
    wanted = [row for row in rows if any_value(row, "xlsx")]
    assert repr(run_file(file, "x.xlsx")["rows"]) == repr(wanted)


# -- what other programs see ----------------------------------------------------------------------

FORMULAS = ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|'/C calc'!A0", "'=1"]


@each(FORMULAS)
def test_no_spreadsheet_calculates_a_text(text: str) -> None:
    _, file = written("csv", [{"x": text, text: 1}])
    head, row = csv.reader(io.StringIO(file.decode(), newline=""))
    assert (head, row) == (["x", f"'{text}"], [f"'{text}", "1"])
    _, file = written("xlsx", [{"x": text}])
    cell = openpyxl.load_workbook(io.BytesIO(file))["Table"]["A2"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


@each([-5, -2.5, "plain", "a=b", "", None])
def test_what_no_spreadsheet_calculates_is_written_as_it_is(value: Any) -> None:
    _, file = written("csv", [{"x": value, "y": 1}])
    assert file.decode() == f"x,y\r\n{'' if value is None else value},1\r\n"


def test_a_number_that_stays_text_is_no_formula() -> None:
    text = "x,y\n-1.10,+5\n"
    with tempfile.TemporaryDirectory() as folder:
        source, path = Path(folder, "in"), Path(folder, "out")
        source.write_text(text)
        process({"output": "csv", "name": "x.csv"}, source, nothing, path)
        assert path.read_bytes() == b"x,y\r\n-1.10,+5\r\n"


def test_other_programs_read_the_workbook() -> None:
    row = {"n": 1.5, "b": True, "d": "2026-11-29", "m": "2026-11-29T10:00:00", "id": 10**15 + 1}
    _, file = written("xlsx", [row, {"n": None}])
    sheet = openpyxl.load_workbook(io.BytesIO(file))["Table"]
    assert [cell.value for cell in sheet[1]] == [*row]
    assert [cell.value for cell in sheet[2]] == [
        *(1.5, True, datetime(2026, 11, 29), datetime(2026, 11, 29, 10), "1000000000000001")
    ]
    assert (sheet["C2"].number_format, sheet.freeze_panes) == ("yyyy-mm-dd", "A2")


def test_dates_that_spreadsheets_do_not_share_stay_text() -> None:
    days = ["1900-02-28", "2026-02-30", "2026-11-29T10:00:00Z", "2026-11-29 10:00:00"]
    _, file = written("xlsx", [{"d": day} for day in days])
    assert [row["d"] for row in run_file(file)["rows"]] == days
    _, file = written("xlsx", [{"d": "2026-11-29"}], types={"d": "text"})
    assert openpyxl.load_workbook(io.BytesIO(file))["Table"]["A2"].data_type == "s"


def test_json_is_an_array_of_rows() -> None:
    rows = [{"a": 1, "b": None}, {"a": 2.5, "b": "ü"}]
    assert json.loads(written("json", rows)[1]) == rows
    assert json.loads(written("json", [])[1]) == []


# -- how much -------------------------------------------------------------------------------------


@each(OUTPUTS)
def test_a_file_has_all_rows_and_all_columns_whatever_the_result_shows(kind: str) -> None:
    rows = [{"n": number} | ({"late": 1} if number == 499 else {}) for number in range(500)]
    result, file = written(kind, rows, sort=["-n"], limit=3)
    assert [row["n"] for row in result["rows"]] == [499, 498, 497]
    assert (result["row_count"], result["truncated"]) == (500, True)
    again = run_file(file)
    assert (again["row_count"], again["rows"][0]) == (500, {"n": 499, "late": 1})


def test_groups_are_written_too() -> None:
    _, file = written("csv", [{"a": "x"}, {"a": "y"}, {"a": "x"}], group_by=["a"], sort=["-count"])
    assert file == b"a,count\r\nx,2\r\ny,1\r\n"


@each(["csv", "json"])
def test_a_file_that_no_job_can_keep_is_told(kind: str) -> None:
    rows = [{"x": "y" * 100_000}] * (MAX_FILE_BYTES // 100_000 + 1)
    with pytest.raises(TableError, match="more than 5 MiB") as caught:
        written(kind, rows)
    assert caught.value.code == "output_too_large"


def test_a_text_that_no_workbook_takes_is_told_with_its_column() -> None:
    written("xlsx", [{"long": "😀" * 16_383}])
    with pytest.raises(TableError, match=r'column "long" has more than the 32,767') as caught:
        written("xlsx", [{"long": "😀" * 16_384}])
    assert caught.value.code == "cell_too_large"


@pytest.mark.parametrize(("kind", "content_type"), [("csv", "text/csv"), ("xlsx", "spreadsheetml")])
def test_the_file_is_the_job_s_output(
    alice: Person, desk: Desk, kind: str, content_type: str
) -> None:
    job = done(alice, desk, {"rows": [{"a": 1}, {"a": 2}], "output": kind})
    assert job["output"]["filename"] == f"table.{kind}"
    answer = alice.get(f"/jobs/{job['id']}/output")
    assert content_type in answer.headers["Content-Type"]
    assert run_file(answer.content, f"table.{kind}")["rows"] == [{"a": 1}, {"a": 2}]
