"""CSV and JSON, written as the rows come."""

from __future__ import annotations

import csv
import io
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from ..cells.numerals import Numeral
from ..errors import TableError
from ..values import Row, Value

#: Bytes of a file that a job may leave (`jobs.handlers.conversation.MAX_OUTPUT_FILE_BYTES`).
MAX_FILE_BYTES = 5 * 2**20
#: What makes a spreadsheet read a text as a formula, after any apostrophes that guard it.
FORMULA_PATTERN = re.compile(r"'*[=+\-@\t\r]")


class Sink(ABC):
    """Takes rows, and makes a file from them."""

    @abstractmethod
    def write(self, row: Row) -> None:
        """Take a row; raises TableError when the file is too large, or can't hold it."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file; raises TableError when it is too large."""

    @abstractmethod
    def abandon(self) -> None:
        """Close a file that will not be finished."""


def check_size(size: int) -> None:
    """Refuse a file that the job could not keep."""
    if size > MAX_FILE_BYTES:
        raise TableError(
            "output_too_large",
            f"The file would have more than {MAX_FILE_BYTES // 2**20} MiB: filter the rows, or "
            "group them.",
        )


def guarded(text: str) -> str:
    """Return a text that no spreadsheet calculates; reading removes the apostrophe again."""
    harmless = isinstance(text, Numeral) or not FORMULA_PATTERN.match(text)
    return text if harmless else f"'{text}"


def _cell(value: Value) -> str:
    if isinstance(value, str):
        return guarded(value)
    return "" if value is None else json.dumps(value)


class CsvSink(Sink):
    """RFC 4180, in UTF-8: null is an empty cell, numbers and booleans are as in JSON."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._names = names
        self._file = path.open("w", encoding="utf-8", newline="")
        self._line = io.StringIO()
        self._writer = csv.writer(self._line, lineterminator="\r\n")
        self._size = 0
        self._put([guarded(name) for name in names])

    def write(self, row: Row) -> None:
        """Take a row."""
        self._put([_cell(row.get(name)) for name in self._names])

    def _put(self, cells: list[str]) -> None:
        self._writer.writerow(cells)
        line = self._line.getvalue()
        self._line.seek(0)
        self._line.truncate()
        self._size += len(line.encode())
        check_size(self._size)
        self._file.write(line)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    abandon = close


class JsonSink(Sink):
    """An array with an object on each line."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._names = names
        self._file = path.open("wb")
        self._file.write(b"[")
        self._between = b"\n"

    def write(self, row: Row) -> None:
        """Take a row."""
        whole = {name: row.get(name) for name in self._names}
        self._file.write(self._between + json.dumps(whole, ensure_ascii=False).encode())
        self._between = b",\n"
        check_size(self._file.tell())

    def close(self) -> None:
        """Finish the file."""
        self._file.write(b"\n]\n")
        self._file.close()

    def abandon(self) -> None:
        """Close the file."""
        self._file.close()
