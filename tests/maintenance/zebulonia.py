"""Somebody who has something of everything, and where anything of her is found."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

from collab.core.words.folding import fold

from ..support import databases

NAME = "Zebulonia Quaggamire"
EMAIL = "zebulonia.quaggamire@example.com"
AGENT = "Quaggabrowser/7.7"
#: What only she ever wrote, and nothing of it in a project.
MARKS = (
    *("zebulonia", "quaggamire", "quaggabrowser"),
    *("plumbiferous", "xanthocarpous", "mirabilifolious", "vexillological", "ombrophobous"),
)


def contents(path: Path) -> bytes:
    """Return what is in a file; of an archive what is in its members, which are packed there."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def traces(folder: Path) -> list[str]:
    """Return where anything of her is found, in any file of the instance."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = contents(path).lower()
            found += [f"{path.name}: {mark}" for mark in MARKS if mark.encode() in data]
    if databases.server():
        rows = databases.dump(folder).lower()
        found += [f"rows: {mark}" for mark in MARKS if mark in rows or mark.encode().hex() in rows]
    return found


def words(folder: Path) -> set[str]:
    """Return her words in the search index, which keeps words without what they begin alike."""
    if databases.server():
        with closing(databases.opened(folder)) as index:
            rows = str(index.execute("SELECT words, vector::text FROM search_index").fetchall())
        return {mark for mark in MARKS if fold(mark) in rows}
    with closing(sqlite3.connect(folder / "collab.db")) as database:
        database.execute(
            "CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, search_index, 'row')"
        )
        terms = {term for (term,) in database.execute("SELECT term FROM terms")}
    return {term for term in terms if any(term.startswith(fold(mark)) for mark in MARKS)}
