"""Searches in the language of SQLite's FTS5.

The index is a virtual table that triggers keep in step with the tables it covers. It holds their
texts as words, made by the function `search_words` of each connection: a connection without it
can't write to these tables. The column `scope` holds words that no search can name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import compress
from typing import Any

from sqlalchemy import text

from ...extensions import db
from ..words.asked import Asked, Term, in_fts5, wanted_in_fts5
from .ranking import Ranking, Scoring

#: The weight of a word in each column of the index, for BM25; the scope weighs nothing.
COLUMN_WEIGHTS = (0.0, 8.0, 1.0, 2.0)
#: Rows that may have a word for BM25 to rank by it. BM25 counts all rows that have each word of its
#: expression, which takes 40 ms for a million; so it gets only the words, and no places.
MAX_COUNTED_ROWS = 5000
#: Letters of the longest prefix of words that the index stores separately (`prefix`).
LONGEST_BEGINNING = 6
#: Rows of an index in which a longer prefix is looked for as it is, and so ranked exactly.
MAX_WALKED_ROWS = 100_000

_ONE_PAST = text("SELECT 1 FROM search_index WHERE search_index MATCH :word LIMIT 1 OFFSET :most")
#: The index's own note of how much it holds: the first number is that of its rows.
_TOTALS = text("SELECT block FROM search_index_data WHERE id = 1")


def match(asked: Asked, kind: str, scopes: Iterable[str] | None) -> str:
    """Return a search as FTS5 reads it, restricted to a kind and places."""
    return within(in_fts5(asked), kind, scopes)


def in_titles(asked: Asked, kind: str, scopes: Iterable[str] | None) -> str:
    """Return a search for rows whose titles have all that is wanted."""
    excluded = in_fts5(asked).removeprefix(wanted_in_fts5(asked))
    return within(wanted_in_fts5(asked, "title") + excluded, kind, scopes)


def scoring(asked: Asked, candidates: int) -> Scoring:
    """Return how matches are scored: by BM25 of the words that are not in too many rows.

    A word that occurs in no more rows than there may be candidates needs no places. They would cost
    more than they save: each part of the search looks for the word again, and looks each of its
    rows up in the list of every place, which took 23 ms for ten rows among a million.
    """
    there = rows()
    few = _counter(there)
    shown = [
        short if there > MAX_WALKED_ROWS and few(short := _short(term), candidates) else term
        for term in asked.wanted
    ]
    scarce = any(few(term, candidates) for term in shown)
    counts = [few(term, max(candidates, MAX_COUNTED_ROWS)) for term in shown]
    if not any(counts):
        return Scoring(Ranking.TITLES)
    # BM25 counts each word of the expression, including those that are excluded.
    if scarce and all(counts) and not asked.excluded:
        begun = [f" {' '.join(term.words)}" for term in asked.wanted if term not in shown]
        return Scoring(Ranking.FEW, wanted_in_fts5(Asked(shown, [])), begun="".join(begun))
    words = Asked(list(compress(asked.wanted, counts)), [])
    return Scoring(Ranking.APART, wanted_in_fts5(words), few=scarce)


def _short(term: Term) -> Term:
    """Shorten a long prefix to one that the index has.

    For a longer one FTS5 walks over all rows that have the word before it in the alphabet: 3 ms
    among a million. BM25 then counts all words that begin like the shorter one.
    """
    *words, last = term.words
    if not term.begun or term.parts or len(last) <= LONGEST_BEGINNING:
        return term
    return term._replace(words=(*words, last[:LONGEST_BEGINNING]))


def _counter(there: int) -> Callable[[Term, int], bool]:
    """Return what tells whether a term is in at most so many rows; it asks once for each."""

    @cache
    def few(term: Term, most: int) -> bool:
        word = wanted_in_fts5(Asked([term], []))
        return there <= most or not db.session.scalar(_ONE_PAST, {"word": word, "most": most})

    return few


def rows() -> int:
    """Return how many rows the index has, without counting them."""
    number = 0
    for byte in db.session.scalar(_TOTALS) or b"":
        # A number in groups of seven bits, the first ones first; the last has no eighth bit.
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return number


def within(query: str, kind: str, scopes: Iterable[str] | None) -> str:
    """Restrict an expression to rows of a kind that are seen from any of some places; None: all."""
    places = [kind] if scopes is None else [kind + place for place in scopes]
    return f"scope : ({' OR '.join(places)}) AND ({query})"


def rebuild(touches: Iterable[str]) -> None:
    """Rebuild the index by updating each row to what it is.

    The index may be damaged, so its own tables are created again first, and then emptied.
    """
    db.session.execute(text("INSERT INTO search_index (search_index) VALUES ('rebuild')"))
    db.session.execute(text("DELETE FROM search_index"))
    for touch in touches:
        db.session.execute(text(touch))


def merge(pages: int) -> bool:
    """Remove the words of deleted rows from the index, a part at a time; returns whether it did."""
    driver: Any = db.session.connection().connection.dbapi_connection
    before = driver.total_changes
    # A negative number of pages merges all segments into one (SQLite's FTS5, §6.8).
    driver.execute("INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)", (-pages,))
    return bool(driver.total_changes - before > 1)
