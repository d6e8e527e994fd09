"""Searching: candidates by the index, rights by the tables, ranked, and cut to a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, case, literal, literal_column, select, union_all
from sqlalchemy.orm import aliased

from ..core import fulltext
from ..core.fulltext import INDEX
from ..core.http.caller import Caller
from ..core.http.pages import Page, decode, encode
from ..core.http.paths import BASE
from ..extensions import db
from ..projects import access
from ..projects.models import Project
from .kinds import KINDS, Kind
from .marks import CLOSE, OPEN, marked

#: Of each kind so many of the newest matches are ranked, so that a search costs much the same
#: however much there is.
CANDIDATES = 1000

#: Words of an excerpt, and characters, since a word may be long.
WORDS, CHARACTERS = 24, 400

SORT = "relevance"
OFFSET = literal_column("0", Integer)


class Result(NamedTuple):
    """Something found, as it is shown."""

    type: str
    id: int
    title: str
    url: str
    project_id: int | None
    project_name: str | None
    excerpt: dict[str, str]
    updated_at: datetime


def find(
    caller: Caller,
    *,
    q: str,
    type: Sequence[str],
    project_id: int | None,
    limit: int,
    cursor: str | None,
) -> Page:
    """Return a page of what matches and the caller may read, the best first.

    Raises NotFound for a project that he may not read, Malformed for a cursor of another list.
    """
    offset = decode(cursor, SORT, OFFSET)[0] if cursor else 0
    search = Search(caller, fulltext.expression(q), project_id)
    if not search.query:
        return Page([], None)
    ranked = search.ranked([KINDS[name] for name in type or KINDS], offset, limit + 1)
    more = len(ranked) > limit
    return Page(search.shown(ranked[:limit]), encode(SORT, offset + limit, 0) if more else None)


class Search:
    """A search of somebody's, in all that he may read or in one project."""

    def __init__(self, caller: Caller, query: str, project_id: int | None) -> None:
        self.caller, self.query, self.project_id = caller, query, project_id
        if project_id is not None:
            access.load(Project, project_id, caller)
        self.scopes = self._scopes()

    def _scopes(self) -> list[str] | None:
        """Return the places to look in, as the index names them; None for too many."""
        if self.project_id is not None:
            return [f"p{self.project_id}"]
        general = ["public", f"u{self.caller.user_id}"]
        if self.caller.is_admin:
            return [*general, "admin"]
        some = access.projects_of(self.caller).limit(fulltext.MOST_SCOPES + 1)
        projects = db.session.scalars(some).all()
        if len(projects) > fulltext.MOST_SCOPES:
            return None
        return [*general, *(f"p{key}" for key in projects)]

    def _matches(self, kind: Kind) -> Any:
        return fulltext.matches(fulltext.within(self.query, kind.name, self.scopes))

    def _readable(self, kind: Kind) -> Any:
        """Return the condition for what may be shown, by the tables as they are now.

        The index is a hint where to look; this decides. In a CASE, because no index of the table
        is to be taken for it: the planner has to begin with the matches.
        """
        condition = kind.readable(kind.model, self.caller)
        if self.project_id is not None:
            condition &= kind.project_id == self.project_id
        return case((condition, 1), else_=0) == 1

    def ranked(self, kinds: Sequence[Kind], offset: int, count: int) -> Sequence[Any]:
        """Return the type and id of the best among the candidates, behind `offset` of them."""
        found = union_all(*(select(self._candidates(kind).subquery()) for kind in kinds)).subquery()
        best = (found.c.score, found.c.at.desc(), found.c.type, found.c.id.desc())
        query = select(found.c.type, found.c.id).order_by(*best).limit(count).offset(offset)
        return db.session.execute(query).all()

    def _candidates(self, kind: Kind) -> Select[Any]:
        model = kind.model
        shown = (
            literal(kind.name).label("type"),
            model.id.label("id"),
            fulltext.relevance().label("score"),
            kind.changed.label("at"),
        )
        query = select(*shown).select_from(INDEX).join(model, model.id == fulltext.key())
        query = query.where(
            self._matches(kind),
            self._readable(kind),
        )
        return query.order_by(INDEX.c.rowid.desc()).limit(CANDIDATES)

    def shown(self, ranked: Sequence[Any]) -> list[Result]:
        """Return results in the order given, without what can't be read any more."""
        found: dict[tuple[str, int], Result] = {}
        for name in {row.type for row in ranked}:
            keys = [row.id for row in ranked if row.type == name]
            found |= {(name, row.id): row for row in self._results(KINDS[name], keys)}
        return [found[row.type, row.id] for row in ranked if (row.type, row.id) in found]

    def _results(self, kind: Kind, keys: Sequence[int]) -> list[Result]:
        model, home = kind.model, aliased(Project)
        shown = (
            model.id,
            kind.title,
            kind.project_id,
            home.name,
            kind.changed,
            fulltext.title(OPEN, CLOSE),
            fulltext.excerpt(OPEN, CLOSE, WORDS),
        )
        query = select(*shown).select_from(INDEX).join(model, model.id == fulltext.key())
        query = query.outerjoin(home, home.id == kind.project_id).where(
            self._matches(kind),
            fulltext.among(kind.name, keys),
            self._readable(kind),
        )
        return [_result(kind, *row) for row in db.session.execute(query)]


def _result(
    kind: Kind,
    key: int,
    title: str,
    project_id: int | None,
    project_name: str | None,
    changed: datetime,
    title_marked: str,
    text_marked: str,
) -> Result:
    excerpt = {
        "title_html": marked(title_marked, CHARACTERS),
        "text_html": marked(text_marked, CHARACTERS),
    }
    url = f"{BASE}/{kind.path}/{key}"
    return Result(kind.name, key, title, url, project_id, project_name, excerpt, changed)
