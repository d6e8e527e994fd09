"""Workbooks as spreadsheets save them, and as nobody honest does."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import numbers

from collab.jobs.context import FatalError
from collab.processing.engine.errors import TableError
from collab.processing.engine.xlsx import package, reading

from ..support.each import each
from .tables import run_file
from .test_process import call

MIB = 2**20


def workbook(*rows: Any, more: Callable[[Any], None] = lambda book: None) -> bytes:
    """Save a workbook with these rows, as openpyxl does; `more` changes it before."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    more(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(file: bytes, name: str = "x.xlsx", **steps: Any) -> dict[str, Any]:
    return run_file(file, name, **steps)


def refusal(file: bytes, **steps: Any) -> tuple[str, str]:
    with pytest.raises(TableError) as caught:
        read(file, **steps)
    assert caught.value.retry is False
    return caught.value.code, str(caught.value)


# -- what cells hold ------------------------------------------------------------------------------


def test_cells_keep_their_types() -> None:
    found = read(
        workbook(
            ["text", "whole", "part", "truth", "zip", "mixed"],
            ["a", 5, 2.5, True, "01234", 1],
            ["_x0041_ b\n", -7, 0.25, False, "12345", "n/a"],
            [None, None, None, None, None, None],
            ["c", 12345678901, 1e300, None, None, None],
        )
    )
    assert [list(row.values()) for row in found["rows"]] == [
        ["a", 5, 2.5, True, "01234", 1],
        ["A b\n", -7, 0.25, False, "12345", "n/a"],
        ["c", 12345678901, 1e300, None, None, None],
    ]
    assert list(found["types"].values()) == [
        "text",
        "integer",
        "number",
        "boolean",
        "text",
        "mixed",
    ]


DATES = [
    (datetime(2026, 11, 29), "yyyy-mm-dd", "2026-11-29"),
    (datetime(2026, 11, 29), "d. mmmm yy", "2026-11-29"),
    (datetime(2026, 11, 29), "yyyy-mm-dd hh:mm", "2026-11-29T00:00:00"),
    (datetime(2026, 11, 29, 10, 30), "yyyy-mm-dd", "2026-11-29T10:30:00"),
    (date(2024, 2, 29), numbers.FORMAT_DATE_XLSX14, "2024-02-29"),
    (time(7, 5), "hh:mm", "07:05:00"),
    (timedelta(hours=36, seconds=5), "[h]:mm:ss", "36:00:05"),
    (5, "0.00", 5),
]


@pytest.mark.parametrize(("value", "shown", "wanted"), DATES, ids=lambda one: str(one))
@pytest.mark.parametrize("epoch", ["1900", "1904"])
def test_dates_are_iso_8601(value: Any, shown: str, wanted: Any, epoch: str) -> None:
    def more(book: Any) -> None:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904 if epoch == "1904" else book.epoch
        book.active["A2"] = value
        book.active["A2"].number_format = shown

    assert read(workbook(["d"], more=more))["rows"] == [{"d": wanted}]


def test_a_column_may_be_read_as_something_else() -> None:
    file = workbook(["id", "price"], [5, "12.50"], [7.0, " 3"])
    found = read(file, types={"id": "text", "price": "number"})
    assert found["rows"] == [{"id": "5", "price": 12.5}, {"id": "7", "price": 3}]
    assert refusal(file, types={"price": "integer"})[1].startswith(
        'Row 2: "12.50" in column "price"'
    )
    assert refusal(file, types={"prize": "integer"})[0] == "unknown_column"


def test_the_steps_are_those_of_every_table() -> None:
    file = workbook(["city", "n"], ["Lyon", 1], ["Turin", 2], ["Lyon", 3])
    steps = {"group_by": ["city"], "aggregate": [{"fn": "sum", "column": "n"}], "sort": ["-city"]}
    assert read(file, **steps)["rows"] == [
        {"city": "Turin", "sum_n": 2},
        {"city": "Lyon", "sum_n": 4},
    ]
    assert [one["type"] for one in read(file)["columns"]] == ["text", "integer"]


# -- formulas -------------------------------------------------------------------------------------

