"""A search takes bounded work, however often a word occurs in what it finds."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from collab.core.words.asked import MAX_WORDS, Term, expression, read
from collab.extensions import db
from collab.search.excerpts import MAX_MATCHES_LOOKED_AT, excerpt
from collab.search.highlighting import CLOSE_MARK, OPEN_MARK
from collab.search.queries import MAX_CANDIDATES

from ..support.people import Person
from .rows import a_post, kept


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

    What FTS5 does within a step is not among them: BM25 counts the rows that have each word.
    """
    steps: list[int] = []

    def watch(connection: Any, *_: object) -> None:
        driver = connection.connection.dbapi_connection
        driver.set_progress_handler(lambda: steps.append(10) or 0, 10)

    def taken() -> dict[str, int]:
        found = {}
        for name, query in HOSTILE.items():
            steps.clear()
            alice.finds(query, limit=10)
            found[name] = sum(steps)
        return found

    text = " ".join([COMMON, "abCd"])
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", watch)
        try:
            kept(app, *(a_post(alice, "Post", body=text) for _ in range(MAX_CANDIDATES + 50)))
            few = taken()
            kept(app, *(a_post(alice, "Post", body=text) for _ in range(MAX_CANDIDATES)))
            many = taken()
        finally:
            event.remove(db.engine, "before_cursor_execute", watch)
    assert few["one word"] > 10 * MAX_CANDIDATES, "the steps are counted"
    assert few["sixteen words"] < few["one word"], "fewer candidates where there are more words"
    grown = {name: (few[name], many[name]) for name in few if many[name] > 1.05 * few[name] + 500}
    assert grown == {}


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
