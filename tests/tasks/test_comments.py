"""What people say about tasks."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ..support.made_once import made_once
from ..support.people import Person, ok, paged
from ..support.problems import pointers, problem
from ..support.records import recording


@made_once
def task(alice: Person, project: int) -> int:
    """Return the id of a task in the project."""
    return alice.makes_task(project_id=project)["id"]


@made_once
def comment(bob: Person, task: int) -> dict[str, Any]:
    """Return what bob said about it."""
    return bob.comments(task, "Is it ready?")


def path(comment: dict[str, Any]) -> str:
    return f"/tasks/{comment['task_id']}/comments/{comment['id']}"


def test_a_comment_is_shown_and_listed(
    vera: Person, bob: Person, task: int, comment: dict[str, Any]
) -> None:
    wanted = {"task_id": task, "author_id": bob.id, "body": "Is it ready?"}
    assert comment | wanted == comment
    assert ok(vera.get(path(comment))) == comment
    assert ok(vera.get(f"/tasks/{task}/comments"))["items"] == [comment]


def test_comments_come_in_pages_in_order(bob: Person, task: int) -> None:
    made = [bob.comments(task, str(number))["id"] for number in range(5)]
    assert paged(bob, f"/tasks/{task}/comments?limit=2") == made
    assert paged(bob, f"/tasks/{task}/comments?limit=2&sort=-id") == made[::-1]


@pytest.mark.parametrize("body", ["", " \n\t", "a\0", "x" * 10_001, 1, None])
def test_a_comment_must_say_something(bob: Person, task: int, body: Any) -> None:
    assert set(pointers(bob.post(f"/tasks/{task}/comments", {"body": body}))) == {"#/body"}


def test_a_comment_may_have_several_lines(bob: Person, task: int) -> None:
    assert bob.comments(task, "\n a\n\tb\n")["body"] == "\n a\n\tb\n"


def test_the_author_changes_what_they_said(bob: Person, comment: dict[str, Any]) -> None:
    assert ok(bob.patch(path(comment), {"body": "It is."}))["body"] == "It is."


@pytest.mark.parametrize("name", ["alice", "ada"])
def test_nobody_else_changes_it(
    request: pytest.FixtureRequest, comment: dict[str, Any], name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    problem(person.patch(path(comment), {"body": "I agree."}), 403)


def test_an_author_who_may_no_longer_write_changes_nothing(
    alice: Person, bob: Person, project: int, comment: dict[str, Any]
) -> None:
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    problem(bob.patch(path(comment), {"body": "It is."}), 403)
    problem(bob.delete(path(comment)), 403)


def test_an_owner_deletes_what_another_said(alice: Person, comment: dict[str, Any]) -> None:
    ok(alice.delete(path(comment)))
    problem(alice.get(path(comment)), 404)


def test_a_collaborator_deletes_only_what_they_said(
    alice: Person, bob: Person, task: int, comment: dict[str, Any]
) -> None:
    problem(bob.delete(path(alice.comments(task))), 403)
    ok(bob.delete(path(comment)))


def test_a_comment_is_of_its_task_only(
    bob: Person, alice: Person, project: int, comment: dict[str, Any]
) -> None:
    other = alice.makes_task(project_id=project)["id"]
    for method in ("GET", "PATCH", "DELETE"):
        body = {"body": "Mine"} if method == "PATCH" else None
        problem(bob.request(method, f"/tasks/{other}/comments/{comment['id']}", json=body), 404)


def test_a_lost_update_is_412(bob: Person, comment: dict[str, Any]) -> None:
    headers = {"If-Match": '"7"'}
    problem(bob.patch(path(comment), {"body": "It is."}, headers=headers), 412)
    problem(bob.delete(path(comment), headers=headers), 412)


def test_a_repeated_request_makes_one_comment(bob: Person, task: int) -> None:
    key = {"Idempotency-Key": "once"}
    for _ in range(2):
        ok(bob.post(f"/tasks/{task}/comments", {"body": "Once"}, headers=key))
    assert len(ok(bob.get(f"/tasks/{task}/comments"))["items"]) == 1


def test_what_is_said_is_recorded(
    app: Flask, alice: Person, bob: Person, vera: Person, project: int, task: int
) -> None:
    with recording(app) as told:
        made = bob.comments(task, "@alice " + "x" * 300)
        ok(bob.patch(path(made), {"body": "@alice, @vera, @charlie"}))
        ok(bob.patch(path(made), {"body": "@alice, @vera, @charlie"}))
        ok(bob.delete(path(made)))
    assert [(one.type, one.topic) for one in told] == [
        ("task.commented", f"project:{project}"),
        ("task.comment_edited", f"project:{project}"),
        ("task.comment_deleted", f"project:{project}"),
    ]
    assert [one.data.get("mentioned") for one in told] == [[alice.id], [vera.id], None]
    assert told[0].data["excerpt"] == "@alice " + "x" * 192 + "…"


def test_comments_go_with_their_task(alice: Person, task: int, comment: dict[str, Any]) -> None:
    ok(alice.delete(f"/tasks/{task}"))
    problem(alice.get(path(comment)), 404)
