"""Posts and collections on the socket for what concerns oneself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..support.people import Person, ok
from ..support.sockets import Socket

Connect = Callable[..., Socket]


def by_address(connect: Connect, person: Person) -> Socket:
    """Sign in with the address."""
    return connect(person, path="/ws/notifications/")


def by_message(connect: Connect, person: Person) -> Socket:
    """Sign in with the first message."""
    ws = connect(path="/ws/notifications/")
    ws.send("auth", token=person.token)
    return ws


@pytest.fixture(params=[by_address, by_message])
def notified(request: pytest.FixtureRequest, connect: Connect) -> Callable[[Person], Socket]:
    """Return a maker of sockets that follow posts and what concerns their person."""

    def make(person: Person) -> Socket:
        ws: Socket = request.param(connect, person)
        ws.expect("subscribed", topic=f"user:{person.id}")
        ws.expect("subscribed", topic="posts")
        return ws

    return make


Notified = Callable[[Person], Socket]


def test_a_published_post_reaches_everybody(notified: Notified, alice: Person, bob: Person) -> None:
    ws = notified(bob)
    made = alice.writes("Hello")
    event = ws.expect("post.created")
    assert (event["topic"], event["data"]["post_id"]) == ("posts", made["id"])


def test_a_draft_reaches_its_owner(notified: Notified, alice: Person) -> None:
    ws = notified(alice)
    made = alice.writes("Hello", status="draft")
    assert ws.expect("post.created", topic=f"user:{alice.id}")["data"]["post_id"] == made["id"]


def test_a_draft_reaches_nobody_else(
    notified: Notified, alice: Person, bob: Person, ada: Person
) -> None:
    sockets = [notified(bob), notified(ada)]
    path = f"/posts/{alice.writes('Secret', status='draft')['id']}"
    ok(alice.patch(path, {"title": "Secret still"}))
    ok(alice.patch(path, {"title": "Open", "status": "published"}))
    ok(alice.patch(path, {"title": "Secret again", "status": "draft"}))
    ok(alice.delete(path))
    alice.writes("Last")
    for ws in sockets:
        ws.until(lambda frame: frame.get("data", {}).get("title") == "Last")
        titles = [one["data"]["title"] for one in ws.events()]
        assert titles == ["Open", "Open", "Last"]


def test_a_collection_reaches_its_owner_alone(
    notified: Notified, alice: Person, bob: Person
) -> None:
    mine, others = notified(alice), notified(bob)
    post = bob.writes()["id"]
    alice.collects(post)
    assert mine.expect("collection.post_added")["data"]["post_id"] == post
    bob.writes("Last")
    others.until(lambda frame: frame.get("data", {}).get("title") == "Last")
    assert {one["type"] for one in others.events()} == {"post.created"}


def test_the_topic_of_posts_takes_no_events_of_people(connect: Connect, alice: Person) -> None:
    members: dict[str, Any] = {"topic": "posts", "payload": {}}
    assert connect(alice).ask("file_changed", **members)["status"] == 403
