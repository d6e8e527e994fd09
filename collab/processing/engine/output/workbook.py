"""A workbook (ECMA-376) with one sheet: names in the first row, each cell with its type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from ..cells.dates import is_date, is_moment
from ..errors import TableError, quoted
from ..values import Row, Value
from ..xlsx.strings import escaped
from .text import FORMULA_PATTERN, Sink, check_size

#: Excel's bounds: rows of a sheet, including the one with the names, and UTF-16 units of a cell.
MAX_SHEET_ROWS = 1_048_576
MAX_TEXT_UNITS = 32_767
#: Cells of a file: about as many as are written in half a minute.
MAX_SHEET_CELLS = 1_000_000
#: Digits of a whole number that Excel keeps; a longer one is written as text.
MAX_DIGITS = 15
#: The first day from which all spreadsheets count alike.
FIRST_DAY = date(1900, 3, 1)
MOMENT_PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")


class XlsxSink(Sink):
    """Writes rows into a workbook, which openpyxl keeps on disk until it is closed."""

    def __init__(self, path: Path, names: Sequence[str], types: Mapping[str, str]) -> None:
        self._path, self._names = path, names
        self._types = [types.get(name) for name in names]
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet("Table")
        self._rows = 0
        self._sheet.freeze_panes = "A2"
        self._put([self._text(name, name) for name in names], Font(bold=True))

    def write(self, row: Row) -> None:
        """Take a row."""
        named = zip(self._names, self._types, strict=True)
        self._put([self._cell(name, row.get(name), kind) for name, kind in named])

    def _put(self, cells: list[Any], font: Font | None = None) -> None:
        self._rows += 1
        if self._rows > MAX_SHEET_ROWS or self._rows * len(cells) > MAX_SHEET_CELLS:
            raise TableError(
                "output_too_large",
                f"The workbook would have more than {MAX_SHEET_ROWS:,} rows, or "
                f"{MAX_SHEET_CELLS:,} cells: filter the rows, or choose CSV.",
            )
        for cell in cells if font else ():
            cell.font = font
        self._sheet.append(cells)

    def _cell(self, name: str, value: Value, kind: str | None) -> Any:
        """Return what to give openpyxl for a value."""
        if value is None:
            return None
        if isinstance(value, str):
            dated = self._dated(value) if kind != "text" else None
            return dated or self._text(name, value)
        if isinstance(value, bool):
            return value
        if isinstance(value, int) and len(str(abs(value))) > MAX_DIGITS:
            return self._text(name, str(value))
        # As it is written here: openpyxl would round to 16 digits.
        return self._made(repr(value), "n")

    def _dated(self, text: str) -> Any:
        """Return a date cell for a text that is a date and would come back unchanged; or None."""
        if not is_date(text[:10]):
            return None
        if date.fromisoformat(text[:10]) < FIRST_DAY:
            return None
        if len(text) == len("2026-11-29"):
            return self._day(date.fromisoformat(text), "yyyy-mm-dd")
        if not (MOMENT_PATTERN.fullmatch(text) and is_moment(text)):
            return None
        return self._day(datetime.fromisoformat(text), "yyyy-mm-dd hh:mm:ss")

    def _day(self, value: date, shown: str) -> Any:
        cell = WriteOnlyCell(self._sheet, value=cast(Any, value))
        cell.number_format = shown
        return cell

    def _text(self, name: str, text: str) -> Any:
        """Return a cell that is text, whatever it begins with; raises TableError."""
        written = escaped(text)
        if len(written.encode("utf-16-le")) > 2 * MAX_TEXT_UNITS:
            raise TableError(
                "cell_too_large",
                f"A value of column {quoted(name)} has more than the {MAX_TEXT_UNITS:,} characters "
                "that a workbook allows in a cell: choose CSV or JSON.",
            )
        cell = self._made(written, "s")
        # Otherwise it would become a formula as soon as somebody edits it.
        cell.quotePrefix = bool(FORMULA_PATTERN.match(text))
        return cell

    def _made(self, written: str, kind: str) -> Any:
        cell = WriteOnlyCell(self._sheet, value=written)
        cell.data_type = kind  # openpyxl has guessed, and reads what begins with = as a formula
        return cell

    def close(self) -> None:
        """Finish the file."""
        self._book.save(self._path)
        check_size(self._path.stat().st_size)

    def abandon(self) -> None:
        """Release what openpyxl has on disk."""
        self._sheet.close()
