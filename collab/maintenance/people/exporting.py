"""Exporting all that is kept about somebody: a zip with JSON of each kind, and their files.

A job makes it (`job_types.py`), and `keeping.py` keeps it on the disk. Memory holds a row at a
time.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from sqlalchemy import text

from ...core.json import dumps
from ...core.personal.declared import EXPORTING, KEPT, Subject
from ...core.storage.disk import require_free
from ...extensions import db
from ...frozen import frozen
from ...jobs.context import JobContext

#: Rows that are fetched at a time.
ROWS_AT_ONCE = 200
#: Bytes that are copied at a time.
PIECE_BYTES = 256 * 1024


#: Raises if there is no point in going on.
Check = Callable[[], None]


@frozen
class Counts:
    """What is in an export."""

    #: Rows of each kind.
    rows: dict[str, int]
    files: int


def write(file: IO[bytes], whom: Subject, ctx: JobContext) -> Counts:
    """Write somebody's export, kind by kind; raises DiskFull, Stopped.

    Each kind has its own transaction: a longer one would keep the database's log from being
    emptied.
    """
    kinds, rows = _kinds(), dict[str, int]()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, queries) in enumerate(kinds.items()):
            ctx.progress(number / (len(kinds) + 1), name.replace("_", " "))
            with archive.open(f"{name}.json", "w", force_zip64=True) as target:
                rows[name] = _write(target, queries, whom, ctx.check)
            db.session.rollback()
        ctx.progress(len(kinds) / (len(kinds) + 1), "the files themselves")
        return Counts(rows, _add_files(archive, whom, ctx.check))


def _kinds() -> dict[str, list[tuple[str, frozenset[str]]]]:
    """Return the queries for each kind, with the columns that are not shown."""
    found: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for table in KEPT.here().values():
        for person in table.people:
            if person.export is not None:
                query = f"SELECT * FROM {table.table} WHERE {person.condition}"  # noqa: S608
                found.setdefault(person.export, []).append((query, frozenset(table.unshown)))
    return found


def _write(
    target: IO[bytes], queries: list[tuple[str, frozenset[str]]], whom: Subject, check: Check
) -> int:
    """Write the rows of a kind, and return how many there are."""
    count, unchecked = 0, 0
    for query, unshown in queries:
        # Closed here: a failure in between would leave a cursor open in PostgreSQL.
        with closing(_rows(query, whom)) as rows:
            for row in rows:
                shown = {name: _said(value) for name, value in row.items() if name not in unshown}
                check()
                unchecked += target.write((b",\n" if count else b"[\n") + dumps(shown))
                count += 1
                if unchecked >= PIECE_BYTES:
                    require_free(unchecked)
                    unchecked = 0
    target.write(b"\n]\n" if count else b"[\n]\n")
    return count


def _rows(query: str, whom: Subject) -> Generator[dict[str, Any], None, None]:
    statement = text(query).execution_options(yield_per=ROWS_AT_ONCE)
    with db.session.connection().execute(statement, vars(whom)) as result:
        yield from (dict(row._mapping) for row in result)


def _said(value: Any) -> Any:
    """Return a value in a form that JSON has; bytes are in files, or nobody may read them."""
    return None if isinstance(value, bytes) else value


def _add_files(archive: zipfile.ZipFile, whom: Subject, check: Check) -> int:
    """Add somebody's files, and return how many there are."""
    found = (one for callback in EXPORTING for one in callback(whom))
    return sum(_add_file(archive, f"files/{name}", path, check) for name, path in found)


def _add_file(archive: zipfile.ZipFile, name: str, path: Path, check: Check) -> bool:
    """Add a file, and return whether it was still there."""
    try:
        source = path.open("rb")
    except FileNotFoundError:  # deleted meanwhile
        return False
    with source, archive.open(name, "w", force_zip64=True) as target:
        while piece := source.read(PIECE_BYTES):
            check()
            require_free(len(piece))
            target.write(piece)
    return True
