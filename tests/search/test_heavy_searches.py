"""A search takes bounded work, however often a word occurs in what it finds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from collab.core import fulltext
from collab.core.fulltext import fts5
from collab.core.fulltext.fts5 import MAX_COUNTED_ROWS, MAX_WALKED_ROWS
from collab.core.words.asked import MAX_WORDS, Term, expression, read
from collab.extensions import db
from collab.posts.models import Post
from collab.search.excerpts import MAX_MATCHES_LOOKED_AT, excerpt
from collab.search.highlighting import CLOSE_MARK, OPEN_MARK
from collab.search.queries import MAX_CANDIDATES, MAX_TITLES

from ..support.people import Person
from .rows import a_post, kept, kept_many, titles


def terms(query: str) -> list[Term]:
    return read(query).wanted


TEXTS = st.text("aAbáÁİß .-\u0301\n中", max_size=60)


def test_the_excerpt_of_a_text_of_one_word_takes_no_square_of_its_length(
    app: Flask, alice: Person
) -> None:
    kept(app, a_post(alice, "Post", body="a b " * 25_000))
    begun = time.process_time()
    [one] = alice.finds('a "b a" b')
    assert time.process_time() - begun < 4  # it took 8 s on the same machine
    assert one["excerpt"]["text_html"].startswith("<mark>")


#: Searches that find everything and rank as much as any can: words that all rows have, beginnings
#: of them, phrases, parts, and what is excluded from all of them in vain.
COMMON = "ab cd ef gh ij kl mn op qr st uv wx yz ba dc fe"
HOSTILE = {
    "one word": "ab",
    "sixteen words": COMMON,
    "one letter": "a",
    "words and a beginning": f"{COMMON[:-4]} d",
    "a phrase": f'"{COMMON}"',
    "in camel case": "abCd",
    "what is nowhere excluded": "ab " + " ".join(f"-x{word}" for word in COMMON.split()[:14]),
    "the same again and again": "ab " * 60,
}


@pytest.mark.sqlite("plans")
def test_no_search_looks_at_more_rows_where_there_are_more_than_are_ranked(
    app: Flask, alice: Person
) -> None:
    """Counted in steps of SQLite's machine: rows that are looked at, joined and put in order.

    What FTS5 does within a step is not among them: see the next test.
    """
    steps: list[int] = []

    def watch(connection: Any, *_: object) -> None:
        driver = connection.connection.dbapi_connection
        driver.set_progress_handler(lambda: steps.append(100) or 0, 100)

    def taken() -> dict[str, int]:
        found = {}
        for name, query in HOSTILE.items():
            steps.clear()
            alice.finds(query, limit=10)
            found[name] = sum(steps)
        return found

    body = " ".join([COMMON, "abCd"])
    row = {"owner_id": alice.id, "title": "Post", "body": body}
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", watch)
        try:
            kept_many(app, Post, *[row] * (MAX_CANDIDATES + 50))
            few = taken()
            kept_many(app, Post, *[row] * MAX_CANDIDATES)
            many = taken()
        finally:
            event.remove(db.engine, "before_cursor_execute", watch)
    assert few["one word"] > 10 * MAX_CANDIDATES, "the steps are counted"
    assert few["sixteen words"] < few["one word"], "fewer candidates where there are more words"
    grown = {name: (few[name], many[name]) for name in few if many[name] > 1.05 * few[name] + 500}
    assert grown == {}


def asked_for(search: Callable[[], object]) -> list[str]:
    """Return the statements of a search."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        search()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return statements


def scoring(query: str) -> fulltext.Scoring:
    """Return how the matches of a search are scored."""
    return fulltext.scoring(read(query), MAX_CANDIDATES)


def fill(count: int, word: str) -> None:
    """Put rows of nobody's into the index that have a word."""
    db.session.execute(
        text(
            "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers"
            " LIMIT :count) INSERT INTO search_index (rowid, scope, title, body, tags)"
            " SELECT 8 * (1000000 + number) + 3, 'postu0', '', :word, '' FROM numbers"
        ),
        {"count": count, "word": word},
    )
    db.session.commit()


@pytest.mark.sqlite("BM25")
def test_bm25_counts_no_rows_of_places_and_of_no_word_that_very_many_have(
    app: Flask, alice: Person, bob: Person
) -> None:
    """It counts, within one step, all rows that have any word of its expression."""
    kept(
        app,
        a_post(alice, "Red", body="green"),
        a_post(alice, "Blue", body="red red red green rare"),
        a_post(alice, "Green", body="red"),
    )
    with app.app_context():
        fill(MAX_COUNTED_ROWS - 3, "red")
        assert fts5.rows() == MAX_COUNTED_ROWS
        asked = asked_for(lambda: alice.finds("red"))
        ranking = [one for one in asked if "bm25" in one]
        assert (len(ranking), ranking[0].count("bm25")) == (1, 1)
        assert (
            fulltext.scoring(read("red -x"), MAX_CANDIDATES).words
            == '{title body tags} : ("red" *)'
        )
        assert titles(alice.finds("red")) == ["Red", "Blue", "Green"]

        fill_more = "UPDATE search_index SET body = 'red red' WHERE rowid > 8000000"
        db.session.execute(text(fill_more))
        db.session.execute(text("INSERT INTO search_index (rowid, body) VALUES (8, 'red')"))
        db.session.execute(text("INSERT INTO search_index (rowid, body) VALUES (16, 'red')"))
        db.session.commit()
        asked = asked_for(lambda: alice.finds("red"))
        assert [one for one in asked if "bm25" in one] == []
        assert titles(alice.finds("red")) == ["Red", "Green", "Blue"]
        assert titles(alice.finds("red rare")) == ["Blue"]
        assert (
            fulltext.scoring(read("red rare"), MAX_CANDIDATES).words
            == '{title body tags} : ("rare" *)'
        )
        # Of the few rows that have a rare word each is looked up, and no list of a place.
        assert (scoring("red rare").few, scoring("red -rare").few) == (True, False)
        kept(app, a_post(alice, "Draft", body="rare", status="draft"))
        assert titles(bob.finds("rare")) == titles(bob.finds("red rare")) == ["Blue"]


