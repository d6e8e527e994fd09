"""The full-text index (SQLite FTS5): what a search may say, and finding rows by it.

The index is one table, `search_index`, that triggers keep in step with the tables it covers, so
no write can miss it: bulk changes and cascades included. A row's id is that of what it stands for,
times 8, plus the kind's number. The column `scope` has words that no search can name: where a row
is (`p7` a project, `u3` a person, `public`), and its kind (`ktask`). They cut a search to what the
caller may see before anything is ranked; whoever shows a row checks his right against the tables
all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, column, func, literal_column, select, table

#: The kinds of rows and their numbers, as the triggers in the migrations have them.
KINDS = {"project": 1, "task": 2, "post": 3, "upload": 4, "workspace": 5}
STRIDE = 8

INDEX = table("search_index", column("rowid"), column("title"), column("body"), column("tags"))

#: Words that are looked at; the rest of a search is left out.
MOST_WORDS = 16

#: An excluded or plain "quoted phrase", or a word.
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')


def expression(text: str) -> str:
    """Return a search as FTS5 reads it, empty if there is no word in it.

    All words must occur, the last one may be the beginning of a word; "quoted words" must stand
    together; a `-` before either excludes.
    """
    wanted, excluded = [], []
    for sign, phrase, word in _TERM.findall(text)[:MOST_WORDS]:
        term = _quoted(phrase or word)
        if term and sign:
            excluded.append(term)
        elif term:
            wanted.append(term)
    if not wanted:
        return ""
    if not text.endswith('"') and not excluded:
        wanted[-1] += "*"
    query = "{title body tags} : (" + " AND ".join(wanted) + ")"
    return query + "".join(f" NOT {{title body tags}} : {term}" for term in excluded)


def _quoted(words: str) -> str:
    """Return words as one FTS5 string, in which nothing has a meaning; "" without a letter."""
    kept = words.replace('"', " ").replace("\0", " ").strip()
    return f'"{kept}"' if any(map(str.isalnum, kept)) else ""


def within(query: str, scopes: Iterable[str], kinds: Iterable[str] = ()) -> str:
    """Cut an expression to rows in any of the scopes, and of any of the kinds."""
    parts = [_any(scopes), _any(f"k{kind}" for kind in kinds), f"({query})"]
    return " AND ".join(part for part in parts if part)


def _any(words: Iterable[str]) -> str:
    listed = " OR ".join(f'"{word}"' for word in words)
    return f"scope : ({listed})" if listed else ""


def matches(query: str) -> Any:
    """Return the condition that a row of the index matches an expression."""
    return literal_column("search_index").op("MATCH")(query)


def ids(kind: str, text: str, scopes: Iterable[str]) -> Select[Any] | None:
    """Return the ids of one kind that match a search, as a subquery; None if it has no word."""
    query = expression(text)
    if not query:
        return None
    key = INDEX.c.rowid.op("/")(literal_column(str(STRIDE)))  # of whole numbers
    found = select(key.label("id"))
    return found.where(matches(within(query, scopes, [kind])))


def highlighted(column_number: int, opening: str, closing: str, words: int) -> Any:
    """Return the column that cuts an excerpt of up to `words` words around what matched."""
    name: Any = literal_column("search_index")
    return func.snippet(name, column_number, opening, closing, "…", words)
