"""From the payload to the result."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from .csv_reader import read_csv
from .errors import TableError
from .json_reader import read_json, read_json_lines
from .memory import Memory
from .output import FORMATS
from .query import Progress, Query
from .source import first_letter
from .table import Table, of_rows

BY_NAME = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xlsx",
}
#: How workbooks begin, including old ones: for those, the reader says what they are.
WORKBOOK_SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def process(
    payload: dict[str, Any], path: Path | None, progress: Progress, output: Path | None = None
) -> dict[str, Any]:
    """Return the result of a `data_processing` payload; raises TableError.

    `path` is the uploaded file, whose name is in `name`; without it, the rows are in the payload.
    `output` is where the payload's `output` is written.
    """
    try:
        with ExitStack() as held:
            table = _opened(payload, path, held)
            query = Query(payload, progress, Memory())
            if output is None or not payload.get("output"):
                return query.run(table)
            if not table.complete:
                table = _again(table, payload, path, held)
            return query.run(table, partial(FORMATS[payload["output"]].open, output))
    except MemoryError:
        message = "This needs more memory than there is: use a filter, or a smaller file."
        raise TableError("too_much_memory", message) from None


def _opened(payload: dict[str, Any], path: Path | None, held: ExitStack) -> Table:
    table = of_rows(payload["rows"], payload) if path is None else opened(payload, path)
    held.callback(table.origin.close)
    return table


def _again(table: Table, payload: dict[str, Any], path: Path | None, held: ExitStack) -> Table:
    """Read a table once for its columns, with which a file begins; return it to be read again."""
    deque(table.rows, maxlen=0)
    again = _opened(payload, path, held)
    again.columns.update(table.columns)
    return replace(again, complete=True)


def opened(payload: dict[str, Any], path: Path) -> Table:
    """Return a file as a table, in the named format or the one that it seems to have."""
    kind = payload.get("format") or guess_format(payload.get("name") or "", path)
    if kind == "csv":
        return read_csv(path, payload)
    if kind == "xlsx":
        from .xlsx.reading import read_xlsx  # imports openpyxl, which is slow

        return read_xlsx(path, payload)
    return read_json(path, payload) if kind == "json" else read_json_lines(path, payload)


def guess_format(name: str, path: Path) -> str:
    """Return the format by the name's ending, otherwise by how the file begins."""
    by_name = BY_NAME.get(Path(name).suffix.lower())
    if by_name == "csv" or by_name is None:
        with path.open("rb") as file:
            if file.read(4) in WORKBOOK_SIGNATURES:
                return "xlsx"
    return by_name or {"[": "json", "{": "jsonl"}.get(first_letter(path), "csv")