SHEET = "xl/worksheets/sheet1.xml"


def with_parts(file: bytes, parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a workbook with some of its parts changed."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(file)) as old,
        zipfile.ZipFile(made, "w", method, compresslevel=1) as new,
    ):
        for name in old.namelist():
            new.writestr(name, parts.pop(name, None) or old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return made.getvalue()


def sheet(rows: str, before: str = "") -> bytes:
    """Return a workbook whose sheet is this XML."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = f'{before}<worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'
    return with_parts(workbook(["a"]), {SHEET: text.encode()})


HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'


def test_a_formula_is_the_value_that_was_kept_of_it() -> None:
    cells = '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>'
    texts = '<row r="3"><c r="A3" t="str"><f>"x"</f><v>x</v></c></row>'
    empty = '<row r="4"><c r="A4" t="str"><f>""</f><v></v></c></row>'
    wrong = '<row r="5"><c r="A5" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    found = read(sheet(HEAD + cells + texts + empty + wrong))
    assert [row["a"] for row in found["rows"]] == [2, "x", "#DIV/0!"]


def test_a_formula_that_nobody_calculated_is_told_with_its_cell() -> None:
    code, message = refusal(workbook(["a", "b"], [1, "=A2*2"]))
    assert (code, "The formula in B2 has no value" in message) == ("no_value", True)


# -- where the table is ---------------------------------------------------------------------------


def test_the_table_may_stand_anywhere_on_its_sheet() -> None:
    rows = [[], [], [None, None, "a", "b"], [None, None, 1, 2], [None, None, None, 3]]
    assert read(workbook(*rows))["rows"] == [{"a": 1, "b": 2}, {"a": None, "b": 3}]


@each([["Report"], ["Report", None]])
def test_a_title_above_the_names_is_told_with_the_way_out(row: list[Any]) -> None:
    file = workbook(row, [], ["a", "b"], [1, 2])
    code, message = refusal(file)
    assert code == "bad_xlsx"
    assert message.startswith("Row 3 has a value in column B, but row 1 names the columns A to A.")
    assert "`header_line`" in message
    assert read(file, header_line=3)["rows"] == [{"a": 1, "b": 2}]


def test_names_that_are_blank_or_taken_become_different() -> None:
    found = read(workbook(["a", None, "a", 2026], [1, 2, 3, 4]))
    assert found["rows"] == [{"a": 1, "column_2": 2, "a_2": 3, "2026": 4}]


def with_sheets(book: Any) -> None:
    book.active.sheet_state = "hidden"
    book.create_sheet("Second").append(["b"])
    book["Second"].append([2])
    book.create_sheet("Third").append(["c"])


def test_the_first_sheet_that_is_shown_is_read_and_the_others_are_told() -> None:
    file = workbook(["a"], [1], more=with_sheets)
    found = read(file)
    assert (found["rows"], found["notes"]) == (
        [{"b": 2}],
        ['The sheet "Second" was read; there is also "Sheet", "Third": `sheet` decides.'],
    )
    assert read(file, sheet="Sheet")["rows"] == [{"a": 1}]
    assert read(file, sheet="Third")["source_rows"] == 0
    assert refusal(file, sheet="Fourth") == (
        "unknown_sheet",
        'There is no sheet "Fourth". There are "Sheet", "Second", "Third".',
    )


@each(["x.xlsx", "x.XLSM", "x.csv", "x", "x.xls"])
def test_a_workbook_is_told_by_its_name_or_its_beginning(name: str) -> None:
    assert read(workbook(["a"], [1]), name)["rows"] == [{"a": 1}]


# -- what is no workbook, or made to do harm ------------------------------------------------------


def cell(inner: str, kind: str = "n") -> bytes:
    """Return a workbook that has this as its cell A2."""
    return sheet(f'{HEAD}<row r="2"><c r="A2" t="{kind}">{inner}</c></row>')


PLAIN = workbook(["a"], [1])
NOT_ONE: dict[str, tuple[bytes, str]] = {
    "an old one": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "an old one (.xls), or has a password"),
    "text": (b"a,b\n1,2\n", "does not begin as one"),
    "nothing": (b"", "does not begin as one"),
    "half of one": (PLAIN[:3000], "can't be read"),
    "another zip": (PLAIN.replace(b"[Content_Types]", b"[Content-Types]"), "of something else"),
    "no sheet": (with_parts(PLAIN, {"xl/workbook.xml": b"<x/>"}), "no sheet with cells"),
    "broken XML": (with_parts(PLAIN, {SHEET: b"<worksheet><sheetData>"}), "can't be read"),
    "strict": (with_parts(PLAIN, {SHEET: b'<w xmlns="http://purl.oclc.org/x"/>'}), "strict"),
    "numbers that are none": (cell("<v>5x</v>"), "5x"),
    "a text that is not there": (cell("<v>99</v>", "s"), "can't be read"),
    "another packing": (with_parts(PLAIN, {}, zipfile.ZIP_LZMA), "packed in a way"),
    "a cell too long": (cell(f"<v>{'x' * 131_073}</v>", "str"), "131,072 characters"),
}


@each(NOT_ONE)
def test_what_is_no_workbook_is_told_with_the_way_out(what: str) -> None:
    file, words = NOT_ONE[what]
    code, message = refusal(file, format="xlsx")
    assert (code, words in message, "save it as .xlsx" in message) == ("bad_xlsx", True, True), (
        message
    )


def test_numbers_that_no_double_holds_stay_text() -> None:
    cells = "".join(
        f'<row r="{number}"><c r="A{number}"><v>{text}</v></c></row>'
        for number, text in enumerate(["1E999", "123456789012345678901234567890"], 2)
    )
    found = read(sheet(HEAD + cells))
    assert [row["a"] for row in found["rows"]] == ["inf", "123456789012345678901234567890"]


ENTITIES = (
    f'<!ENTITY {name} "{f"&{used};" * 10}">' for used, name in itertools.pairwise("abcdefghi")
)
BOMB = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{"".join(ENTITIES)}]>'


@each([SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"])
def test_xml_that_declares_anything_is_refused(part: str) -> None:
    file = workbook(["a"], [1])
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        content = archive.read(part)
    begins = content.index(b"?>") + 2 if content.startswith(b"<?xml") else 0
    assert refusal(with_parts(file, {part: BOMB.encode() + content[begins:]}))[0] == "bad_xlsx"


def test_a_row_that_reaches_too_far_is_refused() -> None:
    code, message = refusal(sheet(HEAD + "<row>" + "<c><v>1</v></c>" * 20_000 + "</row>"))
    assert (code, "16,384 columns" in message) == ("xlsx_too_large", True)


def test_a_sheet_of_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_CELLS", 5)
    cells = "<c><v>1</v></c>"
    assert read(sheet(HEAD + f"<row>{cells}</row>" * 4))["row_count"] == 4
    code, message = refusal(sheet(HEAD + f"<row>{cells}</row>" * 5))
    assert (code, "5 cells" in message) == ("xlsx_too_large", True)


def test_a_sheet_that_names_no_columns_is_empty() -> None:
    assert refusal(sheet('<row><c t="inlineStr"/></row><row/>'))[0] == "empty_file"


def test_a_part_that_is_no_sheet_has_no_cells() -> None:
    code, message = refusal(with_parts(workbook(["a"]), {SHEET: b"<chartsheet/>"}))
    assert (code, "no cells" in message) == ("bad_xlsx", True)


def test_an_empty_text_beside_the_table_is_passed_over() -> None:
    """Spreadsheets leave such cells where something was deleted; what is there is refused."""
    row = '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="inlineStr">@</c></row>'
    assert read(sheet(HEAD + row.replace("@", "")))["rows"] == [{"a": 1}]
    assert "a value in column B" in refusal(sheet(HEAD + row.replace("@", "<is><t>x</t></is>")))[1]


@pytest.mark.parametrize("place", ["<row>@</row>", '<row><c t="inlineStr"><is>@</is></c></row>'])
def test_xml_of_very_many_levels_ends_nothing_but_the_job(tmp_path: Path, place: str) -> None:
    path = tmp_path / "data.xlsx"
    path.write_bytes(sheet(HEAD + place.replace("@", "<a>" * 100_000 + "</a>" * 100_000)))
    assert ending(path) in ("", "bad_xlsx", "too_much_memory")


def ending(path: Path) -> str:
    """Return the code with which a job on a workbook fails, or nothing if it succeeds."""
    try:
        call(path, mb=256)
    except FatalError as error:
        return error.code
    return ""


def that_becomes(part: str, size: int) -> bytes:
    """Return a workbook that says of a part how large it becomes; there is nothing in it."""
    made = io.BytesIO(with_parts(PLAIN, {part: b" "}))
    with zipfile.ZipFile(made, "a") as archive:
        archive.getinfo(part).file_size = size
        archive.comment = b"changed"
    return made.getvalue()


LARGE: dict[str, tuple[str, int]] = {
    "a sheet": (SHEET, package.MAX_UNPACKED_BYTES + 1),
    "shared texts": ("xl/sharedStrings.xml", package.MAX_SHARED_BYTES + 1),
    "styles": ("xl/styles.xml", package.MAX_PART_BYTES + 1),
}


@each(LARGE)
def test_a_zip_that_becomes_too_large_is_refused_before_it_is_unpacked(what: str) -> None:
    assert refusal(that_becomes(*LARGE[what]))[0] == "xlsx_too_large"


def test_a_zip_of_too_many_parts_is_refused() -> None:
    parts = {f"x/{number}": b"x" for number in range(package.MAX_PARTS)}
    assert refusal(with_parts(PLAIN, parts))[0] == "xlsx_too_large"


# -- memory ---------------------------------------------------------------------------------------


CITY = "Köln" * 2000


def repeated(rows: int) -> bytes:
    """Return a sheet of so many rows, each of 8 KB in three cells; packed it is small."""
    row = f'<row><c><v>7</v></c><c t="inlineStr"><is><t>{CITY}</t></is></c><c><v>0.5</v></c></row>'
    head = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in "abc")
    return sheet(f"<row>{head}</row>" + row * rows)


@pytest.mark.parametrize(("rows", "mb"), [(3_500, 56)])
def test_a_sheet_is_never_whole_in_memory(tmp_path: Path, rows: int, mb: int) -> None:
    path = tmp_path / "data.xlsx"
    path.write_bytes(repeated(rows))
    steps = {"group_by": ["b"], "aggregate": [{"fn": "sum", "column": "a"}]}
    assert call(path, mb=mb, **steps)["rows"] == [{"b": CITY, "sum_a": 7 * rows}]


SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
OVERRIDE = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{KIND}"/></Types>'


def with_shared(rows: str, *texts: str) -> bytes:
    """Return a workbook whose cells share texts, as Excel writes them."""
    file = sheet(rows)
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        types = archive.read("[Content_Types].xml").decode().replace("</Types>", OVERRIDE)
    shared = f'<sst xmlns="{SPACE}">{"".join(texts)}</sst>'
    parts = {"[Content_Types].xml": types.encode(), "xl/sharedStrings.xml": shared.encode()}
    return with_parts(file, parts)


def test_texts_that_cells_share_are_read_as_they_are_meant() -> None:
    texts = ["<t>name</t>", "<r><t>rich </t></r><r><rPr><b/></rPr><t>text</t></r>"]
    texts += [
        "<t>東京</t><rPh sb='0' eb='2'><t>とうきょう</t></rPh>",
        "<t>_x000D_ _x005F_x000D_</t>",
    ]
    rows = "".join(f'<row><c t="s"><v>{index}</v></c></row>' for index in range(4))
    found = read(with_shared(rows, *(f"<si>{text}</si>" for text in texts)))
    assert [row["name"] for row in found["rows"]] == ["rich text", "東京", "\r _x000D_"]


def test_shared_texts_that_take_more_memory_than_there_is_end_the_job_alone(tmp_path: Path) -> None:
    path = tmp_path / "data.xlsx"
    path.write_bytes(with_shared(HEAD, f"<si><t>😀{'b' * 99}</t></si>" * (12 * MIB // 117)))
    with pytest.raises(FatalError) as caught:
        call(path, mb=72)
    assert caught.value.code == "too_much_memory"
