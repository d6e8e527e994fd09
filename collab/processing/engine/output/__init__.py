"""The whole result as a file: CSV, JSON or a workbook, as the payload's `output` says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .text import CsvSink, JsonSink, Sink

Opener = Callable[[Path, Sequence[str], Mapping[str, str]], Sink]


def _xlsx(path: Path, names: Sequence[str], types: Mapping[str, str]) -> Sink:
    from .workbook import XlsxSink  # openpyxl takes a tenth of a second, which few need

    return XlsxSink(path, names, types)


@dataclass(frozen=True)
class Format:
    """A file format: its media type, and what writes it."""

    content_type: str
    open: Opener


FORMATS: dict[str, Format] = {
    "csv": Format("text/csv; charset=utf-8", lambda path, names, _: CsvSink(path, names)),
    "json": Format("application/json", lambda path, names, _: JsonSink(path, names)),
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
}
