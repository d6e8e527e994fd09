"""What the log says of posts and collections, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.records import Record, recording

SECRET = "the hidden name"


@made_once
def draft(alice: Person) -> dict[str, Any]:
    """Return a draft of alice's."""
    return alice.writes(SECRET, status="draft")


def kinds(told: list[Record]) -> list[tuple[str, str]]:
    return [(one.type, one.topic) for one in told]


def test_a_new_post_is_told_to_all(app: Flask, alice: Person) -> None:
    with recording(app) as told:
        made = alice.writes("Hello")
    facts = {"post_id": made["id"], "owner_id": alice.id, "title": "Hello", "public": True}
    assert told == [Record("post.created", "posts", alice.id, facts | {"mentioned": []})]


def test_a_draft_is_told_to_its_owner_alone(app: Flask, alice: Person) -> None:
    with recording(app) as told:
        path = f"/posts/{alice.writes(status='draft')['id']}"
        ok(alice.patch(path, {"title": "New"}))
        ok(alice.delete(path))
    mine = f"user:{alice.id}"
    assert kinds(told) == [
        ("post.created", mine),
        ("post.updated", mine),
        ("post.deleted", mine),
    ]


def test_changes_of_a_published_post_are_told_to_all(app: Flask, alice: Person) -> None:
    path = f"/posts/{alice.writes()['id']}"
    with recording(app) as told:
        ok(alice.patch(path, {"title": "New", "body": "World"}))
        ok(alice.delete(path))
    assert kinds(told) == [("post.updated", "posts"), ("post.deleted", "posts")]
    assert told[0].data["changed"] == ["title"]


def test_publishing_and_taking_back_are_told_to_all(
    app: Flask, alice: Person, draft: dict[str, Any]
) -> None:
    with recording(app) as told:
        ok(alice.patch(f"/posts/{draft['id']}", {"status": "published"}))
        ok(alice.patch(f"/posts/{draft['id']}", {"status": "draft"}))
    assert kinds(told) == [("post.published", "posts"), ("post.unpublished", "posts")]


def test_a_change_that_changes_nothing_is_not_told(app: Flask, alice: Person) -> None:
    post = alice.writes()
    with recording(app) as told:
        same = ok(alice.patch(f"/posts/{post['id']}", {"title": "Hello", "status": "published"}))
    assert (told, same) == ([], post)


def test_what_is_taken_back_and_named_anew_is_told_by_its_old_name(
    app: Flask, alice: Person
) -> None:
    post = alice.writes("Known")
    with recording(app) as told:
        ok(alice.patch(f"/posts/{post['id']}", {"status": "draft", "title": SECRET}))
    assert kinds(told) == [("post.unpublished", "posts"), ("post.updated", f"user:{alice.id}")]
    assert [one.data["title"] for one in told] == ["Known", SECRET]


def test_what_is_named_anew_and_published_is_told_by_its_new_name(
    app: Flask, alice: Person, draft: dict[str, Any]
) -> None:
    with recording(app) as told:
        ok(alice.patch(f"/posts/{draft['id']}", {"status": "published", "title": "Known"}))
    assert kinds(told) == [("post.updated", f"user:{alice.id}"), ("post.published", "posts")]
    assert [one.data["title"] for one in told] == ["Known", "Known"]


def test_a_moderator_is_named_as_who_did_it(app: Flask, ada: Person, alice: Person) -> None:
    post = alice.writes()
    with recording(app) as told:
        ok(ada.delete(f"/posts/{post['id']}"))
    assert [(one.actor, one.data["owner_id"]) for one in told] == [(ada.id, alice.id)]


#: What can be done with a draft that stays one.
DEEDS: dict[str, Callable[[Person, int], Any]] = {
    "change its body": lambda who, post: who.patch(f"/posts/{post}", {"body": "New"}),
    "change its title": lambda who, post: who.patch(f"/posts/{post}", {"title": SECRET + "!"}),
    "replace it": lambda who, post: who.put(f"/posts/{post}", {"title": SECRET, "body": "New"}),
    "keep it a draft": lambda who, post: who.patch(f"/posts/{post}", {"status": "draft"}),
    "collect it": lambda who, post: who.collects(post),
    "delete it": lambda who, post: who.delete(f"/posts/{post}"),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_of_a_draft_reaches_the_topic_of_all(
    app: Flask, alice: Person, draft: dict[str, Any], deed: str
) -> None:
    with recording(app) as told:
        DEEDS[deed](alice, draft["id"])
    assert {one.topic for one in told} <= {f"user:{alice.id}"}


def test_a_draft_is_in_no_list_and_no_search_of_others(
    alice: Person, draft: dict[str, Any], bob: Person, ada: Person, nobody: Person
) -> None:
    ok(alice.patch(f"/posts/{draft['id']}", {"body": SECRET}))
    queries: list[dict[str, Any]] = [{}, {"q": "hidden"}, {"owner": alice.id}, {"limit": 100}]
    for who in (bob, ada, nobody):
        for query in queries:
            assert ok(who.get("/posts", params=query))["items"] == []


def test_a_post_taken_back_is_no_longer_found(alice: Person, bob: Person) -> None:
    post = alice.writes("Findable")
    ok(alice.patch(f"/posts/{post['id']}", {"status": "draft"}))
    assert ok(bob.get("/posts?q=findable"))["items"] == []


def test_what_happens_to_a_collection_is_told_to_its_owner(
    app: Flask, alice: Person, bob: Person
) -> None:
    one, two = bob.writes()["id"], bob.writes()["id"]
    with recording(app) as told:
        path = f"/collections/{alice.collects(one, two)}"
        ok(alice.put(f"{path}/posts/{two}", {"before": one}))
        ok(alice.delete(f"{path}/posts/{one}"))
        ok(alice.patch(path, {"name": "New"}))
        ok(alice.delete(path))
    assert [one.type.removeprefix("collection.") for one in told] == [
        "created",
        "post_added",
        "post_added",
        "post_moved",
        "post_removed",
        "updated",
        "deleted",
    ]
    assert {one.topic for one in told} == {f"user:{alice.id}"}
