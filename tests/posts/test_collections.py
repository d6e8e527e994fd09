"""Making, listing, changing and deleting collections, and what is in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from collab.core.lists import ordering
from collab.extensions import db
from collab.posts.models import CollectionPost, Post

from ..support.made_once import made_once
from ..support.people import Person, ok, paged
from ..support.problems import pointers, problem
from .shelves import order, shown, tag


def test_a_collection_is_made_empty(alice: Person) -> None:
    body = {"name": "Worth reading", "description": "Later"}
    made = ok(alice.post("/collections", body))
    wanted = body | {"owner_id": alice.id, "posts": 0}
    assert made | wanted == made == shown(alice, made["id"])


def test_one_lists_ones_own_collections(alice: Person, bob: Person) -> None:
    mine = [alice.collects(name=name) for name in ("B", "A")]
    bob.collects()
    assert paged(alice, "/collections?limit=1") == mine
    assert paged(alice, "/collections?limit=1&sort=name") == mine[::-1]
    assert paged(alice, "/collections?q=b") == mine[:1]


def test_a_list_counts_posts_as_the_collection_does(alice: Person) -> None:
    made = alice.collects(*(alice.writes()["id"] for _ in range(3)))
    assert ok(alice.get("/collections"))["items"] == [shown(alice, made)]
    assert shown(alice, made)["posts"] == 3


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_collection_gets_another_name(alice: Person, method: str) -> None:
    made = alice.collects(alice.writes()["id"])
    changed = ok(getattr(alice, method)(f"/collections/{made}", {"name": "New"}))
    assert (changed["name"], changed["posts"]) == ("New", 1)
    assert changed == shown(alice, made)


def test_a_name_is_needed(alice: Person) -> None:
    assert pointers(alice.post("/collections", {})) == ["#/name"]


# -- what is in them ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["post_id", "postId", "post"])
def test_a_post_is_added_and_taken_out_by_its_id(alice: Person, name: str) -> None:
    post, made = alice.writes()["id"], alice.collects()
    added = ok(alice.post(f"/collections/{made}/add_post", {name: post}))
    assert (added["posts"], order(alice, made)) == (1, [post])
    left = ok(alice.post(f"/collections/{made}/remove_post", {name: post}))
    assert (left["posts"], order(alice, made)) == (0, [])


def test_posts_stay_in_the_order_in_which_they_came(alice: Person) -> None:
    posts = [alice.writes()["id"] for _ in range(4)]
    wanted = [posts[2], posts[0], posts[3], posts[1]]
    made = alice.collects(*wanted)
    assert order(alice, made) == wanted
    assert order(alice, made, limit=1) == wanted
    assert paged(alice, f"/collections/{made}/posts?sort=-position&limit=3") == wanted[::-1]


def test_a_collection_shows_its_posts_as_the_list_of_posts_does(alice: Person) -> None:
    post = alice.writes()["id"]
    made = alice.collects(post)
    item = ok(alice.get(f"/collections/{made}/posts"))["items"][0]
    assert item.pop("added_at")
    assert item == ok(alice.get("/posts"))["items"][0]


ADD: dict[str, Callable[[Person, int, int], Any]] = {
    "add_post": lambda who, made, post: who.post(
        f"/collections/{made}/add_post", {"post_id": post}
    ),
    "put": lambda who, made, post: who.put(f"/collections/{made}/posts/{post}"),
    "put with a body": lambda who, made, post: who.put(f"/collections/{made}/posts/{post}", {}),
}


@pytest.mark.parametrize("way", ADD)
def test_adding_twice_changes_nothing(alice: Person, way: str) -> None:
    posts = [alice.writes()["id"] for _ in range(2)]
    made = alice.collects(*posts)
    before = tag(alice, made)
    assert ok(ADD[way](alice, made, posts[0])) == shown(alice, made)
    assert (order(alice, made), tag(alice, made)) == (posts, before)


@pytest.mark.parametrize("way", ADD)
def test_what_one_may_not_read_is_not_added(
    alice: Person, bob: Person, ada: Person, way: str
) -> None:
    draft = bob.writes(status="draft")["id"]
    for who in (alice, ada):
        made = who.collects()
        problem(ADD[way](who, made, draft), 404)
        problem(ADD[way](who, made, 999), 404)
        assert order(who, made) == []


def test_ones_own_draft_is_added(alice: Person) -> None:
    draft = alice.writes(status="draft")["id"]
    assert order(alice, alice.collects(draft)) == [draft]


@pytest.mark.parametrize("name", ["bob", "ada"])
def test_nobody_adds_to_the_collection_of_another(
    request: pytest.FixtureRequest, alice: Person, name: str
) -> None:
    made, post = alice.collects(), alice.writes()["id"]
    problem(request.getfixturevalue(name).put(f"/collections/{made}/posts/{post}"), 404)


def test_what_is_not_in_it_is_not_taken_out(alice: Person) -> None:
    post, made = alice.writes()["id"], alice.collects()
    problem(alice.post(f"/collections/{made}/remove_post", {"post_id": post}), 404)
    problem(alice.delete(f"/collections/{made}/posts/{post}"), 404)


def test_a_post_is_in_several_collections(alice: Person, bob: Person) -> None:
    post = alice.writes()["id"]
    shelves = [(who, who.collects(post)) for who in (alice, alice, bob)]
    ok(alice.delete(f"/collections/{shelves[0][1]}/posts/{post}"))
    assert [order(who, made) for who, made in shelves] == [[], [post], [post]]


def test_a_deleted_post_leaves_collections_whole(alice: Person, bob: Person) -> None:
    posts = [alice.writes()["id"] for _ in range(3)]
    made = bob.collects(*posts)
    ok(alice.delete(f"/posts/{posts[1]}"))
    assert (order(bob, made), shown(bob, made)["posts"]) == ([posts[0], posts[2]], 2)


def test_a_deleted_collection_leaves_posts_whole(alice: Person) -> None:
    post = alice.writes()
    made, other = alice.collects(post["id"]), alice.collects(post["id"])
    ok(alice.delete(f"/collections/{made}"))
    problem(alice.get(f"/collections/{made}/posts"), 404)
    assert ok(alice.get(f"/posts/{post['id']}")) == post
    assert order(alice, other) == [post["id"]]


def test_a_collection_may_be_full(app: Flask, alice: Person) -> None:
    made, more = alice.collects(), [alice.writes()["id"] for _ in range(2)]
    with app.app_context():
        rows = [{"owner_id": alice.id, "title": "x"} for _ in range(999)]
        keys = db.session.scalars(insert(Post).returning(Post.id), rows).all()
        places = [
            {"collection_id": made, "post_id": key, "position": position}
            for key, position in zip(keys, ordering.fresh(999), strict=True)
        ]
        db.session.execute(insert(CollectionPost), places)
        db.session.commit()
    ok(alice.put(f"/collections/{made}/posts/{more[0]}"))
    told = problem(alice.put(f"/collections/{made}/posts/{more[1]}"), 409)
    assert "1,000" in told["detail"]
    ok(alice.put(f"/collections/{made}/posts/{more[0]}", {"before": keys[0]}))
    ok(alice.delete(f"/collections/{made}/posts/{keys[0]}"))
    ok(alice.put(f"/collections/{made}/posts/{more[1]}"))
    assert order(alice, made) == [more[0], *keys[1:], more[1]]


# -- drafts of others -----------------------------------------------------------------------------


@made_once
def held(alice: Person, bob: Person) -> tuple[list[int], int]:
    """Return three posts of alice's, and bob's collection of them, the middle one a draft now."""
    posts = [alice.writes()["id"] for _ in range(3)]
    made = bob.collects(*posts)
    ok(alice.patch(f"/posts/{posts[1]}", {"status": "draft"}))
    return posts, made


def test_a_post_that_became_a_draft_is_not_shown(bob: Person, held: tuple[list[int], int]) -> None:
    posts, made = held
    assert order(bob, made) == [posts[0], posts[2]]
    assert (shown(bob, made)["posts"], ok(bob.get("/collections"))["items"][0]["posts"]) == (2, 2)


def test_published_again_it_is_back_in_its_place(
    alice: Person, bob: Person, held: tuple[list[int], int]
) -> None:
    posts, made = held
    ok(alice.patch(f"/posts/{posts[1]}", {"status": "published"}))
    assert (order(bob, made), shown(bob, made)["posts"]) == (posts, 3)


def test_its_owner_goes_on_seeing_it_in_their_own(alice: Person) -> None:
    post = alice.writes()["id"]
    made = alice.collects(post)
    ok(alice.patch(f"/posts/{post}", {"status": "draft"}))
    assert (order(alice, made), shown(alice, made)["posts"]) == ([post], 1)


DEEDS: dict[str, Callable[[Person, str, list[int]], Any]] = {
    "take it out": lambda who, path, posts: who.delete(f"{path}/{posts[1]}"),
    "move it": lambda who, path, posts: who.put(f"{path}/{posts[1]}", {"before": posts[0]}),
    "put it again": lambda who, path, posts: who.put(f"{path}/{posts[1]}"),
    "stand next to it": lambda who, path, posts: who.put(f"{path}/{posts[0]}", {"after": posts[1]}),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_tells_that_a_draft_is_still_there(
    bob: Person, held: tuple[list[int], int], deed: str
) -> None:
    posts, made = held
    problem(DEEDS[deed](bob, f"/collections/{made}/posts", posts), 404)


# -- versions -------------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[Person, Person, str, list[int]], Any]] = {
    "a name": lambda bob, alice, path, posts: bob.patch(path, {"name": "New"}),
    "a post more": lambda bob, alice, path, posts: bob.put(f"{path}/posts/{posts[2]}"),
    "a post less": lambda bob, alice, path, posts: bob.delete(f"{path}/posts/{posts[0]}"),
    "another order": lambda bob, alice, path, posts: bob.put(
        f"{path}/posts/{posts[0]}", {"after": posts[1]}
    ),
    "a post deleted": lambda bob, alice, path, posts: alice.delete(f"/posts/{posts[0]}"),
    "a post taken back": lambda bob, alice, path, posts: alice.patch(
        f"/posts/{posts[0]}", {"status": "draft"}
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_tag_changes_with_what_is_shown(alice: Person, bob: Person, change: str) -> None:
    posts = [alice.writes()["id"] for _ in range(3)]
    made = bob.collects(*posts[:2])
    before = tag(bob, made)
    ok(CHANGES[change](bob, alice, f"/collections/{made}", posts))
    assert tag(bob, made) != before


def test_the_tag_stays_where_nothing_is_moved(alice: Person) -> None:
    posts = [alice.writes()["id"] for _ in range(2)]
    made = alice.collects(*posts)
    before = tag(alice, made)
    ok(alice.put(f"/collections/{made}/posts/{posts[0]}", {"before": posts[1]}))
    ok(alice.put(f"/collections/{made}/posts/{posts[1]}", {"after": posts[1]}))
    assert tag(alice, made) == before


def test_a_lost_update_is_refused(alice: Person) -> None:
    posts = [alice.writes()["id"] for _ in range(2)]
    made = alice.collects(posts[0])
    path, old = f"/collections/{made}", {"If-Match": tag(alice, made)}
    ok(alice.put(f"{path}/posts/{posts[1]}", headers=old))
    for answer in (
        alice.put(f"{path}/posts/{posts[1]}", {"before": posts[0]}, headers=old),
        alice.delete(f"{path}/posts/{posts[0]}", headers=old),
        alice.post(f"{path}/add_post", {"post_id": posts[0]}, headers=old),
        alice.post(f"{path}/remove_post", {"post_id": posts[0]}, headers=old),
        alice.put(path, {"name": "New"}, headers=old),
        alice.patch(path, {"name": "New"}, headers=old),
        alice.delete(path, headers=old),
    ):
        problem(answer, 412)
