"""Writing, reading, changing and deleting posts."""

from __future__ import annotations

from typing import Any

import pytest

from ..support.people import Person, ok
from ..support.problems import pointers, problem

HELLO = {"title": "Hello", "body": "World"}


def test_a_post_is_published_at_once(alice: Person) -> None:
    made = alice.writes("Hello", "World")
    wanted = HELLO | {"status": "published", "owner_id": alice.id}
    assert made | wanted == made
    assert made["published_at"]


def test_a_draft_has_not_been_published(alice: Person) -> None:
    made = alice.writes(status="draft")
    assert (made["status"], made["published_at"]) == ("draft", None)


def test_the_answer_is_what_reading_shows(alice: Person, nobody: Person) -> None:
    made = alice.writes()
    assert ok(nobody.get(f"/posts/{made['id']}")) == made


def test_a_bad_token_is_told_and_not_overlooked(alice: Person) -> None:
    post = alice.writes()["id"]
    alice.token = "bad"
    problem(alice.get(f"/posts/{post}"), 401)
    problem(alice.get("/posts"), 401)


@pytest.mark.parametrize("change", [{"title": "New"}, {"body": "New"}, {"body": ""}])
def test_a_part_is_changed(alice: Person, change: dict[str, str]) -> None:
    made = alice.writes()
    changed = ok(alice.patch(f"/posts/{made['id']}", change))
    assert changed | {"updated_at": ""} == made | change | {"updated_at": ""}


def test_a_whole_post_is_replaced(alice: Person) -> None:
    made = alice.writes()
    new = {"title": "New", "body": "Newer"}
    ok(alice.put(f"/posts/{made['id']}", new))
    assert ok(alice.get(f"/posts/{made['id']}")).items() >= new.items()


@pytest.mark.parametrize("status", ["draft", "published"])
def test_replacing_without_a_status_leaves_it_as_it_is(alice: Person, status: str) -> None:
    made = alice.writes(status=status)
    assert ok(alice.put(f"/posts/{made['id']}", HELLO))["status"] == status


@pytest.mark.parametrize("status", ["draft", "published"])
def test_a_status_can_be_put(alice: Person, status: str) -> None:
    made = alice.writes()
    assert ok(alice.put(f"/posts/{made['id']}", HELLO | {"status": status}))["status"] == status


def test_publishing_and_taking_back_move_the_time_of_publication(alice: Person) -> None:
    path = f"/posts/{alice.writes(status='draft')['id']}"
    first = ok(alice.patch(path, {"status": "published"}))["published_at"]
    assert ok(alice.patch(path, {"status": "draft"}))["published_at"] is None
    assert ok(alice.patch(path, {"status": "published"}))["published_at"] > first


def test_an_admin_moderates_what_is_published(ada: Person, alice: Person) -> None:
    path = f"/posts/{alice.writes()['id']}"
    ok(ada.patch(path, {"title": "Moderated"}))
    assert ok(alice.get(path))["title"] == "Moderated"


def test_what_an_admin_took_back_is_out_of_their_sight(ada: Person, alice: Person) -> None:
    path = f"/posts/{alice.writes()['id']}"
    ok(ada.patch(path, {"status": "draft"}))
    problem(ada.get(path), 404)
    assert ok(alice.get(path))["status"] == "draft"


def test_a_deleted_post_is_gone(alice: Person) -> None:
    path = f"/posts/{alice.writes()['id']}"
    ok(alice.delete(path))
    problem(alice.get(path), 404)


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"body": "x"}, "#/title"),
        ({"title": "x"}, "#/body"),
        (HELLO | {"title": ""}, "#/title"),
        (HELLO | {"title": " "}, "#/title"),
        (HELLO | {"title": "two\nlines"}, "#/title"),
        (HELLO | {"title": "x" * 201}, "#/title"),
        (HELLO | {"body": "x" * 100_001}, "#/body"),
        (HELLO | {"body": "\0"}, "#/body"),
        (HELLO | {"body": None}, "#/body"),
        (HELLO | {"status": "hidden"}, "#/status"),
        (HELLO | {"owner_id": 1}, "#/owner_id"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_makes_no_post_is_422(alice: Person, body: dict[str, Any], at: str) -> None:
    assert set(pointers(alice.post("/posts", body))) == {at}


def test_a_body_may_be_long(alice: Person) -> None:
    made = alice.writes(body="é" * 100_000)
    assert len(ok(alice.get(f"/posts/{made['id']}"))["body"]) == 100_000


def test_a_lost_update_is_refused(alice: Person) -> None:
    path = f"/posts/{alice.writes()['id']}"
    tag = {"If-Match": alice.get(path).headers["ETag"]}
    ok(alice.patch(path, {"title": "First"}, headers=tag))
    for answer in (
        alice.patch(path, {"title": "Second"}, headers=tag),
        alice.put(path, HELLO, headers=tag),
        alice.delete(path, headers=tag),
    ):
        problem(answer, 412)


def test_what_one_has_already_is_304(alice: Person, nobody: Person) -> None:
    path = f"/posts/{alice.writes()['id']}"
    tag = {"If-None-Match": alice.get(path).headers["ETag"]}
    assert nobody.get(path, headers=tag).status_code == 304


def test_a_key_makes_one_post_of_two_requests(alice: Person) -> None:
    key = {"Idempotency-Key": "one"}
    made = [ok(alice.post("/posts", HELLO, headers=key))["id"] for _ in range(2)]
    assert made[0] == made[1]