@pytest.mark.sqlite("FTS5 looks for a word again in each part of a search")
def test_a_word_that_few_rows_have_is_looked_for_once_and_found_in_each_kind(
    app: Flask, alice: Person, bob: Person
) -> None:
    alice.makes_project("A kiwi")
    kept(
        app,
        a_post(alice, "Kiwis", body="kiwi kiwi"),
        a_post(bob, "A draft of a kiwi", status="draft"),
    )
    with app.app_context():
        asked = asked_for(lambda: alice.finds("kiwi"))
    ranking = [one for one in asked if "bm25" in one]
    assert (len(ranking), ranking[0].count("MATCH")) == (1, 1)
    assert sorted(titles(alice.finds("kiwi"))) == ["A kiwi", "Kiwis"]
    assert titles(alice.finds("kiwi", type="post")) == ["Kiwis"]


BEGINNINGS = {
    "interna": ["Interna", "Internal", "International"],
    "internat": ["International"],
    "internation x": [],
    "very internat": ["International"],
    "very-internat": ["International"],
    "very-internal": [],
    '"internat"': [],
    "internati -very": [],
}


@pytest.mark.sqlite("FTS5 walks over the rows of the word before a long beginning")
def test_a_long_beginning_among_very_many_rows_is_told_from_others_with_the_same_letters(
    app: Flask, alice: Person
) -> None:
    kept(
        app,
        a_post(alice, "Interna"),
        a_post(alice, "Internal", body="it is very"),
        a_post(alice, "International", body="a very international one"),
    )
    before = {q: sorted(titles(alice.finds(q))) for q in BEGINNINGS}
    with app.app_context():
        fill(MAX_WALKED_ROWS, "in")
        assert scoring("internat").begun == " internat"
        assert scoring('"internat"').begun == ""
    assert before == {q: sorted(titles(alice.finds(q))) for q in BEGINNINGS} == BEGINNINGS


@pytest.mark.sqlite("titles come first where BM25 would count too many rows")
def test_titles_come_first_among_the_newest_matches_of_a_word_that_very_many_have(
    app: Flask, alice: Person
) -> None:
    """Among all of them, each row of the index would be looked at for a word in no title."""
    kept(app, a_post(alice, "An old red one"))
    with app.app_context():
        fill(MAX_COUNTED_ROWS - MAX_TITLES, "red")
    row = {"owner_id": alice.id, "body": "red"}
    kept_many(app, Post, *(row | {"title": f"Post {number}"} for number in range(MAX_TITLES)))
    assert titles(alice.finds("red"))[0] == f"Post {MAX_TITLES - 1}"
    kept(app, a_post(alice, "A new red one"), a_post(alice, "The last", body="red"))
    assert titles(alice.finds("red"))[:2] == ["A new red one", "The last"]


def test_a_word_that_is_wanted_twice_is_looked_for_once() -> None:
    assert expression("ab cd " * 8) == expression("ab cd ")
    assert expression("ab cd ab") == expression("cd ab")


def test_no_phrase_has_more_words_than_are_looked_at() -> None:
    long = '"' + "a b " * 100 + '"'
    assert expression(long) == expression('"' + " ".join(["a b"] * (MAX_WORDS // 2)) + '"')
    assert expression(f"{long} {long}") == expression(long)


def test_the_place_is_shown_where_most_words_are() -> None:
    text = "red " + "x " * 200 + "a red and green apple" + " x" * 200
    assert f"{OPEN_MARK}red{CLOSE_MARK} and {OPEN_MARK}green{CLOSE_MARK}" in excerpt(
        text, terms("green red")
    )


def test_words_are_marked_as_the_index_compares_them() -> None:
    assert f"{OPEN_MARK}Crème{CLOSE_MARK} brûlée" in excerpt("Une Crème brûlée", terms("creme"))
    assert f"{OPEN_MARK}foo.bar{CLOSE_MARK}" in excerpt("a foo.bar b", terms('"foo bar"'))
    assert OPEN_MARK not in excerpt("football", terms('"foot"'))
    assert f"{OPEN_MARK}football{CLOSE_MARK}" in excerpt("football", terms("foot"))


@given(TEXTS, TEXTS)
def test_an_excerpt_is_a_part_of_its_text(text: str, query: str) -> None:
    shown = excerpt(text, terms(query)).replace(OPEN_MARK, "").replace(CLOSE_MARK, "")
    assert shown.strip("…") in text
    assert len(shown) <= MAX_MATCHES_LOOKED_AT + 2
