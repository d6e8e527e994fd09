"""Searches in the language of PostgreSQL's full-text search.

The index is a table (`core/database/postgresql_words.py`). Its `vector` finds the rows that have
all words. Whether the words of a phrase follow each other, and whether excluded ones are absent, is
looked up in `words` where a GIN index can't say: so a text may be of any length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from ...extensions import db
from ..database.postgresql_words import MAX_LOOKED_UP_CHARACTERS, PLACE_SIGN, lexeme
from ..json import dumps
from ..words.asked import Asked, Term
from .ranking import Ranking, Scoring

#: The weight of a word by its letter (D, C, B, A): in the text, nowhere, in tags, in a title.
LETTER_WEIGHTS = "{0.125, 0, 0.25, 1}"
#: A long text may have a word by chance: its score is divided by 1 + the logarithm of its length.
BY_LENGTH = 1


def match(asked: Asked, kind: str, scopes: Iterable[str] | None) -> str:
    """Return a search as JSON for the index, restricted to a kind and places."""
    places = [kind] if scopes is None else [kind + place for place in scopes]
    seen_from = " | ".join(lexeme(PLACE_SIGN + place) for place in places)
    wanted = " & ".join(f"({_lexemes(term, ' & ')})" for term in asked.wanted)
    found = {
        "query": f"({seen_from}) & {wanted}",
        "rank": " | ".join(_lexemes(term, " | ") for term in asked.wanted),
        "wanted": [_ways(term) for term in asked.wanted if _needs_a_look(term)],
        "excluded": [way for term in asked.excluded for way in _ways(term)],
    }
    return dumps(found).decode()


def scoring(asked: Asked, candidates: int) -> Scoring:
    """Return how matches are scored: each by its own words, whatever others contain."""
    return Scoring(Ranking.WITHIN)


def _needs_a_look(term: Term) -> bool:
    return any(
        len(way) > 1 or len(word) > MAX_LOOKED_UP_CHARACTERS for way in term.ways for word in way
    )


def _lexemes(term: Term, together: str) -> str:
    return " | ".join(f"({together.join(_in_query(way, term.begun))})" for way in term.ways)


def _in_query(way: Sequence[str], begun: bool) -> list[str]:
    found = [lexeme(word[:MAX_LOOKED_UP_CHARACTERS]) for word in way]
    if begun:
        found[-1] += ":*"
    return found


def _ways(term: Term) -> list[str]:
    """Return how a term may appear in a row's words."""
    return [f" {' '.join(way)}" + " " * (not term.begun) for way in term.ways]


def rebuild(touches: Iterable[str]) -> None:
    """Rebuild the index by updating each row to what it is; the commit does the work."""
    db.session.execute(text("DELETE FROM search_index"))
    for touch in touches:
        db.session.execute(text(touch))


def merge(pages: int) -> bool:
    """Do nothing: deleted rows are nowhere else, and the server's vacuum frees their space."""
    return False
