"""Searches in the language of SQLite's FTS5.

The index is a virtual table that triggers keep in step with the tables it covers. It has their
texts as words, which the function `search_words` of each connection makes of them: a connection
without it can't write into these tables. The column `scope` has words that no search can name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import text

from ...extensions import db
from ..words.asked import Asked, in_fts5

#: What a word weighs in each column of the index, for BM25; the scope weighs nothing.
COLUMN_WEIGHTS = (0.0, 8.0, 1.0, 2.0)


def match(asked: Asked, kind: str, scopes: Iterable[str] | None) -> str:
    """Return a search as FTS5 reads it, cut to a kind and places."""
    return within(in_fts5(asked), kind, scopes)


def within(query: str, kind: str, scopes: Iterable[str] | None) -> str:
    """Cut an expression to rows of a kind that are seen from any of some places; None: all."""
    places = [kind] if scopes is None else [kind + place for place in scopes]
    return f"scope : ({' OR '.join(places)}) AND ({query})"


def rebuild(touches: Iterable[str]) -> None:
    """Rebuild the index by changing each row into what it is.

    It may be damaged, so its own parts are created again first, and then emptied.
    """
    db.session.execute(text("INSERT INTO search_index (search_index) VALUES ('rebuild')"))
    db.session.execute(text("DELETE FROM search_index"))
    for touch in touches:
        db.session.execute(text(touch))


def merge(pages: int) -> bool:
    """Let the index forget the words of deleted rows, a part at a time; returns whether it did."""
    driver: Any = db.session.connection().connection.dbapi_connection
    before = driver.total_changes
    # Of a negative number of pages all segments are merged into one (SQLite's FTS5, §6.8).
    driver.execute("INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)", (-pages,))
    return bool(driver.total_changes - before > 1)
