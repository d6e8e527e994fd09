"""Rows of a workbook's sheet, read once from the beginning, with one row in memory at a time."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import IO, Any, cast

from defusedxml.ElementTree import iterparse
from openpyxl.styles.numbers import is_datetime
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._reader import DATA_TAG, FORMULA_TAG, ROW_TAG, VALUE_TAG, WorkSheetParser

from ..cells.typed import Seen, asked, converted
from ..csv_reader import column_names
from ..errors import TableError, listed, quoted, unknown_column
from ..table import Table, watched
from ..values import MAX_CELL_CHARACTERS, MAX_INTEGER, MIN_INTEGER, Row, Value
from .package import Book, SheetPart, bad_workbook, check_package, explained, too_large
from .strings import unescaped

#: Cells of a sheet that are read: about as many as are read in a minute.
MAX_CELLS = 5_000_000
#: Rows and columns of a sheet: as many as Excel has.
MAX_ROWS = 1_048_576
MAX_COLUMN = 16_384


class CountedPart:
    """A part in the zip that knows how much of it has been read."""

    def __init__(self, file: IO[bytes], size: int, book: Book) -> None:
        self._file, self._size, self._book = file, size, book
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        """Read, and count."""
        data = self._file.read(size)
        self._read += len(data)
        return data

    @property
    def fraction(self) -> float:
        """How much has been read, from 0 to 1."""
        return self._read / max(1, self._size)

    def close(self) -> None:
        """Close it, and the workbook."""
        self._file.close()
        self._book.archive.close()
        self._book.file.close()


class Cells(WorkSheetParser):
    """openpyxl's reader of cells; it notices formulas that nobody has calculated."""

    #: The first cell that has a formula and no value.
    uncalculated: str | None = None

    def parse_cell(self, element: Any) -> dict[str, Any]:
        """Return a cell; an empty text stays one."""
        if element.get("t") == "b":
            _spell_boolean(element.find(VALUE_TAG))
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and len(element) == 0 and element.get("t") == "inlineStr":
            cell["value"] = ""
        elif element.get("t") in ("inlineStr", "str") and isinstance(cell["value"], str):
            cell["value"] = unescaped(cell["value"])
        formula, value = element.find(FORMULA_TAG), element.find(VALUE_TAG)
        # A text that comes out empty is one: `t="str"` with an empty value.
        bare = value is None or (value.text is None and element.get("t") != "str")
        if formula is not None and bare and self.uncalculated is None:
            self.uncalculated = f"{get_column_letter(cell['column'])}{cell['row']}"
        return cell


def _spell_boolean(value: Any) -> None:
    """Write a boolean as openpyxl reads it: XML has two spellings for each (xsd:boolean)."""
    if value is not None and value.text:
        value.text = {"true": "1", "false": "0"}.get(value.text.strip().lower(), value.text)


