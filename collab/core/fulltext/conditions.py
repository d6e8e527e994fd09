"""Conditions on rows of the index, as each kind of database writes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from ..words.splitting import PARTS_BAR
from . import fts5, tsearch


class Matches(FunctionElement[Any]):
    """Whether a row of the index matches an expression."""

    inherit_cache = True
    type: Any = (
        NullType()
    )  # SQLAlchemy would compare a Boolean with 1 on SQLite, which FTS5 does not know


class Begins(FunctionElement[Any]):
    """Whether words of a row of the index begin like this, which has a space before each word.

    An empty text matches all. A phrase may not extend from one column into the next.
    """

    inherit_cache = True
    type: Any = NullType()


class Relevance(FunctionElement[float]):
    """A row's score for an expression; the best has the lowest."""

    inherit_cache = True
    type = Float()


@compiles(Matches)
def _in_fts5(element: Matches, compiler: Any, **options: Any) -> str:
    return f"search_index MATCH {compiler.process(element.clauses, **options)}"


@compiles(Begins)
def _in_words(element: Begins, compiler: Any, **options: Any) -> str:
    begun = compiler.process(element.clauses, **options)
    words = f" || ' {PARTS_BAR} ' || ".join(("' ' || title", "body", "tags"))
    # Checked first: reading a row's words costs more than everything else.
    return f"({begun} = '' OR instr({words}, {begun}) > 0)"


@compiles(Relevance)
def _by_bm25(element: Relevance, compiler: Any, **options: Any) -> str:
    return f"bm25(search_index, {', '.join(map(str, fts5.COLUMN_WEIGHTS))})"


@compiles(Matches, "postgresql")
def _in_vector(element: Matches, compiler: Any, **options: Any) -> str:
    asked = f"CAST({compiler.process(element.clauses, **options)} AS jsonb)"
    return (
        f"(search_index.vector @@ CAST({asked} ->> 'query' AS tsquery)"
        f" AND search_agrees(search_index.words, {asked}))"
    )


@compiles(Relevance, "postgresql")
def _by_rank(element: Relevance, compiler: Any, **options: Any) -> str:
    asked = f"CAST({compiler.process(element.clauses, **options)} AS jsonb)"
    query = f"CAST({asked} ->> 'rank' AS tsquery)"
    rank = f"ts_rank('{tsearch.LETTER_WEIGHTS}', search_index.vector, {query}, {tsearch.BY_LENGTH})"
    return f"-{rank}"
