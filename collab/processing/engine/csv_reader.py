"""Rows of CSV (RFC 4180), and of its relatives with other delimiters."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from .errors import TableError
from .source import TextSource
from .table import Table, check_columns
from .values import MAX_CELL_CHARACTERS, Row, of_text

#: What may stand between cells when the payload does not say.
DELIMITER_CHARACTERS = ",;\t|"

QUOTED_CELL = re.compile(r'"(?:[^"]|"")*"')


def read_csv(path: Path, delimiter: str | None) -> Table:
    """Read a file whose first row names the columns; raises TableError."""
    source = TextSource(path, newline="")
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    lines = source.lines()
    first = next((line for line in lines if line.strip("\r\n")), "")
    source.record_line = source.line
    reader = csv.reader(
        _again(first, lines), delimiter=delimiter or guess_delimiter(first), strict=True
    )
    records = _records(source, reader)
    names = column_names(next(records, []))
    if not names:
        raise TableError("empty_file", "The file has no row that names the columns.")
    rows = (_row(source, names, cells) for cells in records)
    return Table(rows, source, columns=dict.fromkeys(names), complete=True)


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _records(source: TextSource, reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows that are not blank lines."""
    try:
        for cells in reader:
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
        return "a closing quotation mark is followed by text; double the marks inside a cell"
    return text


def _row(source: TextSource, names: list[str], cells: list[str]) -> Row:
    if len(cells) != len(names):
        cells = _fitted(source, len(names), cells)
    return dict(zip(names, map(of_text, cells), strict=True))


def _fitted(source: TextSource, width: int, cells: list[str]) -> list[str]:
    """Add empty cells, or drop those that trailing delimiters make; raises TableError."""
    if any(cells[width:]):
        raise TableError(
            "bad_csv",
            f"Line {source.record_line} has {len(cells):,} cells, but the first row names "
            f"{width:,} columns.",
        )
    return cells[:width] + [""] * (width - len(cells))


def guess_delimiter(line: str) -> str:
    """Return the delimiter that is most frequent outside the quotation marks of the first line."""
    bare = QUOTED_CELL.sub("", line)
    return max(DELIMITER_CHARACTERS, key=bare.count)


def column_names(header: list[str]) -> list[str]:
    """Name the columns: a blank one by its number, one whose name is taken with a number added."""
    check_columns(header)
    names: dict[str, None] = {}
    # Names that stand in the file are given out before any that are made up.
    given = {cell.strip() for cell in header}
    for number, cell in enumerate(header, 1):
        name = wanted = cell.strip() or f"column_{number}"
        count = 1
        while name in names or (name != cell.strip() and name in given):
            count += 1
            name = f"{wanted}_{count}"
        names[name] = None
    return list(names)
