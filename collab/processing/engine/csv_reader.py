"""Rows of CSV (RFC 4180), and of its relatives with other delimiters."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .cells.columns import Converter, Finding, found, note_on, reader, unguarded
from .cells.typed import BadValue, asked, bad_value
from .errors import TableError, quoted, unknown_column
from .layout import Layout, body, layout_of
from .source import TextSource
from .table import Table, check_columns
from .values import MAX_CELL_CHARACTERS, Row


def read_csv(path: Path, payload: dict[str, Any]) -> Table:
    """Read a file whose first row names the columns; raises TableError.

    It is read twice, since all its cells decide what a column is.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    layout = layout_of(path, payload)
    wanted: dict[str, str] = payload.get("types") or {}
    source = layout.source()
    records = _records(source, layout)
    names = column_names(next(records, []))
    if not names:
        source.close()
        raise TableError("empty_file", "The file has no row that names the columns.")
    for name in wanted:
        if name not in names:
            raise unknown_column(name, names)
    # If the caller has named all types, there is nothing to find out, and one pass is enough.
    findings = _findings(layout, len(names)) if wanted.keys() < set(names) else []
    columns = _Columns(names, wanted, findings, layout)
    return Table(
        columns.rows(source, records),
        source,
        columns=dict.fromkeys(names),
        complete=True,
        converted=True,
        types=columns.types,
        notes=columns.notes,
    )


def _findings(layout: Layout, width: int) -> list[Finding]:
    """Examine all rows; the second pass, which yields the rows, reports errors."""
    source = layout.source()
    try:
        records = _until_trouble(_records(source, layout))
        next(records, None)
        return found(records, width, layout.decimal)
    finally:
        source.close()


def _until_trouble(records: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from records
    except TableError:
        return


class _Columns:
    """The columns of a file: their names, their types, and notes about them."""

    def __init__(
        self, names: list[str], wanted: dict[str, str], findings: list[Finding], layout: Layout
    ) -> None:
        self._names, self._layout = names, layout
        self._short = self._first_short = 0
        self._converters: list[Converter] = []
        self._types: dict[str, str] = {}
        self._said = [layout.note] if layout.note else []
        for index, name in enumerate(names):
            kind = wanted.get(name)
            if kind is None:
                kind = findings[index].type
                self._converters.append(reader(kind, layout.decimal))
                if note := note_on(name, findings[index], layout.decimal):
                    self._said.append(note)
            elif kind == "text":
                # Only for CSV files: nothing else has apostrophes that are not part of a text.
                self._converters.append(lambda cell: cell and unguarded(cell))
            else:
                self._converters.append(asked(kind, layout.decimal))
            self._types[name] = "text" if kind == "numeral" else kind

    def types(self) -> dict[str, str]:
        """Return what each column is read as."""
        return self._types

    def notes(self) -> list[str]:
        """Return the notes for the result, once everything has been read."""
        if not self._short:
            return self._said
        rows = "1 row has" if self._short == 1 else f"{self._short:,} rows have"
        return [
            *self._said,
            f"{rows} fewer cells than the first row names columns, first in line "
            f"{self._first_short:,}; the cells that are missing are null.",
        ]

    def rows(self, source: TextSource, records: Iterator[list[str]]) -> Iterator[Row]:
        """Yield the rows, their cells read; raises TableError."""
        names, converters = self._names, self._converters
        for cells in records:
            if len(cells) != len(names):
                cells = self._fitted(source, cells)
            try:
                yield {
                    name: (convert(cell) if cell else None)
                    for name, convert, cell in zip(names, converters, cells, strict=True)
                }
            except BadValue:
                self._refuse(source, cells)

    def _refuse(self, source: TextSource, cells: Sequence[str]) -> None:
        """Say which cell can't be read; raises TableError."""
        for name, convert, cell in zip(self._names, self._converters, cells, strict=True):
            try:
                convert(cell)
            except BadValue as error:
                where = f"Line {source.record_line:,}"
                raise bad_value(where, name, cell, error) from None

    def _fitted(self, source: TextSource, cells: list[str]) -> list[str]:
        """Add empty cells, or drop those that trailing delimiters make; raises TableError."""
        width = len(self._names)
        if any(cells[width:]):
            names = "1 column" if width == 1 else f"{width:,} columns"
            raise TableError(
                "bad_csv",
                f"Line {source.record_line} has {len(cells):,} cells, but the first row names "
                f"{names}. A cell with {quoted(self._layout.delimiter)} in it needs quotation "
                "marks; `delimiter` says what separates the cells, if not this, and `header_line` "
                "where the names are, if not in the first row.",
            )
        if len(cells) < width:
            self._short += 1
            self._first_short = self._first_short or source.record_line
        return cells[:width] + [""] * (width - len(cells))


def _records(source: TextSource, layout: Layout) -> Iterator[list[str]]:
    """Yield the rows that are not blank lines."""
    lines = body(source, layout.header_line)
    try:
        for cells in csv.reader(lines, delimiter=layout.delimiter, strict=True):
            if cells:
                yield cells
            source.begin_record()
    except csv.Error as error:
        where = f"The row that begins in line {source.record_line}"
        raise TableError("bad_csv", f"{where} can't be read: {_reason(error)}.") from None


def _reason(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quotation mark is opened and never closed"
    if "field larger than field limit" in text:
        return (
            f"a cell has more than {MAX_CELL_CHARACTERS:,} characters (a missing quotation mark?)"
        )
    if "expected after" in text:
        return (
            "a closing quotation mark is followed by text; double the marks inside a cell, or name "
            "the `delimiter` if it is another"
        )
    return text


def column_names(header: list[str]) -> list[str]:
    """Name the columns: a blank one by its number, a duplicate one with a number added."""
    check_columns(header)
    names: dict[str, None] = {}
    # Names from the file are given out before any that are made up.
    given = {cell.strip() for cell in header}
    for number, cell in enumerate(header, 1):
        name = wanted = cell.strip() or f"column_{number}"
        count = 1
        while name in names or (name != cell.strip() and name in given):
            count += 1
            name = f"{wanted}_{count}"
        names[name] = None
    return list(names)
