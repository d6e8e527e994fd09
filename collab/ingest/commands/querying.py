"""SQL over the archive, with the optional package duckdb."""

# ruff: noqa: S608  (the view is made from the archive's own names)

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: What has to be installed.
NEEDS_DUCKDB = (
    "ingest-sql needs the optional package duckdb: `.venv/bin/pip install 'duckdb>=2.0.1,<3'`."
)
NO_ARCHIVE = "There is no archive yet in {folder}: the first events create it."

#: The columns of a line of the archive.
ARCHIVE_COLUMNS = {
    "receipt": "VARCHAR",
    "source": "BIGINT",
    "received": "BIGINT",
    "format": "VARCHAR",
    "context": "JSON",
    "type": "VARCHAR",
    "event_id": "VARCHAR",
    "ts": "BIGINT",
    "user_id": "VARCHAR",
    "session_id": "VARCHAR",
    "event": "JSON",
    "payload": "VARCHAR",
}
#: Rows that are fetched at once.
ROWS_PER_FETCH = 1000


class CanNotAsk(Exception):
    """The query can't be answered; the message says why."""


def ask(folder: Path, query: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the columns' names, then the rows, some at a time; raises CanNotAsk.

    The view `events` has a row for each event received: the archive's columns, `project`, and
    `time` and `received_at` as times in UTC.
    """
    try:
        import duckdb
    except ImportError:
        raise CanNotAsk(NEEDS_DUCKDB) from None
    if not any(folder.glob("project-*/*/*.jsonl.gz")):
        raise CanNotAsk(NO_ARCHIVE.format(folder=folder))
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(_view(folder))
        found = connection.execute(query)
        yield [tuple(column[0] for column in found.description or ())]
        while rows := found.fetchmany(ROWS_PER_FETCH):
            yield rows
    except duckdb.Error as error:
        raise CanNotAsk(str(error)) from None
    finally:
        connection.close()


def _view(folder: Path) -> str:
    files = str(folder / "project-*" / "*" / "*.jsonl.gz").replace("'", "''")
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in ARCHIVE_COLUMNS.items())
    return (
        "CREATE VIEW events AS SELECT * EXCLUDE (filename), epoch_ms(ts) AS time,"
        " epoch_ms(received) AS received_at,"
        " CAST(regexp_extract(filename, 'project-(\\d+)', 1) AS BIGINT) AS project"
        f" FROM read_json('{files}', format = 'newline_delimited', columns = {{{columns}}},"
        " filename = true, maximum_object_size = 67108864)"
    )
