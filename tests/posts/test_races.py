"""Several threads on one post or one collection."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from flask import Flask

from ..support.people import Person, ok
from ..support.races import at_once, statuses
from .shelves import order, shown

Act = Callable[[Person], httpx.Response]


@pytest.mark.parametrize("round_", range(3))
def test_of_an_owner_and_an_admin_with_one_version_one_wins(
    app: Flask, alice: Person, ada: Person, round_: int
) -> None:
    path = f"/posts/{alice.writes()['id']}"
    headers = {"If-Match": alice.get(path).headers["ETag"]}

    def title(text: str) -> Act:
        return lambda who: who.patch(path, {"title": text}, headers=headers)

    answers = at_once(app, (alice, title("Alice's")), (ada, title("Ada's")))
    assert statuses(answers) == [200, 412]
    won = next(one for one in answers if one.status_code == 200)
    assert ok(alice.get(path)) == won.json()


@pytest.mark.parametrize("round_", range(3))
def test_an_admin_changes_no_draft_however_late_it_became_one(
    app: Flask, alice: Person, ada: Person, round_: int
) -> None:
    path = f"/posts/{alice.writes()['id']}"
    answers = at_once(
        app,
        (alice, lambda who: who.patch(path, {"status": "draft", "title": "Mine"})),
        (ada, lambda who: who.patch(path, {"title": "Moderated"})),
    )
    assert answers[0].status_code == 200
    assert answers[1].status_code in (200, 404)
    assert ok(alice.get(path))["title"] == "Mine"


def test_a_post_that_many_add_at_once_is_there_once(app: Flask, alice: Person) -> None:
    post, made = alice.writes()["id"], alice.collects()
    add: Act = lambda who: who.post(f"/collections/{made}/add_post", {"post_id": post})  # noqa: E731
    answers = at_once(app, *[(alice, add)] * 8)
    assert statuses(answers) == [200] * 8
    assert (order(alice, made), shown(alice, made)["posts"]) == ([post], 1)


def test_many_who_add_and_move_leave_one_order(app: Flask, alice: Person) -> None:
    posts = [alice.writes()["id"] for _ in range(12)]
    made = alice.collects(*posts[:6])

    def place(post: int, neighbour: int) -> Act:
        path, body = f"/collections/{made}/posts/{post}", {"before": neighbour}
        return lambda who: who.put(path, body)

    moves = [place(post, posts[0]) for post in posts[1:6]]
    additions = [place(post, posts[1]) for post in posts[6:]]
    answers = at_once(app, *[(alice, act) for act in moves + additions])
    assert statuses(answers) == [200] * 11
    assert sorted(order(alice, made, limit=5)) == sorted(posts)


def test_of_many_with_one_version_of_a_collection_one_wins(app: Flask, alice: Person) -> None:
    posts, made = [alice.writes()["id"] for _ in range(5)], alice.collects()
    headers = {"If-Match": alice.get(f"/collections/{made}").headers["ETag"]}

    def add(post: int) -> Act:
        return lambda who: who.put(f"/collections/{made}/posts/{post}", headers=headers)

    answers = at_once(app, *[(alice, add(post)) for post in posts])
    assert statuses(answers) == [200, 412, 412, 412, 412]
    assert len(order(alice, made)) == 1


def test_a_post_that_is_deleted_while_it_is_added_is_nowhere(
    app: Flask, alice: Person, bob: Person
) -> None:
    post, made = alice.writes()["id"], bob.collects()
    answers = at_once(
        app,
        (alice, lambda who: who.delete(f"/posts/{post}")),
        (bob, lambda who: who.put(f"/collections/{made}/posts/{post}")),
    )
    assert answers[0].status_code == 204
    assert answers[1].status_code in (200, 404)
    assert (order(bob, made), shown(bob, made)["posts"]) == ([], 0)
