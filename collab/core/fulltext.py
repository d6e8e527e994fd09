"""The full-text index (SQLite FTS5): what a search may say, and finding rows by it.

The index is one table, `search_index`, that triggers keep in step with the tables it covers, so
no write can miss it: bulk changes and cascades included. It has their texts as words
(`words/splitting.py`), which the function `search_words` of each connection makes of them: a
connection without it can't write into these tables. A row's id is that of what it stands for,
times 8, plus the kind's number. The column `scope` has words that no search can name: the kind
(`task`), and the kind with each place from where it is seen (`taskp7` a project, `tasku3` a person,
`postpublic`, `taskadmin`). They cut a search to what the caller may see before anything is ranked;
whoever shows a row checks their right against the tables all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import (
    Select,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    table,
    text,
)

from ..extensions import db
from .slots import Registry
from .words.asked import expression

#: A row's id in the index is the id of what it stands for, times this, plus its kind's number.
KEY_STRIDE = 8

SEARCH_INDEX = table("search_index", column("rowid"))

#: Places that the index is asked for; with more, checking each matching row is faster.
MAX_SCOPES = 100

#: What a word weighs in each column of the index, for BM25; the scope weighs nothing.
WEIGHTS = (0.0, 8.0, 1.0, 2.0)


@dataclass(frozen=True)
class Kind:
    """A kind of rows that can be found; triggers in a migration put them into the index."""

    name: str
    #: Its number in the triggers, less than KEY_STRIDE.
    number: int
    title: Any = field(compare=False)
    changed: Any = field(compare=False)
    #: Where its rows are in the API, below the base path.
    path: str
    #: Return the condition for the rows that a person, or an admin, may read, by the tables.
    readable: Callable[[Any, Any, bool], Any] = field(compare=False)
    #: The text of a row, besides its title.
    body: Any = field(compare=False, default_factory=lambda: literal(""))

    @property
    def model(self) -> Any:
        """Return the class of its rows."""
        return self.title.class_

    @property
    def project_id(self) -> Any:
        """Return the column that says in which project a row is, NULL if none ever is."""
        return getattr(self.model, "project_id", null())

    @property
    def touch(self) -> str:
        """Return a change that changes nothing, but lets the triggers index each row again."""
        # Not through the model, which would move `updated_at`.
        return f"UPDATE {self.model.__tablename__} SET {self.title.key} = {self.title.key}"  # noqa: S608

    def rowid(self, key: int) -> int:
        """Return the row of the index that stands for one of its rows."""
        return key * KEY_STRIDE + self.number


#: The kinds that an application's packages have registered, by name.
KINDS: Registry[dict[str, Kind]] = Registry("kinds that can be found", lambda _: {})


def register(app: Flask, kind: Kind) -> None:
    """Let rows of a kind be found; raises ValueError for a name or a number that is taken."""
    kinds = KINDS.of(app)
    if kind.name in kinds or kind.number in {one.number for one in kinds.values()}:
        raise ValueError(f"{kind.name!r} or its number {kind.number} is taken")
    if not 0 < kind.number < KEY_STRIDE:
        raise ValueError(f"{kind.number} is not between 0 and {KEY_STRIDE}")
    kinds[kind.name] = kind


def within(query: str, kind: str, scopes: Iterable[str] | None) -> str:
    """Cut an expression to rows of a kind that are seen from any of some places; None: all."""
    places = [kind] if scopes is None else [kind + place for place in scopes]
    return f"scope : ({' OR '.join(places)}) AND ({query})"


def matches(query: Any) -> Any:
    """Return the condition that a row of the index matches an expression."""
    return literal_column("search_index").op("MATCH")(query)


def key() -> Any:
    """Return the id of what a row of the index stands for."""
    return SEARCH_INDEX.c.rowid.op("/")(literal_column(str(KEY_STRIDE)))  # of whole numbers


def ids(kind: str, text: str, scopes: Iterable[str] | None) -> Select[Any] | None:
    """Return the ids of one kind that match a search, as a subquery; None if it has no word."""
    query = expression(text)
    if not query:
        return None
    return select(key().label("id")).where(matches(within(query, kind, scopes)))


def relevance() -> Any:
    """Return a row's score by BM25: the best match has the lowest. Compute it for few rows."""
    return func.bm25(literal_column("search_index"), *WEIGHTS)


def rebuild() -> int:
    """Rebuild the index from the tables, within the transaction; returns its rows.

    It may be damaged, so its own parts are created again first, and then emptied.
    """
    db.session.execute(text("INSERT INTO search_index (search_index) VALUES ('rebuild')"))
    db.session.execute(text("DELETE FROM search_index"))
    for kind in KINDS.here().values():
        db.session.execute(text(kind.touch))
    return db.session.scalar(select(func.count()).select_from(SEARCH_INDEX)) or 0
