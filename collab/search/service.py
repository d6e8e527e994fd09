"""Searching: candidates by the index, rights by the tables, ranked, and cut to a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Integer, literal_column

from ..core import fulltext
from ..core.caller import Caller
from ..core.fulltext import KINDS, Kind, Ranking, Scoring
from ..core.links import BASE_PATH
from ..core.lists.paging import Page, decode, encode
from ..core.words import asked
from ..extensions import db
from ..projects import access
from ..projects.models import Project
from . import queries
from .excerpts import excerpt, whole
from .highlighting import marked

#: Characters of an excerpt, since a word may be long.
MAX_EXCERPT_CHARACTERS = 400

SORT_KEY = "relevance"
NO_OFFSET = literal_column("0", Integer)


class SearchResult(NamedTuple):
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
    """Return a page of what matches and the caller may read, best first.

    Raises NotFound for a project that they may not read, Malformed for a cursor of another list.
    """
    # An offset, since relevance is no key after which a next page could begin: each search computes
    # it.
    offset = decode(cursor, SORT_KEY, NO_OFFSET)[0] if cursor else 0
    search = Search(caller, q, project_id)
    if not search.terms:
        return Page([], None)
    kinds = tuple(kind for kind in KINDS.here().values() if not type or kind.name in type)
    ranked = search.ranked(kinds, offset, limit + 1)
    more = len(ranked) > limit
    return Page(search.shown(ranked[:limit]), encode(SORT_KEY, offset + limit, 0) if more else None)


class Search:
    """Somebody's search, in everything that they may read or in one project."""

    def __init__(self, caller: Caller, text: str, project_id: int | None) -> None:
        self.caller, self.project_id = caller, project_id
        self.asked = asked.read(text)
        self.terms = self.asked.wanted
        if project_id is not None:
            access.load(Project, project_id, caller)
        self.scopes = self._scopes()
        #: Which of the statements this search uses.
        self.variant = (caller.is_admin, project_id is not None)

    def _scopes(self) -> list[str] | None:
        """Return the places to look in, as the index names them; None for too many."""
        if self.project_id is not None:
            return [f"p{self.project_id}"]
        # What is published, and what belongs to the caller, whatever projects there are.
        general = ["public", f"u{self.caller.user_id}"]
        if self.caller.is_admin:
            return [*general, "admin"]
        some = access.projects_of(self.caller).limit(fulltext.MAX_SCOPES + 1)
        projects = db.session.scalars(some).all()
        if len(projects) > fulltext.MAX_SCOPES:
            # Then nothing narrows down the index; the tables decide about each match, as they
            # always do.
            return None
        return [*general, *(f"p{key}" for key in projects)]

    @property
    def _who(self) -> dict[str, Any]:
        who = {"user_id": self.caller.user_id}
        return who if self.project_id is None else who | {"project_id": self.project_id}

    def ranked(self, kinds: tuple[Kind, ...], skip: int, count: int) -> Sequence[Any]:
        """Return the type and id of the best candidates, after `skip` of them."""
        most = queries.candidates(len(self.terms))
        scoring = fulltext.scoring(self.asked, most)
        values = self._who | self._expressions(kinds, scoring) | {"skip": skip, "count": count}
        # By titles, equally many are taken of those that have the words there, and of all.
        values["candidates"] = most // 2 if scoring.ranking is Ranking.TITLES else most
        statement = queries.ranked(kinds, *self.variant, scoring.ranking)
        return db.session.connection().execute(statement, values).all()

    def _expressions(self, kinds: tuple[Kind, ...], scoring: Scoring) -> dict[str, str]:
        if scoring.ranking is Ranking.FEW:
            return {"words": scoring.words, "begun": scoring.begun}
        wanted = {"match": fulltext.match}
        if scoring.ranking is Ranking.TITLES:
            wanted["title"] = fulltext.in_titles
        scopes = None if scoring.few else self.scopes
        found = {
            f"{name}_{kind.name}": express(self.asked, kind.name, scopes)
            for name, express in wanted.items()
            for kind in kinds
        }
        return found | ({"words": scoring.words} if scoring.ranking is Ranking.APART else {})

    def shown(self, ranked: Sequence[Any]) -> list[SearchResult]:
        """Return results in the order given, without what can't be read any more."""
        found: dict[tuple[str, int], SearchResult] = {}
        for kind in KINDS.here().values():
            if keys := [row.id for row in ranked if row.type == kind.name]:
                found |= {(kind.name, one.id): one for one in self._results(kind, keys)}
        return [found[row.type, row.id] for row in ranked if (row.type, row.id) in found]

    def _results(self, kind: Kind, keys: list[int]) -> list[SearchResult]:
        values = self._who | {"ids": keys}
        found = db.session.connection().execute(queries.shown(kind, *self.variant), values)
        return [self._result(kind, row) for row in found]

    def _result(self, kind: Kind, row: Any) -> SearchResult:
        shown = {
            "title_html": marked(whole(row.title, self.terms), MAX_EXCERPT_CHARACTERS),
            "text_html": marked(excerpt(row.body, self.terms), MAX_EXCERPT_CHARACTERS),
        }
        url = f"{BASE_PATH}/{kind.path}/{row.id}"
        home = (row.project_id, row.project_name)
        return SearchResult(kind.name, row.id, row.title, url, *home, shown, row.updated_at)