def read_xlsx(path: Path, payload: dict[str, Any]) -> Table:
    """Read a sheet whose first row names the columns; raises TableError."""
    with explained():
        check_package(path)
    file = path.open("rb")
    try:
        with explained(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = Book(file)
            book.read()
        return Sheet(book, payload).table(payload)
    except BaseException:
        file.close()
        raise


class Sheet:
    """The sheet that is read: its columns, and its rows."""

    def __init__(self, book: Book, payload: dict[str, Any]) -> None:
        self._book = book
        sheet, self._note = _chosen(book.sheets, payload.get("sheet"))
        workbook = cast(Any, book.wb)
        with explained():
            size = book.archive.getinfo(sheet.part).file_size
            self.part = CountedPart(book.archive.open(sheet.part), size, book)
            self._parser = Cells(
                self.part,
                book.shared_strings,
                data_only=True,
                epoch=workbook.epoch,
                date_formats=book.styles.dates,
                timedelta_formats=book.styles.durations,
            )
        self._formats: dict[int, str | None] = {}
        self._found = self._rows()
        self._header_row, header = self._header(payload.get("header_line") or 1)
        self._first = min(header)
        self._width = max(header) - self._first + 1
        self.names = column_names(
            [_as_name(header.get(self._first + index)) for index in range(self._width)]
        )

    def _header(self, line: int) -> tuple[int, dict[int, Value]]:
        for number, cells in self._found:
            if number >= line and any(value not in (None, "") for value in cells.values()):
                return number, {at: value for at, value in cells.items() if value not in (None, "")}
        raise TableError("empty_file", "The sheet has no row that names the columns.")

    def table(self, payload: dict[str, Any]) -> Table:
        """Return its rows as a table; raises TableError."""
        wanted: dict[str, str] = payload.get("types") or {}
        for name in wanted:
            if name not in self.names:
                raise unknown_column(name, self.names)
        decimal = payload.get("decimal") or ""
        converters = {name: asked(kind, decimal) for name, kind in wanted.items()}
        seen = {name: Seen() for name in self.names}

        def types() -> dict[str, str]:
            return {name: wanted.get(name) or seen[name].type for name in self.names}

        def rows() -> Iterator[Row]:
            for number, cells in self._found:
                row = self._row(number, cells)
                if row is not None:
                    yield converted(row, converters, f"Row {number:,}") if converters else row

        return Table(
            watched(rows(), seen),
            self.part,
            columns=dict.fromkeys(self.names),
            complete=True,
            converted=True,
            types=types,
            notes=lambda: self._note,
        )

    def _rows(self) -> Iterator[tuple[int, dict[int, Value]]]:
        """Yield the rows with their numbers, and their cells by column; raises TableError."""
        data, cell_count, row_count = None, 0, 0
        with explained(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # No DTD: entities that expand each other could fill the memory.
            for event, node in iterparse(self.part, events=("start", "end"), forbid_dtd=True):
                if event == "start":
                    data = node if node.tag == DATA_TAG else data
                    continue
                if node.tag == DATA_TAG:
                    return
                if node.tag == ROW_TAG and data is not None:
                    number, cells = self._parser.parse_row(node)
                    # Drop each row once it has been read: openpyxl's tree would otherwise grow with
                    # the sheet.
                    data.clear()
                    row_count, cell_count = row_count + 1, cell_count + len(cells)
                    if row_count > MAX_ROWS or cell_count > MAX_CELLS:
                        raise too_large(f"more than {MAX_ROWS:,} rows, or {MAX_CELLS:,} cells")
                    if cells and cells[-1]["column"] > MAX_COLUMN:
                        raise too_large(f"more than {MAX_COLUMN:,} columns")
                    if self._parser.uncalculated:
                        raise _uncalculated(self._parser.uncalculated)
                    yield number, {cell["column"]: self._value(cell) for cell in cells}
            raise bad_workbook("the sheet has no cells, or is of the strict kind of workbook")

    def _row(self, number: int, cells: dict[int, Value]) -> Row | None:
        """Return a row; None for a blank one; raises TableError for a cell outside the table."""
        row: Row = dict.fromkeys(self.names)
        blank = True
        for column, value in cells.items():
            if value is None:
                continue
            index = column - self._first
            if not 0 <= index < self._width:
                if value == "":
                    continue
                raise self._outside(number, column)
            row[self.names[index]] = value
            blank = False
        return None if blank else row

    def _outside(self, number: int, column: int) -> TableError:
        last = get_column_letter(self._first + self._width - 1)
        return TableError(
            "bad_xlsx",
            f"Row {number:,} has a value in column {get_column_letter(column)}, but row "
            f"{self._header_row:,} names the columns {get_column_letter(self._first)} to {last}. "
            "If the names are in another row, set `header_line` to it; otherwise name the column.",
        )

    def _value(self, cell: dict[str, Any]) -> Value:
        """Return what a cell holds: dates and times are texts in ISO 8601."""
        value = cell["value"]
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            if len(value) > MAX_CELL_CHARACTERS:
                raise ValueError(f"a cell has more than {MAX_CELL_CHARACTERS:,} characters")
            return value
        if isinstance(value, int):
            # A longer one would be another number in our output; as text, its digits stay.
            return value if MIN_INTEGER <= value <= MAX_INTEGER else str(value)
        if isinstance(value, float):
            return value if math.isfinite(value) else repr(value)
        return self._dated(value, cell["style_id"])

    def _dated(self, value: Any, style: int) -> str:
        if isinstance(value, timedelta):
            return _duration(value)
        midnight = isinstance(value, datetime) and value.time() == time(0)
        if midnight and self._shown_as(style) == "date":
            return str(value.date().isoformat())
        return str(value.isoformat())

    def _shown_as(self, style: int) -> str | None:
        """Return whether a style shows dates, times or both."""
        if style not in self._formats:
            self._formats[style] = is_datetime(self._book.styles.format_of(style))
        return self._formats[style]


def _chosen(sheets: list[SheetPart], wanted: str | None) -> tuple[SheetPart, list[str]]:
    """Return the requested sheet, or the first that is shown, and what to say about it."""
    titles = [sheet.title for sheet in sheets]
    if wanted is not None:
        if wanted not in titles:
            there = f"There are {listed(titles)}." if titles else "There are none."
            raise TableError("unknown_sheet", f"There is no sheet {quoted(wanted)}. {there}")
        return sheets[titles.index(wanted)], []
    first = next((sheet for sheet in sheets if sheet.shown), sheets[0])
    others = [sheet.title for sheet in sheets if sheet is not first]
    if not others:
        return first, []
    note = f"The sheet {quoted(first.title)} was read; there is also {listed(others)}: `sheet` "
    return first, [note + "decides."]


def _uncalculated(cell: str) -> TableError:
    return TableError(
        "no_value",
        f"The formula in {cell} has no value: nobody has calculated it yet. Open the workbook in a "
        "spreadsheet program and save it, which does.",
    )


def _as_name(value: Value) -> str:
    return "" if value is None else str(value)


def _duration(value: timedelta) -> str:
    """Return a duration as spreadsheets show it: hours, minutes and seconds."""
    seconds = value.total_seconds()
    sign, whole = ("-" if seconds < 0 else ""), round(abs(seconds))
    return f"{sign}{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
