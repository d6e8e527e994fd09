"""A text is found by its own words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.words.asked import MAX_WORDS, expression
from collab.core.words.splitting import PARTS_BAR, indexed, parts, placed, words
from tests.search.rows import an_index

from .test_folding import TEXTS


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    with an_index() as connection:
        yield connection


@given(st.lists(TEXTS, max_size=4).map(" ".join))
def test_a_text_is_found_by_its_own_words_in_any_case(index: sqlite3.Connection, text: str) -> None:
    text = text.replace("\0", " ").replace('"', " ")
    index.execute("DELETE FROM i")
    index.execute("INSERT INTO i VALUES ('', '', ?, '')", (indexed(text),))
    for chunk in text.split():
        chunk = chunk.lstrip("-")
        if not 0 < len(words(chunk)) <= MAX_WORDS:
            continue
        for asked in (chunk, chunk.upper(), chunk.lower(), f'"{chunk}"'):
            query = expression(asked)
            found = index.execute("SELECT 1 FROM i WHERE i MATCH ?", (query,)).fetchall()
            assert found, (chunk, asked, query)


@given(TEXTS)
def test_words_stand_where_they_are_said_to(text: str) -> None:
    found = placed(text)
    assert [one.text for one in found] == words(text)
    for one in found:
        assert one.text in words(text[one.begin : one.end]) or not one.text.isalnum()


@given(TEXTS)
def test_no_word_is_what_parts_them(text: str) -> None:
    assert PARTS_BAR not in words(text)
    assert not any(" " in one or '"' in one for one in words(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("getUserById", ["get", "user", "by", "id"]),
        ("XMLHttpRequest", ["xml", "http", "request"]),
        ("utf8Decoder", ["utf8", "decoder"]),
        ("ÉclairÉtoile", ["eclair", "etoile"]),
        ("URLs", []),
        ("HTTP", []),
        ("Hello", []),
    ],
)
def test_the_parts_of_a_word(text: str, found: list[str]) -> None:
    assert [one.text for several in parts(text) for one in several] == found
