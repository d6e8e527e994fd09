"""The full-text index: what can be found, and finding rows by it.

The index is one table, `search_index`, that triggers keep in step with the tables it covers, so no
write can miss it: bulk changes and cascades included. It holds their texts as words
(`words/splitting.py`). A row's id is that of what it stands for, times 8, plus the kind's number.
Besides words it holds places that no search can name: the kind (`task`), and the kind with each
place from which it can be seen (`taskp7` a project, `tasku3` a person, `postpublic`, `taskadmin`).
They restrict a search to what the caller may see before anything is ranked; code that shows a row
still checks the caller's right against the tables.

Each kind of database has a language of its own for searches (`fts5.py`, `tsearch.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Any

from flask import Flask
from sqlalchemy import Select, column, func, literal, literal_column, null, select, table

from ...extensions import db
from ...frozen import frozen
from ..database import engine
from ..slots import Registry
from ..words.asked import Asked, read
from . import fts5, tsearch
from .conditions import Begins, Matches, Relevance
from .ranking import Ranking as Ranking
from .ranking import Scoring as Scoring

#: A row's id in the index is the id of what it stands for, times this, plus its kind's number.
KEY_STRIDE = 8

SEARCH_INDEX = table("search_index", column("rowid"))

#: Places that a search names at most; with more, checking each matching row is faster.
MAX_SCOPES = 100

#: The languages of searches, by the kind of database.
LANGUAGES: dict[str, Any] = {"sqlite": fts5, "postgresql": tsearch}


@frozen
class Kind:
    """A kind of rows that can be found; triggers in a migration put them into the index."""

    name: str
    #: Its number in the triggers, less than KEY_STRIDE.
    number: int
    title: Any = field(compare=False)
    changed: Any = field(compare=False)
    #: Where its rows are in the API, below the base path.
    path: str
    #: Return the condition for the rows that a person, or an admin, may read according to the
    #: tables.
    readable: Callable[[Any, Any, bool], Any] = field(compare=False)
    #: The text of a row, besides its title.
    body: Any = field(compare=False, default_factory=lambda: literal(""))

    @property
    def model(self) -> Any:
        """Return the class of its rows."""
        return self.title.class_

    @property
    def project_id(self) -> Any:
        """Return the column that says which project a row is in; NULL if no row is ever in one."""
        return getattr(self.model, "project_id", null())

    @property
    def touch(self) -> str:
        """Return an update that changes nothing, but makes the triggers index each row again."""
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


def match(asked: Asked, kind: str, scopes: Iterable[str] | None) -> str:
    """Return the expression of a search for rows of a kind that are seen from any of some places.

    Without places (None) it is not restricted. The search must want some word.
    """
    found: str = _language().match(asked, kind, scopes)
    return found


def scoring(asked: Asked, candidates: int) -> Scoring:
    """Return how the matches of a search are to be scored, if a kind may have so many.

    The search must want something.
    """
    found: Scoring = _language().scoring(asked, candidates)
    return found


def in_titles(asked: Asked, kind: str, scopes: Iterable[str] | None) -> str:
    """Return the expression of a search in titles, for Ranking.TITLES."""
    found: str = _language().in_titles(asked, kind, scopes)
    return found


def _language() -> Any:
    return LANGUAGES[engine().name]


def matches(expression: Any) -> Any:
    """Return the condition that a row of the index matches an expression."""
    return Matches(expression)


def begins(words: Any) -> Any:
    """Return the condition that words of a row of the index begin like these (`Scoring.begun`)."""
    return Begins(words)


def key() -> Any:
    """Return the id of what a row of the index stands for."""
    return SEARCH_INDEX.c.rowid.op("/")(literal_column(str(KEY_STRIDE)))  # of whole numbers


def number() -> Any:
    """Return the number of the kind of what a row of the index stands for."""
    return SEARCH_INDEX.c.rowid.op("%")(literal_column(str(KEY_STRIDE)))


def ids(kind: str, text: str, scopes: Iterable[str] | None) -> Select[Any] | None:
    """Return the ids of one kind that match a search, as a subquery; None if it has no word."""
    asked = read(text)
    if not asked.wanted:
        return None
    return select(key().label("id")).where(matches(match(asked, kind, scopes)))


def relevance(expression: Any) -> Any:
    """Return a row's score for an expression: the best has the lowest. Compute it for few rows."""
    return Relevance(expression)


def rebuild() -> int:
    """Rebuild the index from the tables, within the transaction; returns its rows."""
    _language().rebuild(kind.touch for kind in KINDS.here().values())
    engine().derive(db.session.connection())
    return db.session.scalar(select(func.count()).select_from(SEARCH_INDEX)) or 0


def merge(pages: int) -> bool:
    """Remove the words of deleted rows from the index; returns whether there may be more to do."""
    changed: bool = _language().merge(pages)
    return changed
