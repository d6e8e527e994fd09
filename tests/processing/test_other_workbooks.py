"""Workbooks of other programs than Excel, and of Excels in other countries."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from ..support.each import each
from .tables import run_file
from .test_xlsx import HEAD, SHEET, SPACE, sheet, with_parts, with_shared

STYLES = "xl/styles.xml"


def styled(number: int, value: str, *, own: str = "", more: str = "") -> Any:
    """Return what is read of a number that is shown in a format."""
    text = (
        f'<styleSheet xmlns="{SPACE}">'
        f'<numFmts><numFmt numFmtId="164" formatCode="{own}"/></numFmts>{more}'
        f'<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>'
        f'<cellXfs><xf/><xf numFmtId="{number}"/></cellXfs></styleSheet>'
    )
    file = sheet(f'{HEAD}<row><c s="1"><v>{value}</v></c></row>')
    return run_file(with_parts(file, {STYLES: text.encode()}), "x.xlsx")["rows"][0]["a"]


@each([14, 27, 31, 36, 50, 57, 58, 71, 81])
def test_dates_are_dates_in_every_country(number: int) -> None:
    assert styled(number, "43831") == "2020-01-01"


@each([20, 32, 33, 34, 55, 75])
def test_times_are_times_in_every_country(number: int) -> None:
    assert styled(number, "0.5") == "12:00:00"


@each(["DD/MM/YYYY", "yyyy/mm/dd", "[$-411]ggge&quot;年&quot;m.d"])
def test_formats_of_their_own_are_read_in_either_case(shown: str) -> None:
    assert styled(164, "43831", own=shown) == "2020-01-01"


@each([0, 2, 10, 49, 60, 163])
def test_numbers_are_no_dates(number: int) -> None:
    assert styled(number, "43831") == 43831


def test_what_cells_are_drawn_with_is_not_read() -> None:
    odd = '<fonts><font><size/></font></fonts><fills><fill/></fills><borders colour="red"/>'
    assert styled(14, "43831", more=odd) == "2020-01-01"


def test_a_style_that_is_not_there_is_none() -> None:
    assert run_file(sheet(f'{HEAD}<row><c s="7"><v>5</v></c></row>'), "x.xlsx")["rows"] == [
        {"a": 5}
    ]


@each([("1", True), ("true", True), ("FALSE", False)])
def test_a_boolean_has_two_spellings(written: str, meant: bool) -> None:
    file = sheet(f'{HEAD}<row><c t="b"><v>{written}</v></c></row>')
    assert run_file(file, "x.xlsx")["rows"] == [{"a": meant}]


def renamed(file: bytes, rename: Callable[[str], str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(rename(name), old.read(name))
    return made.getvalue()


@each(
    [
        str.lower,
        str.upper,
        lambda name: name.replace("/", "\\"),
        lambda name: name.replace("sharedStrings", "SharedStrings"),
    ]
)
def test_parts_are_found_however_their_names_are_written(rename: Callable[[str], str]) -> None:
    file = with_shared(
        '<row><c t="s"><v>0</v></c></row><row><c><v>5</v></c></row>', "<si><t>n</t></si>"
    )
    assert run_file(renamed(file, rename), "x.xlsx")["rows"] == [{"n": 5}]


def test_two_parts_of_one_name_are_refused(tmp_path: Any) -> None:
    file = with_parts(sheet(HEAD), {SHEET.upper(): b"<x/>"})
    with pytest.raises(Exception, match="two of one name"):
        run_file(file, "x.xlsx")


@each(["a,b\n1,x\0\n", "a\0,b\n1,2\n", "a,b\n1,x\0", "a,b\n1,2\n" * 9 + "\0"])
def test_a_stray_nul_makes_no_utf_16_of_a_file(text: str) -> None:
    assert run_file(text, "x.csv")["rows"] == run_file(text, "x.csv", encoding="utf-8")["rows"]


@each(product(["utf-16-le", "utf-16-be"], ["日本,語\n1,2\n", "a,b", "上下,左右\r\n1,2\r\n"]))
def test_utf_16_without_a_mark_is_told_by_its_nuls(encoding: str, text: str) -> None:
    first = run_file(text.encode(encoding), "x.csv", filter=[])["types"]
    assert list(first) == text.split()[0].split(",")


def test_a_file_may_have_two_marks() -> None:
    assert run_file("\ufeff\ufeffa,b\n1,2\n", "x.csv")["rows"] == [{"a": 1, "b": 2}]
