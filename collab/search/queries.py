"""The statements of a search, each built once and given its values later.

Who asks is `user_id`; `project_id` is the project that is looked at, if only one is; `match_<kind>`
is the expression for a kind.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Select, String, bindparam, case, literal, select, union_all
from sqlalchemy.orm import aliased

from ..core import fulltext
from ..core.fulltext import SEARCH_INDEX, Kind
from ..core.models import Id
from ..projects.models import Project

#: Of each kind so many of the newest matches are ranked, so that a search costs much the same
#: however much there is.
MAX_CANDIDATES = 1000
#: Words that are looked for, times candidates: each costs a look at each of the other. 16 words in
#: 1,000 texts of 20 kB took 0.5 s; few texts have so many words, so fewer candidates lose little.
MAX_RANKED_WORDS = 4000

#: Statements that are kept, a search of each set of kinds has its own.
MAX_STATEMENTS = 256

USER_PARAMETER = bindparam("user_id", type_=Id)
PROJECT_PARAMETER = bindparam("project_id", type_=Id)


def candidates(words: int) -> int:
    """Return how many of the newest matches of each kind are ranked in a search for some words."""
    return min(MAX_CANDIDATES, MAX_RANKED_WORDS // max(1, words))


@lru_cache(maxsize=MAX_STATEMENTS)
def ranked(kinds: tuple[Kind, ...], is_admin: bool, in_project: bool) -> Select[Any]:
    """Build what gives the type and id of the best `count` of `candidates` after `skip` of them."""
    parts = (_candidates(kind, is_admin, in_project).subquery() for kind in kinds)
    found = union_all(*(select(part) for part in parts)).subquery()
    best = (found.c.score, found.c.at.desc(), found.c.type, found.c.id.desc())
    query = select(found.c.type, found.c.id).order_by(*best)
    return query.limit(bindparam("count")).offset(bindparam("skip"))


def _candidates(kind: Kind, is_admin: bool, in_project: bool) -> Select[Any]:
    shown = (
        literal(kind.name).label("type"),
        kind.model.id.label("id"),
        fulltext.relevance(_expression(kind)).label("score"),
        kind.changed.label("at"),
    )
    query = _matching(select(*shown), kind, is_admin, in_project)
    # The newest by the index's own order: an order by relevance would have to read every match.
    return query.order_by(SEARCH_INDEX.c.rowid.desc()).limit(bindparam("candidates"))


@lru_cache(maxsize=MAX_STATEMENTS)
def shown(kind: Kind, is_admin: bool, in_project: bool) -> Select[Any]:
    """Build what shows results of one kind: those in `rows`, from `first` to `last`.

    They are picked from a walk over the matches: asked for one by one, FTS5 would set up the whole
    search again for each.
    """
    home = aliased(Project)
    columns = (
        kind.model.id.label("id"),
        kind.title.label("title"),
        kind.project_id.label("project_id"),
        home.name.label("project_name"),
        kind.changed.label("updated_at"),
        kind.body.label("body"),
    )
    query = _matching(select(*columns), kind, is_admin, in_project)
    return query.outerjoin(home, home.id == kind.project_id).where(
        SEARCH_INDEX.c.rowid.between(bindparam("first", type_=Id), bindparam("last", type_=Id)),
        # `+ 0` hides the column from the planner, which would ask for these rows one by one.
        SEARCH_INDEX.c.rowid.op("+")(0).in_(bindparam("rows", expanding=True, type_=Id)),
    )


def _expression(kind: Kind) -> Any:
    return bindparam(f"match_{kind.name}", type_=String)


def _matching(query: Select[Any], kind: Kind, is_admin: bool, in_project: bool) -> Select[Any]:
    """Join rows of a kind to their places in the index; what matches and may be read is left.

    The index is a hint where to look; the tables, as they are now, decide. That is in a CASE,
    because no index of the table is to be taken for it: the planner has to begin with the matches.
    """
    readable = kind.readable(kind.model, USER_PARAMETER, is_admin)
    if in_project:
        readable &= kind.project_id == PROJECT_PARAMETER
    matches = fulltext.matches(_expression(kind))
    joined = query.select_from(SEARCH_INDEX).join(kind.model, kind.model.id == fulltext.key())
    return joined.where(matches, case((readable, 1), else_=0) == 1)
