"""Giving somebody all that is kept of them: a zip with JSON of each kind, and their files.

It is made when it is asked for and kept nowhere: a file on the server's disk that nobody but the
answer has a name for. Memory holds a row at a time.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Generator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO, Any

from sqlalchemy import text

from ...auth.models import User
from ...core.json import dumps
from ...core.personal.declared import EXPORTING, KEPT, Subject
from ...core.slots import setting
from ...core.storage.disk import require_free
from ...core.storage.lent import LentFile
from ...extensions import db
from .in_hand import EXPORTS

#: Rows that are fetched at a time.
ROWS_AT_ONCE = 200
#: Bytes that are copied at a time.
PIECE_BYTES = 256 * 1024


def export(user: User) -> LentFile:
    """Return somebody's export, from its beginning; raises DiskFull, TooManyRequests."""
    whom, exports = Subject(user.id, user.email, user.name), EXPORTS.here()
    exports.begin(whom.id)
    with ExitStack() as stack:
        stack.callback(exports.end, whom.id)
        file = _made(whom)
        return LentFile(file, stack.pop_all().close)


def _made(whom: Subject) -> IO[bytes]:
    file = tempfile.TemporaryFile(dir=setting("INSTANCE_PATH"))  # noqa: SIM115 (the answer's)
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, queries in _kinds().items():
                with archive.open(f"{name}.json", "w", force_zip64=True) as target:
                    _write(target, queries, whom)
            _add_files(archive, whom)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _kinds() -> dict[str, list[tuple[str, frozenset[str]]]]:
    """Return the queries for each kind, with the columns that are not shown."""
    found: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for table in KEPT.here().values():
        for person in table.people:
            if person.export is not None:
                query = f"SELECT * FROM {table.table} WHERE {person.condition}"  # noqa: S608
                found.setdefault(person.export, []).append((query, frozenset(table.unshown)))
    return found


def _write(target: IO[bytes], queries: list[tuple[str, frozenset[str]]], whom: Subject) -> None:
    before, unchecked = b"[", 0
    for query, unshown in queries:
        # Closed here: what fails in between would leave a cursor open in PostgreSQL.
        with closing(_rows(query, whom)) as rows:
            for row in rows:
                shown = {name: _said(value) for name, value in row.items() if name not in unshown}
                unchecked += target.write(before + b"\n" + dumps(shown))
                before = b","
                if unchecked >= PIECE_BYTES:
                    require_free(unchecked)
                    unchecked = 0
    target.write((before if before == b"[" else b"") + b"\n]\n")


def _rows(query: str, whom: Subject) -> Generator[dict[str, Any], None, None]:
    statement = text(query).execution_options(yield_per=ROWS_AT_ONCE)
    with db.session.connection().execute(statement, vars(whom)) as result:
        yield from (dict(row._mapping) for row in result)


def _said(value: Any) -> Any:
    """Return a value as JSON can have it; bytes are in files, or are no one's to read."""
    return None if isinstance(value, bytes) else value


def _add_files(archive: zipfile.ZipFile, whom: Subject) -> None:
    for callback in EXPORTING:
        for name, path in callback(whom):
            _add_file(archive, f"files/{name}", path)


def _add_file(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    try:
        source = path.open("rb")
    except FileNotFoundError:  # deleted meanwhile
        return
    with source, archive.open(name, "w", force_zip64=True) as target:
        while piece := source.read(PIECE_BYTES):
            require_free(len(piece))
            target.write(piece)
