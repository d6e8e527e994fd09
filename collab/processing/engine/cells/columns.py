"""What a column of a CSV file is read as: all its cells decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from ..errors import quoted
from ..values import BOOLEANS, Value
from .dates import is_date
from .numerals import (
    BLANK_CHARACTERS,
    MAX_EXACT_INTEGER,
    NUMERAL_BEGINNINGS,
    Ranked,
    is_decimal,
    is_grouped,
    is_integer,
    numeral,
    pointed,
    value_of,
)

#: Rows whose cells are examined together: equal ones only once.
ROWS_AT_ONCE = 500

#: An apostrophe that keeps a spreadsheet from taking a text for a formula.
GUARDED_PATTERN = re.compile(r"'+[=+\-@\t\r]")

Converter = Callable[[Any], Value]


# -- found ----------------------------------------------------------------------------------------


def kind_of(cell: str, decimal: str) -> str:
    """Return what a cell of a CSV file could be taken for; nothing for a blank one."""
    if not cell.strip(BLANK_CHARACTERS):
        return ""
    if cell in BOOLEANS:
        return "boolean"
    if cell[0] not in NUMERAL_BEGINNINGS or (text := pointed(cell, decimal)) is None:
        return "text"
    grouped = is_grouped(cell.strip(BLANK_CHARACTERS), decimal)
    if is_integer(text) and not grouped:
        return "integer"
    if is_decimal(text) and not grouped:
        return "number"
    if is_date(cell):
        return "date"
    return "text" if value_of(text) is None else "numeral"


class Finding:
    """What the cells of a column could be taken for, together."""

    __slots__ = ("example", "kinds")

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        #: A cell that would not come back as it is written if it were a number.
        self.example = ""

    def add(self, cells: Iterable[str], decimal: str) -> None:
        """Examine some more cells."""
        for cell in cells:
            kind = kind_of(cell, decimal)
            if kind:
                self.kinds.add(kind)
            if kind == "numeral" and not self.example:
                self.example = cell

    @property
    def decided(self) -> bool:
        """Whether nothing that follows can make a difference."""
        others = self.kinds - {"integer", "number", "numeral"}
        return "text" in others or (bool(others) and len(self.kinds) > 1)

    @property
    def type(self) -> str:
        """The type of the column; `numeral` is text whose every cell can be computed with."""
        for name, kinds in FOUND_KINDS.items():
            if self.kinds <= kinds:
                return name
        return "text"


#: The kinds of cells that each type takes; the narrowest type comes first.
FOUND_KINDS: dict[str, set[str]] = {
    "empty": set(),
    "boolean": {"boolean"},
    "integer": {"integer"},
    "number": {"integer", "number"},
    "date": {"date"},
    "numeral": {"integer", "number", "numeral"},
}


def found(records: Iterable[Sequence[str]], width: int, decimal: str) -> list[Finding]:
    """Examine the rows of a CSV file until it is clear what each column is."""
    findings = [Finding() for _ in range(width)]
    waiting = dict(enumerate(findings))
    iterator = iter(records)
    while waiting and (rows := list(islice(iterator, ROWS_AT_ONCE))):
        for index, finding in list(waiting.items()):
            finding.add({row[index] for row in rows if len(row) > index}, decimal)
            if finding.decided:
                del waiting[index]
    return findings


def note_on(name: str, finding: Finding, decimal: str) -> str | None:
    """Return a sentence about a column of numbers that stays text."""
    if finding.type != "numeral":
        return None
    number = value_of(pointed(finding.example, decimal) or "") or 0
    # What it would be in JSON, whose numbers most readers treat as doubles.
    double = float(number)
    shown = int(double) if abs(double) <= MAX_EXACT_INTEGER + 1 and double.is_integer() else double
    return (
        f"Column {quoted(name)} is text, since {quoted(finding.example)} would become {shown!r}; "
        'sums and comparisons with numbers still compute with it. Numbers it is with "types": '
        f'{{{quoted(name)}: "number"}}.'
    )


# -- cells into values ----------------------------------------------------------------------------


def reader(kind: str, decimal: str) -> Converter:
    """Return the reader of cells for a CSV column that was found to be of a type."""

    def number(cell: str) -> Value:
        text = pointed(cell, decimal) or ""
        return (float(text) if "." in text else int(text)) if text else None

    def text(cell: str) -> Value:
        first = cell[0]
        if first in NUMERAL_BEGINNINGS:
            return numeral(cell, decimal)
        return unguarded(cell) if first == "'" else cell

    def ranked(cell: str) -> Value:
        return numeral(cell, decimal, Ranked) if cell.strip(BLANK_CHARACTERS) else None

    readers: dict[str, Converter] = {
        "integer": number,
        "number": number,
        "numeral": ranked,
        "boolean": BOOLEANS.get,
        "empty": lambda _: None,
        "date": lambda cell: cell if cell.strip(BLANK_CHARACTERS) else None,
    }
    return readers.get(kind, text)


def unguarded(cell: str) -> str:
    """Return a text without the apostrophe that `output.guarded` puts before it."""
    return cell[1:] if GUARDED_PATTERN.match(cell) else cell
