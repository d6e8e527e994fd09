"""How a CSV file is laid out: its delimiter, and where its rows begin."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import quoted
from .source import TextSource

#: What may separate cells if the payload does not say; if two fit, the first is used: a comma may
#: be part of a number, the others rarely are.
DELIMITER_CHARACTERS = "\t;|,"
#: Characters and rows of a file that a guess looks at.
SAMPLE_CHARACTERS = 64 * 1024
SAMPLE_ROWS = 100

#: What Excel reads as naming the delimiter, and writes in some languages.
HINT_PATTERN = re.compile(r'"?[sS][eE][pP]=([^"\r\n])"?[\r\n]*')


@dataclass(frozen=True)
class Layout:
    """How a file is read: its encoding, the line to start from, its delimiter."""

    path: Path
    encoding: str | None
    #: The line with the names, from 1; None for the first that is not blank.
    header_line: int | None
    delimiter: str
    decimal: str = ""
    #: What to say about a delimiter that is uncertain.
    note: str | None = None

    def source(self) -> TextSource:
        """Open the file; raises TableError."""
        return TextSource(self.path, newline="", encoding=self.encoding)


def layout_of(path: Path, payload: dict[str, Any]) -> Layout:
    """Find out what the payload does not say of a file's layout; raises TableError."""
    encoding, header_line = payload.get("encoding"), payload.get("header_line")
    decimal = payload.get("decimal") or ""
    named = payload.get("delimiter") or _hinted(path, encoding)
    if named:
        return Layout(path, encoding, header_line, named, decimal)
    sample, cut = _sample(Layout(path, encoding, header_line, ","))
    best, others = guess_delimiter(sample, cut, decimal)
    note = None
    if others:
        note = (
            f"{quoted(best)} was taken as the separator of cells, but "
            f"{' or '.join(map(quoted, others))} would fit, too: `delimiter` chooses."
        )
    return Layout(path, encoding, header_line, best, decimal, note)


def _hinted(path: Path, encoding: str | None) -> str | None:
    """Return the delimiter that a first line such as `sep=;` names."""
    source = TextSource(path, newline="", encoding=encoding)
    try:
        found = HINT_PATTERN.fullmatch(next(source.lines(), ""))
    finally:
        source.close()
    return found[1] if found else None


def body(source: TextSource, header_line: int | None) -> Iterator[str]:
    """Yield the lines, from the one with the names on; raises TableError."""
    begun = False
    for line in source.lines():
        if not begun:
            hint = source.line == 1 and HINT_PATTERN.fullmatch(line)
            if hint or source.line < (header_line or 1) or not line.strip("\r\n"):
                source.begin_record()
                continue
            begun = True
            source.record_line = source.line
        yield line


def _sample(layout: Layout) -> tuple[list[str], bool]:
    """Return the first lines of the table, and whether there are more."""
    lines: list[str] = []
    source, room = layout.source(), SAMPLE_CHARACTERS
    try:
        for line in body(source, layout.header_line):
            lines.append(line)
            room -= len(line)
            source.begin_record()
            if room <= 0:
                return lines, True
    finally:
        source.close()
    return lines, False


def guess_delimiter(lines: list[str], cut: bool, decimal: str = "") -> tuple[str, list[str]]:
    """Return the delimiter with which the rows have as many cells as the first names columns.

    Also returns other delimiters for which that holds. The rows are parsed: nothing within
    quotation marks separates cells, whatever line it is on. `cut` says that there are more lines.
    """
    candidates = [one for one in DELIMITER_CHARACTERS if one != decimal]
    found = {one: _widths(lines, cut, one) for one in candidates}
    scores = {one: _score(*found[one]) for one in candidates}
    best = max(candidates, key=lambda one: scores[one])
    if not scores[best][0]:
        readable = {one: widths for one, (widths, whole) in found.items() if whole and widths}
        return _of_one_column(readable), []
    return best, [one for one in candidates if one != best and scores[one] == scores[best]]


def _score(widths: list[int], whole: bool) -> tuple[bool, float, bool]:
    """Return whether there are columns, how well the rows fit them, and if all could be read."""
    if not widths or widths[0] < 2:
        return False, 0.0, whole
    width, *rows = widths
    fits = [min(width, one) / max(width, one) for one in rows]
    return True, sum(fits) / len(fits) if fits else 1.0, whole


def _of_one_column(found: dict[str, list[int]]) -> str:
    """Return a delimiter for a table whose first row names one column.

    If all rows have equally many cells, and more than one, the first is a title: with that
    delimiter, reading ends in an error that says so. Otherwise it is text with commas in it.
    """
    for delimiter, (_, *rows) in found.items():
        if rows and rows[0] > 1 and len(set(rows)) == 1:
            return delimiter
    return next((one for one, widths in found.items() if max(widths) == 1), ",")


def _widths(lines: list[str], cut: bool, delimiter: str) -> tuple[list[int], bool]:
    widths: list[int] = []
    try:
        for cells in csv.reader(iter(lines), delimiter=delimiter, strict=True):
            if not cells:
                continue
            # Delimiters at the end of a row make no columns, unless the first row names that many.
            while len(cells) > (widths[0] if widths else 1) and not cells[-1]:
                cells.pop()
            widths.append(len(cells))
            if len(widths) == SAMPLE_ROWS:
                break
    except csv.Error as error:
        return widths, cut and "end of data" in str(error)
    return widths, True
