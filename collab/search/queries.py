"""The statements of a search, each built once and given its values later.

`user_id` is the caller; `project_id` is the project to search, if only one is searched;
`match_<kind>` is the expression for a kind, `title_<kind>` the one for its titles, `words` the one
for the words alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Select,
    String,
    bindparam,
    case,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from ..core import fulltext
from ..core.fulltext import SEARCH_INDEX, Kind, Ranking
from ..core.models import Id
from ..projects.models import Project

#: How many of each kind's newest matches are ranked, so that a search costs much the same however
#: much there is.
MAX_CANDIDATES = 1000
#: Words times candidates: each word is looked for in each candidate. 16 words in 1,000 texts of 20
#: kB took 0.5 s; few texts have so many words, so fewer candidates lose little.
MAX_RANKED_WORDS = 4000

#: If each word is in too many rows to rank by, this many of each kind's newest matches are searched
#: by title. Searching all of them, for a word that is in every text and in no title, read each row
#: of the index: 80 ms for a million.
MAX_TITLES = 2000

#: Statements that are kept: each set of kinds has its own.
MAX_STATEMENTS = 256

USER_PARAMETER = bindparam("user_id", type_=Id)
PROJECT_PARAMETER = bindparam("project_id", type_=Id)
WORDS_PARAMETER = bindparam("words", type_=String)


def candidates(words: int) -> int:
    """Return how many of each kind's newest matches a search for some words takes."""
    return min(MAX_CANDIDATES, MAX_RANKED_WORDS // max(1, words))


@lru_cache(maxsize=MAX_STATEMENTS)
def ranked(
    kinds: tuple[Kind, ...], is_admin: bool, in_project: bool, ranking: Ranking
) -> Select[Any]:
    """Build the query for type and id of the best `count` of `candidates`, after `skip` of them."""
    who = is_admin, in_project
    if ranking is Ranking.FEW:
        rows = _matching().cte()
        query = _in_order(union_all(*(_of_kind(kind, rows, *who) for kind in kinds)).subquery())
    elif ranking is Ranking.WITHIN:
        found = (_candidates(kind, *who, "match") for kind in kinds)
        query = _in_order(_together(found).subquery())
    elif ranking is Ranking.APART:
        rows = _together(_candidates(kind, *who, "match", null()) for kind in kinds).cte()
        query = _gathered(union_all(select(rows), _scores(rows)).subquery())
    else:
        titles = [_titled(kind, *who) for kind in kinds]
        rest = [_candidates(kind, *who, "match", literal(0)) for kind in kinds]
        query = _gathered(_together(titles + rest).subquery())
    return query.limit(bindparam("count")).offset(bindparam("skip"))


def _together(found: Iterable[Select[Any]]) -> CompoundSelect[Any]:
    """Combine candidates, each part with its own order and limit."""
    return union_all(*(select(one.subquery()) for one in found))


def _matching() -> Select[Any]:
    """Build the query for all rows that have the words, with their scores."""
    score = fulltext.relevance(WORDS_PARAMETER).label("score")
    of = fulltext.number().label("number"), fulltext.key().label("key")
    begins = fulltext.begins(bindparam("begun", type_=String))
    return select(*of, score).where(fulltext.matches(WORDS_PARAMETER), begins)


def _of_kind(kind: Kind, rows: Any, is_admin: bool, in_project: bool) -> Select[Any]:
    """Keep, of the rows found, those of a kind that may be read."""
    shown = (
        literal(kind.name).label("type"),
        kind.model.id.label("id"),
        rows.c.score,
        kind.changed.label("at"),
    )
    query = _readable(select(*shown).select_from(rows), kind, is_admin, in_project)
    return query.join(kind.model, kind.model.id == rows.c.key).where(rows.c.number == kind.number)


def _in_order(found: Any) -> Select[Any]:
    """Put candidates in the order of their scores."""
    best = (found.c.score, found.c.at.desc(), found.c.type, found.c.id.desc())
    return select(found.c.type, found.c.id).order_by(*best)


def _gathered(found: Any) -> Select[Any]:
    """Put candidates in order, some of which may have come twice, or without their scores."""
    kind, key = func.max(found.c.type), func.max(found.c.id)
    best = (func.min(found.c.score), func.max(found.c.at).desc(), kind, key.desc())
    return select(kind.label("type"), key.label("id")).group_by(found.c.row).order_by(*best)


def _scores(found: Any) -> Select[Any]:
    """Build a walk over the words' matches, in any scope, keeping those found."""
    row = SEARCH_INDEX.c.rowid
    shown = (
        null().label("type"),
        null().label("id"),
        fulltext.relevance(WORDS_PARAMETER).label("score"),
        null().label("at"),
        row.label("row"),
    )
    return select(*shown).where(
        fulltext.matches(WORDS_PARAMETER),
        row >= select(func.min(found.c.row)).scalar_subquery(),
        # `+ 0` hides the column from the planner: looked up one by one, each would set up the
        # search again.
        row.op("+")(0).in_(select(found.c.row)),
    )


def _candidates(
    kind: Kind, is_admin: bool, in_project: bool, name: str, score: Any = None
) -> Select[Any]:
    query = _found(kind, is_admin, in_project, name, score)
    # The newest, by the index's own order: ordering by relevance would have to read every match.
    return query.order_by(SEARCH_INDEX.c.rowid.desc()).limit(bindparam("candidates"))


def _titled(kind: Kind, is_admin: bool, in_project: bool) -> Select[Any]:
    """Build the query for candidates by their titles among the newest matches of a kind."""
    row = SEARCH_INDEX.c.rowid
    newest = select(row).where(fulltext.matches(_expression(kind, "match")))
    newest = newest.order_by(row.desc()).limit(MAX_TITLES)
    since = select(func.min(newest.subquery().c.rowid)).scalar_subquery()
    query = _found(kind, is_admin, in_project, "title", literal(-1)).where(row >= since)
    # `+ 0` hides the order from FTS5, which then begins at the oldest: starting from the newest, it
    # would go past the last of these while looking for the next title.
    return query.order_by(row.op("+")(0).desc()).limit(bindparam("candidates"))


def _found(
    kind: Kind, is_admin: bool, in_project: bool, name: str, score: Any = None
) -> Select[Any]:
    """Build the query for the rows of a kind that match, and may be read."""
    expression = _expression(kind, name)
    shown = (
        literal(kind.name).label("type"),
        kind.model.id.label("id"),
        (fulltext.relevance(expression) if score is None else score).label("score"),
        kind.changed.label("at"),
        SEARCH_INDEX.c.rowid.label("row"),
    )
    query = _readable(select(*shown).select_from(SEARCH_INDEX), kind, is_admin, in_project)
    query = query.join(kind.model, kind.model.id == fulltext.key())
    return query.where(fulltext.matches(expression))


@lru_cache(maxsize=MAX_STATEMENTS)
def shown(kind: Kind, is_admin: bool, in_project: bool) -> Select[Any]:
    """Build the query that shows results of one kind, those in `ids`, if they may be read."""
    home = aliased(Project)
    columns = (
        kind.model.id.label("id"),
        kind.title.label("title"),
        kind.project_id.label("project_id"),
        home.name.label("project_name"),
        kind.changed.label("updated_at"),
        kind.body.label("body"),
    )
    query = _readable(select(*columns).select_from(kind.model), kind, is_admin, in_project)
    query = query.outerjoin(home, home.id == kind.project_id)
    return query.where(kind.model.id.in_(bindparam("ids", expanding=True, type_=Id)))


def _expression(kind: Kind, name: str) -> Any:
    return bindparam(f"{name}_{kind.name}", type_=String)


def _readable(query: Select[Any], kind: Kind, is_admin: bool, in_project: bool) -> Select[Any]:
    """Keep the rows of a kind that may be read.

    The index only hints where to look; the tables, as they are now, decide. The condition is in a
    CASE so that the planner uses no index of the table for it: it has to begin with the matches.
    """
    readable = kind.readable(kind.model, USER_PARAMETER, is_admin)
    if in_project:
        readable &= kind.project_id == PROJECT_PARAMETER
    return query.where(case((readable, 1), else_=0) == 1)
