"""The steps in order: filter, profile, group and aggregate, sort, limit."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from .errors import TableError, quoted, unknown_column
from .filters import Filter
from .groups import Groups
from .memory import Memory
from .output.text import Sink
from .profile import Profile
from .sorting import columns_of, first, sort_key
from .table import Table
from .values import Row

Progress = Callable[[float, str], None]
#: Opens a file for rows, from the names of their columns and the requested types.
Opener = Callable[[list[str], dict[str, str]], Sink]

DEFAULT_ROW_LIMIT = 100
#: Bytes of JSON that a result's rows and profile may take together, and the profile alone; a job's
#: result may have 1 MiB. Past these, fewer are shown.
RESULT_BYTES = 1000 * 1024
PROFILE_BYTES = 640 * 1024
#: Bytes of JSON that the types of columns may take, and the number of sentences on how they were
#: read, each of about 400 bytes.
TYPES_BYTES = 96 * 1024
NOTES_BYTES = 20 * 1024
MAX_NOTES = 20
#: Bytes of memory for a row that is kept to be sorted, and for each of its cells.
BYTES_PER_ROW = 300
BYTES_PER_CELL = 80
#: Rows between two progress reports.
LOOK_EVERY = 50
PROGRESS_STEP = 0.01
#: The progress of a run when all rows are read.
PROGRESS_WHEN_READ = 0.95


class Query:
    """One run over one table, as a payload asks for it."""

    def __init__(self, payload: dict[str, Any], progress: Progress, memory: Memory) -> None:
        self._filter = Filter(payload.get("filter") or ())
        self._types: dict[str, str] = payload.get("types") or {}
        self._sort: list[str] = payload.get("sort") or []
        self._limit: int = payload.get("limit") or DEFAULT_ROW_LIMIT
        self._groups = _groups(payload, memory)
        self._profile = Profile() if wants_profile(payload) else None
        self._progress, self._memory = progress, memory
        self._source_rows = self._matched_rows = self._row_count = 0

    def run(self, table: Table, opener: Opener | None = None) -> dict[str, Any]:
        """Return the result; raises TableError. `opener` opens a file for all rows."""
        if table.complete:
            self._require_columns(table)
        output = self._counted(self._output(self._matched(self._read(table))))
        if opener is None:
            kept = first(self._limit, output, self._sort)
        else:
            kept = self._written(output, self._sink(table, opener))
        # For JSON, whose columns are known by now; an empty table has none to compare with.
        if self._source_rows:
            self._require_columns(table)
        self._require_comparable(table)
        result = self._result(kept, table)
        self._progress(1.0, f"{self._source_rows:,} rows read")
        return result

    def _require_columns(self, table: Table) -> None:
        """Refuse columns that the table does not have; JSON shows only at its end which it has."""
        grouped = self._groups.source_columns if self._groups else []
        _require([*self._types, *self._filter.columns, *grouped], table.columns)
        _require(columns_of(self._sort), self._groups.names if self._groups else table.columns)

    def _require_comparable(self, table: Table) -> None:
        """Refuse to look for text in columns of a file that were read as something else."""
        types = table.types() if table.converted else {}
        for column, wanted in self._filter.texts.items():
            kind = types.get(column)
            if kind in ("integer", "number", "boolean"):
                raise TableError(
                    "wrong_type",
                    f"Column {quoted(column)} was read as {kind}, and {quoted(wanted)} is text, "
                    "which matches nothing in it. Leave out the quotation marks, or read the "
                    f'column as text: "types": {{{quoted(column)}: "text"}}.',
                )

    def _sink(self, table: Table, opener: Opener) -> Sink:
        names = self._groups.names if self._groups else list(table.columns)
        return opener(names, self._types)

    def _written(self, rows: Iterator[Row], sink: Sink) -> list[Row]:
        """Write all rows, and return the first of them."""
        kept: list[Row] = []
        try:
            for row in self._sorted(rows):
                sink.write(row)
                if len(kept) < self._limit:
                    kept.append(row)
        # Also if the run is stopped: half a file must not look like a result.
        except BaseException:
            sink.abandon()
            raise
        sink.close()
        return kept

    def _sorted(self, rows: Iterator[Row]) -> Iterable[Row]:
        if not self._sort:
            return rows
        return sorted(held(rows, self._memory), key=sort_key(self._sort))

    def _read(self, table: Table) -> Iterator[Row]:
        told = 0.0
        for row in table.rows:
            self._source_rows += 1
            if self._source_rows % LOOK_EVERY == 0:
                fraction = PROGRESS_WHEN_READ * table.origin.fraction
                if fraction >= told + PROGRESS_STEP:
                    told = fraction
                    self._progress(fraction, f"{self._source_rows:,} rows read")
            yield row

    def _matched(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in filter(self._filter.holds, rows):
            self._matched_rows += 1
            if self._profile:
                self._profile.add(row)
            yield row

    def _output(self, rows: Iterator[Row]) -> Iterator[Row]:
        if self._groups is None:
            return rows
        self._groups.add(rows)
        return self._groups.rows()

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self._row_count += 1
            yield row

    def _result(self, kept: list[Row], table: Table) -> dict[str, Any]:
        columns = list(table.columns)
        types, spent = described_types(table.types())
        profile = self._profile.described(columns) if self._profile else ()
        described, used = fitting(profile, PROFILE_BYTES)
        names = self._groups.names if self._groups else columns
        whole = ({name: row.get(name) for name in names} for row in kept)
        rows, _ = fitting(whole, RESULT_BYTES - used - spent)
        result: dict[str, Any] = {
            "rows": rows,
            "row_count": self._row_count,
            "truncated": len(rows) < self._row_count,
            "source_rows": self._source_rows,
            "matched_rows": self._matched_rows,
            "types": types,
            "notes": table.notes()[:MAX_NOTES],
        }
        if self._profile:
            result["columns"] = described
            result["columns_truncated"] = len(described) < len(columns)
        return result


def described_types(types: dict[str, str]) -> tuple[dict[str, str], int]:
    """Return what columns were read as, the first if there are many, and its size in bytes."""
    items, used = fitting(({name: kind} for name, kind in types.items()), TYPES_BYTES)
    return {name: kind for item in items for name, kind in item.items()}, used + NOTES_BYTES


def held(rows: Iterable[Row], memory: Memory) -> Iterator[Row]:
    """Yield rows that the caller keeps in memory; raises TableError if that takes too much."""
    for row in rows:
        # Python keeps up to four bytes for each character of a text.
        letters = sum(4 * len(value) for value in row.values() if isinstance(value, str))
        memory.take(BYTES_PER_ROW + BYTES_PER_CELL * len(row) + letters)
        yield row


def _require(wanted: Iterable[str], columns: Collection[str]) -> None:
    for name in wanted:
        if name not in columns:
            raise unknown_column(name, columns)


def wants_profile(payload: dict[str, Any]) -> bool:
    """Return whether to profile the columns: as requested, or if there is nothing else to do."""
    steps = ("filter", "group_by", "aggregate", "sort")
    asked = payload.get("profile")
    return not any(payload.get(step) for step in steps) if asked is None else bool(asked)


def _groups(payload: dict[str, Any], memory: Memory) -> Groups | None:
    columns, aggregates = payload.get("group_by") or [], payload.get("aggregate") or []
    return Groups(columns, aggregates, memory) if columns or aggregates else None


def fitting(items: Iterable[dict[str, Any]], room: int) -> tuple[list[dict[str, Any]], int]:
    """Return the first items whose JSON fits into some bytes, and the bytes that it takes."""
    fit, used = [], 0
    for item in items:
        # As the standard library writes it, with a space after each comma and colon.
        size = len(json.dumps(item, ensure_ascii=False).encode()) + 2
        if used + size > room:
            break
        used += size
        fit.append(item)
    return fit, used
