"""From the payload to the result."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from .csv_reader import read_csv
from .errors import TableError
from .json_reader import read_json, read_json_lines
from .memory import Memory
from .query import Progress, Query
from .source import first_letter
from .table import Table, of_rows

BY_NAME = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


def process(payload: dict[str, Any], path: Path | None, progress: Progress) -> dict[str, Any]:
    """Return the result of a `data_processing` payload; raises TableError.

    `path` is the uploaded file, whose name is in `name`; without it, the rows are in the payload.
    """
    try:
        table = of_rows(payload["rows"]) if path is None else opened(payload, path)
        with closing(table.origin):
            return Query(payload, progress, Memory()).run(table)
    except MemoryError:
        message = "This needs more memory than there is: use a filter, or a smaller file."
        raise TableError("too_much_memory", message) from None


def opened(payload: dict[str, Any], path: Path) -> Table:
    """Return a file as a table, in the format that was named or that it seems to have."""
    kind = payload.get("format") or guess_format(payload.get("name") or "", path)
    if kind == "csv":
        return read_csv(path, payload.get("delimiter"))
    return read_json(path) if kind == "json" else read_json_lines(path)


def guess_format(name: str, path: Path) -> str:
    """Return the format by the name's ending, else by the first character."""
    by_name = BY_NAME.get(Path(name).suffix.lower())
    return by_name or {"[": "json", "{": "jsonl"}.get(first_letter(path), "csv")
