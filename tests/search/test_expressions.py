"""Whatever somebody types is an expression that FTS5 takes, and that names no column of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.fulltext.fts5 import within
from collab.core.words.asked import expression

from .rows import an_index

pytestmark = pytest.mark.sqlite("index")


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    """Return a database with an index of one row, which all can see and nobody should."""
    with an_index() as connection:
        row = ("task taskp1 taskadmin", "secret", "word", "tag")
        connection.execute("INSERT INTO i VALUES (?, ?, ?, ?)", row)
        yield connection


def run(index: sqlite3.Connection, query: str) -> int:
    return len(index.execute("SELECT 1 FROM i WHERE i MATCH ?", (query,)).fetchall())


ANYTHING = st.text(st.characters(categories=None), max_size=300)
SYNTAX = st.lists(
    st.sampled_from(['"', "-", " ", "*", "(", ")", ":", "{", "}", "^", "+", ",", "\0", "\ud800"])
    | st.sampled_from(["AND", "OR", "NOT", "NEAR", "scope", "taskp1", "taskadmin", "é", "2"])
    | st.sampled_from(["aB", "C++", "#", "&", "日", "🚀", "|", "\u0301"]),
    max_size=60,
).map("".join)


@given(ANYTHING | SYNTAX)
def test_any_text_is_taken(index: sqlite3.Connection, text: str) -> None:
    if query := expression(text):
        found = run(index, within(query, "task", ["p1"]))
        assert found <= run(index, within(query, "task", None)) <= 1


@given(SYNTAX)
def test_no_text_leaves_the_place_that_is_looked_in(index: sqlite3.Connection, text: str) -> None:
    if query := expression(text):
        assert run(index, within(query, "task", ["p2"])) == 0


@given(SYNTAX)
def test_no_text_finds_the_words_of_places(index: sqlite3.Connection, text: str) -> None:
    if query := expression(text):
        assert run(index, within(query, "task", ["p1"])) == 0


def test_many_places_are_no_trouble(index: sqlite3.Connection) -> None:
    places = [f"p{number}" for number in range(1, 5000)]
    assert run(index, within(expression("secret"), "task", places)) == 1


def test_a_word_is_found_where_its_place_is_among_them(index: sqlite3.Connection) -> None:
    assert run(index, within(expression("sec"), "task", ["u1", "p1"])) == 1
    assert run(index, within(expression("sec"), "task", ["p12", "u1"])) == 0
    assert run(index, within(expression("sec"), "post", ["p1"])) == 0
