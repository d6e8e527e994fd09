"""Who is mentioned in a post is told so once it is published."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.people import Person, ok
from ..support.records import Record, recording


def mentioned(told: list[Record]) -> list[list[int]]:
    return [one.data["mentioned"] for one in told if "mentioned" in one.data]


def test_a_new_post_mentions_people(app: Flask, alice: Person, bob: Person, vera: Person) -> None:
    with recording(app) as told:
        alice.writes("For @bob", "and @vera, and @bob again")
    assert mentioned(told) == [[bob.id, vera.id]]


def test_a_draft_mentions_nobody(app: Flask, alice: Person) -> None:
    with recording(app) as told:
        post = alice.writes("For @bob", status="draft")
        ok(alice.patch(f"/posts/{post['id']}", {"body": "and @vera"}))
    assert mentioned(told) == [[], []]


def test_publishing_mentions_all(app: Flask, alice: Person, bob: Person, vera: Person) -> None:
    post = alice.writes("For @bob", status="draft")
    with recording(app) as told:
        ok(alice.patch(f"/posts/{post['id']}", {"body": "and @vera", "status": "published"}))
    assert mentioned(told) == [[], [bob.id, vera.id]]


@pytest.mark.parametrize(
    "change", [{"body": "@bob and @vera"}, {"title": "@vera"}, {"title": "@bob", "body": "@vera"}]
)
def test_a_change_mentions_only_who_was_not_before(
    app: Flask, alice: Person, vera: Person, change: dict[str, str]
) -> None:
    post = alice.writes("Hello", "@bob")
    with recording(app) as told:
        ok(alice.patch(f"/posts/{post['id']}", change))
    assert mentioned(told) == [[vera.id]]
