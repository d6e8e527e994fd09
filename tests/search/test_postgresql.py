"""PostgreSQL finds what SQLite finds: all promises about languages, phrases and beginnings."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given

from collab.core.database.postgresql_words import DUE_TABLE, INDEX_TABLES, in_a_row, vector
from collab.core.fulltext import fts5, tsearch
from collab.core.words.asked import read
from collab.core.words.splitting import indexed

from ..support.postgres import PostgresServer
from .rows import an_index
from .test_expressions import ANYTHING, SYNTAX
from .test_languages import PAIRS

Index = psycopg.Connection[Any]
PLACES = ("task", "taskp1", "taskadmin")
FOUND = (
    "SELECT count(*) FROM search_index WHERE vector @@ CAST(CAST(%(asked)s AS jsonb) ->> 'query'"
    " AS tsquery) AND search_agrees(words, CAST(%(asked)s AS jsonb))"
)
RANKED = (
    f"SELECT rowid FROM search_index ORDER BY ts_rank('{tsearch.LETTER_WEIGHTS}', vector,"
    f" CAST(CAST(%(asked)s AS jsonb) ->> 'rank' AS tsquery), {tsearch.BY_LENGTH}) DESC"
)


@pytest.fixture(scope="module")
def index(cluster: PostgresServer) -> Iterator[Index]:
    """Return a database with an index and nothing in it."""
    cluster.ask("postgres", "DROP DATABASE IF EXISTS found WITH (FORCE)")
    cluster.ask("postgres", "CREATE DATABASE found TEMPLATE template0")
    with psycopg.connect(cluster.url("found"), autocommit=True) as connection:
        connection.execute((DUE_TABLE + INDEX_TABLES).encode())
        yield connection


@pytest.fixture(scope="module")
def both(index: Index) -> Iterator[tuple[Index, sqlite3.Connection]]:
    """Return that index, and one of SQLite."""
    with an_index() as there:
        yield index, there


def put(index: Index, key: int, *texts: str) -> None:
    """Index a row."""
    made = [indexed(one) for one in texts]
    row = (key, in_a_row(made), vector(PLACES, made))
    index.execute("INSERT INTO search_index VALUES (%s, %s, CAST(%s AS tsvector))", row)


def finds(index: Index, q: str, kind: str = "task", scopes: list[str] | None = None) -> int:
    """Return how many rows a search finds."""
    asked = {"asked": tsearch.match(read(q), kind, scopes)}
    found: tuple[int] | None = index.execute(FOUND, asked).fetchone()
    assert found is not None
    return found[0]


def test_what_is_found_is_what_sqlite_finds(index: Index) -> None:
    wrong = []
    for text, q, found in PAIRS:
        for texts in ((text, "", ""), ("", f"In {text}.", "")):
            index.execute("TRUNCATE search_index")
            put(index, 1, *texts)
            if bool(finds(index, q)) is not found:
                wrong.append((texts, q, found))
    assert wrong == []


TEXTS = ("Order the rocket engine", "It burns: aCamelCase c++, 日本語の文書, don't", "fuel rocket")
ASKED = (
    *(
        "rocket",
        "roc",
        '"the rocket"',
        '"rocket the"',
        "order -engine",
        "order -paint",
        "engine it",
    ),
    *(
        '"engine it"',
        '"rocket engi"',
        "camel",
        "aCam",
        "C++",
        "本語",
        "語本",
        '-"rocket engine" fuel',
    ),
    *(
        "don't",
        "dont",
        "-rocket",
        "\\ ' rocket",
        "rocket:*",
        "rocket & !engine",
        "taskp1",
        "=taskp1",
    ),
)


@pytest.mark.parametrize("q", ASKED)
def test_a_search_finds_on_both_or_on_neither(
    both: tuple[Index, sqlite3.Connection], q: str
) -> None:
    index, lite = both
    index.execute("TRUNCATE search_index")
    lite.execute("DELETE FROM i")
    put(index, 1, *TEXTS)
    row = (" ".join(PLACES), *map(indexed, TEXTS))
    lite.execute("INSERT INTO i VALUES (?, ?, ?, ?)", row)
    asked = read(q)
    if not asked.wanted:
        return
    there = fts5.match(asked, "task", ["p1"])
    found = lite.execute("SELECT count(*) FROM i WHERE i MATCH ?", (there,)).fetchone()[0]
    assert finds(index, q, scopes=["p1"]) == found


@given(ANYTHING | SYNTAX)
def test_any_text_is_taken(index: Index, text: str) -> None:
    if read(text).wanted:
        assert finds(index, text, scopes=["p2"]) == 0
        assert finds(index, text, scopes=["p1"]) <= finds(index, text) <= 1


def test_words_far_into_a_long_text_are_found_and_stand_together(index: Index) -> None:
    index.execute("TRUNCATE search_index")
    words = " ".join(f"w{number % 3000}" for number in range(40_000))
    put(index, 1, "Long", f"{words} last words of it", "")
    assert finds(index, '"last words of"') == 1
    assert finds(index, '"words last"') == 0
    assert finds(index, "last w2999") == 1


def test_a_text_of_more_words_than_can_be_noted_is_kept(index: Index) -> None:
    index.execute("TRUNCATE search_index")
    put(index, 1, "Very long", " ".join(f"word{number}" for number in range(120_000)), "")
    assert finds(index, "very word17") == 1


def test_titles_weigh_most_and_short_texts_more(index: Index) -> None:
    index.execute("TRUNCATE search_index")
    put(index, 1, "Paint", "rocket " + "and so on " * 200, "")
    put(index, 2, "Paint", "rocket", "")
    put(index, 3, "Rocket", "paint", "")
    put(index, 4, "Paint", "more", "rocket")
    asked = {"asked": tsearch.match(read("rocket"), "task", None)}
    assert [key for (key,) in index.execute(RANKED, asked)] == [3, 4, 2, 1]
