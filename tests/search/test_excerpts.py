"""Excerpts are HTML that holds nothing of the texts' own."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.search.highlighting import CLOSE_MARK, OPEN_MARK, marked

from ..support.people import Person
from .rows import a_post, kept

HOSTILE = (
    "<script>alert('zebra')</script>",
    "<mark>zebra</mark>",
    '"><img src=x onerror="zebra">',
    "&lt;b&gt; zebra & co",
    "</mark><b>zebra",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_html_in_a_text_is_shown_as_text(app: Flask, alice: Person, text: str) -> None:
    kept(app, a_post(alice, text, body=text))
    [one] = alice.finds("zebra")
    for html in one["excerpt"].values():
        assert html.count("<mark>zebra</mark>") == 1
        assert not re.search(r"[<>\"']", re.sub("</?mark>", "", html))


def test_a_long_text_is_cut_to_where_it_matched(app: Flask, alice: Person) -> None:
    kept(app, a_post(alice, "Post", body="before " * 500 + "the zebra " + "behind " * 500))
    [one] = alice.finds("zebra")
    text = one["excerpt"]["text_html"]
    assert "<mark>zebra</mark>" in text
    assert text[0] == text[-1] == "…"
    assert len(text) < 300


def test_a_word_without_end_is_cut_too(app: Flask, alice: Person) -> None:
    kept(app, a_post(alice, "Post", body="z" * 100_000))
    [one] = alice.finds("zzz")
    assert one["excerpt"]["text_html"] == f"<mark>{'z' * 400}…</mark>"


def test_a_text_that_does_not_match_is_shown_from_its_beginning(app: Flask, alice: Person) -> None:
    kept(app, a_post(alice, "Zebra", body="Once upon a time. " * 30))
    [one] = alice.finds("zebra")
    assert one["excerpt"]["text_html"].startswith("Once upon a time.")


def test_marks_in_a_text_itself_make_no_html_that_is_not_well_formed(
    app: Flask, alice: Person
) -> None:
    kept(
        app,
        a_post(alice, f"{CLOSE_MARK}a{OPEN_MARK}{OPEN_MARK}b zebra {OPEN_MARK}", body=CLOSE_MARK),
    )
    html = alice.finds("zebra")[0]["excerpt"]["title_html"]
    assert html.count("<mark>") == html.count("</mark>")


PIECES = st.lists(st.sampled_from([OPEN_MARK, CLOSE_MARK, "<", "&", "word ", "</mark>", "\0"]))


@given(PIECES, st.integers(0, 30))
def test_any_marks_make_html_that_is_well_formed(pieces: list[str], longest: int) -> None:
    html = marked("".join(pieces), longest)
    tags = re.findall("</?mark>", html)
    assert tags == ["<mark>", "</mark>"] * (len(tags) // 2)
    assert "<" not in re.sub("</?mark>", "", html)
