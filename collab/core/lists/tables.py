"""Tables as CSV (RFC 4180), with no cell that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ..text import times

CSV_TYPE = "text/csv"

#: What makes a spreadsheet take a cell for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Write rows as lines of CSV, in UTF-8."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(map(_cell, row) for row in rows)
    return buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    """Return a cell: times as RFC 3339, texts in a form that no spreadsheet calculates."""
    if isinstance(value, datetime):
        return times.write(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
