"""A search takes bounded work, however often a word occurs in what it finds."""

from __future__ import annotations

import time

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.core.words.asked import MAX_WORDS, Term, expression, read
from collab.search.excerpts import MAX_MATCHES_LOOKED_AT, excerpt
from collab.search.highlighting import CLOSE_MARK, OPEN_MARK

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
