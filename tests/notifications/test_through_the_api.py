"""What people do to tasks and posts, and what others are told of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from collab.core.models import utcnow
from collab.notifications.notifier import remind_of_some

from ..support.notes import Notes
from ..support.people import Person, ok
from ..support.servers import ProcessServer
from ..support.waiting import eventually


def makes_task(who: Person, **values: Any) -> int:
    return int(ok(who.post("/tasks", {"title": "Launch"} | values))["id"])


def soon(hours: int = 3) -> str:
    return (utcnow() + timedelta(hours=hours)).isoformat()


def texts(notes: Notes, who: Person) -> list[str]:
    """Return what somebody is told of tasks and posts, the oldest first."""
    found = notes.told(who, sort="id")
    return [one["text"] for one in found if not one["subject"].startswith("project:")]


def test_a_task_from_beginning_to_end(
    notes: Notes, alice: Person, bob: Person, vera: Person, project: int
) -> None:
    task = makes_task(alice, project_id=project, assignee_id=bob.id, description="see @vera")
    ok(bob.post(f"/tasks/{task}/comments", {"body": "Done, @alice?"}))
    ok(alice.post(f"/tasks/{task}/comments", {"body": "Yes."}))
    assert texts(notes, alice) == ["Bob mentioned you in a comment on “Launch”."]
    assert texts(notes, vera) == ["Alice mentioned you in “Launch”."]
    assert texts(notes, bob) == [
        "Alice assigned “Launch” to you.",
        "Alice commented on “Launch”.",
    ]
    ok(alice.delete(f"/tasks/{task}"))
    assert [texts(notes, one) for one in (alice, bob, vera)] == [[], [], []]


def test_whoever_is_mentioned_is_told_once_of_a_text_however_often_it_is_edited(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    task = makes_task(alice, project_id=project)
    said = ok(alice.post(f"/tasks/{task}/comments", {"body": "@bob"}))["id"]
    post = alice.writes(body="@bob")["id"]
    for path in (f"/tasks/{task}/comments/{said}", f"/posts/{post}"):
        for body in ("nobody", "@bob", "`@bob`", "@Bob!"):
            ok(alice.patch(path, {"body": body}))
    for description in ("@bob", "", "@bob again"):
        ok(alice.patch(f"/tasks/{task}", {"description": description}))
    for status in ("draft", "published", "draft", "published"):
        ok(alice.patch(f"/posts/{post}", {"status": status}))
    told = [
        "Alice mentioned you in a comment on “Launch”.",
        "Alice mentioned you in “Launch”.",
        "Alice mentioned you in the post “Hello”.",
    ]
    assert sorted(texts(notes, bob)) == sorted(told)
    for one in notes.told(bob):  # what they deleted does not come back either
        ok(bob.delete(f"/notifications/{one['id']}"))
    ok(alice.patch(f"/posts/{post}", {"body": "no"}))
    ok(alice.patch(f"/posts/{post}", {"body": "@bob"}))
    assert texts(notes, bob) == []


def test_who_is_assigned_and_mentioned_in_one_request_is_told_once(
    notes: Notes, alice: Person, bob: Person, vera: Person, project: int
) -> None:
    words = "for @bob, and @vera"
    makes_task(alice, project_id=project, assignee_id=bob.id, description=words)
    assert texts(notes, bob) == ["Alice assigned “Launch” to you."]
    assert texts(notes, vera) == ["Alice mentioned you in “Launch”."]


def test_who_becomes_the_assignee_and_is_newly_mentioned_by_one_change_is_told_once(
    notes: Notes, alice: Person, bob: Person, vera: Person, project: int
) -> None:
    task = makes_task(alice, project_id=project)
    changes = {"assignee_id": bob.id, "description": "@bob has it from @vera"}
    ok(alice.patch(f"/tasks/{task}", changes))
    assert texts(notes, bob) == ["Alice assigned “Launch” to you."]
    assert texts(notes, vera) == ["Alice mentioned you in “Launch”."]


def test_a_mention_of_who_is_the_assignee_already_is_told(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    task = makes_task(alice, project_id=project, assignee_id=bob.id)
    ok(alice.patch(f"/tasks/{task}", {"description": "@bob", "priority": "high"}))
    assert texts(notes, bob) == [
        "Alice assigned “Launch” to you.",
        "Alice mentioned you in “Launch”.",
    ]


@pytest.mark.parametrize(
    ("muted", "told"),
    [
        (["assigned"], ["Alice mentioned you in “Launch”."]),
        (["mentioned"], ["Alice assigned “Launch” to you."]),
        (["assigned", "mentioned"], []),
    ],
)
def test_of_two_kinds_only_the_one_that_is_muted_is_not_told(
    muted: list[str], told: list[str], notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    ok(bob.patch("/notifications/preferences", dict.fromkeys(muted, False)))
    makes_task(alice, project_id=project, assignee_id=bob.id, description="@bob")
    assert texts(notes, bob) == told


def test_who_mutes_mentions_is_told_of_the_comment_on_their_task(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    ok(bob.patch("/notifications/preferences", {"mentioned": False}))
    task = makes_task(bob, project_id=project)
    ok(alice.post(f"/tasks/{task}/comments", {"body": "@bob, well?"}))
    assert texts(notes, bob) == ["Alice commented on “Launch”."]


def test_a_deleted_comment_is_told_no_longer(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    task = makes_task(alice, project_id=project)
    comment = ok(bob.post(f"/tasks/{task}/comments", {"body": "Hm."}))["id"]
    assert texts(notes, alice) == ["Bob commented on “Launch”."]
    ok(bob.delete(f"/tasks/{task}/comments/{comment}"))
    assert texts(notes, alice) == []


def test_a_post_from_draft_to_draft(notes: Notes, alice: Person, bob: Person) -> None:
    draft = {"title": "News", "body": "by @bob", "status": "draft"}
    post = ok(alice.post("/posts", draft))["id"]
    assert texts(notes, bob) == []
    ok(alice.patch(f"/posts/{post}", {"status": "published"}))
    assert texts(notes, bob) == ["Alice mentioned you in the post “News”."]
    ok(alice.patch(f"/posts/{post}", {"status": "draft"}))
    assert texts(notes, bob) == []


def test_a_draft_is_hidden_before_the_reader_has_seen_that_it_is_one(
    notes: Notes, alice: Person, bob: Person
) -> None:
    post = ok(alice.post("/posts", {"title": "News", "body": "by @bob"}))["id"]
    notes.catch_up()
    ok(alice.patch(f"/posts/{post}", {"status": "draft", "title": "Secret"}))
    assert ok(bob.get("/notifications"))["items"] == []


def test_a_due_task_is_told_once_however_often_it_is_looked_for(
    notes: Notes, make_app: Callable[..., Flask], alice: Person
) -> None:
    makes_task(alice, due_at=soon())
    makes_task(alice, due_at=soon(hours=48))

    def looks(app: Flask) -> None:
        with app.app_context():
            remind_of_some()
            remind_of_some()

    threads = [threading.Thread(target=looks, args=[make_app()]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert notes.kinds(alice) == ["due_soon"]


def test_another_due_date_is_told_again(notes: Notes, alice: Person) -> None:
    task = makes_task(alice, due_at=soon())
    for hours in (3, 4):
        ok(alice.patch(f"/tasks/{task}", {"due_at": soon(hours)}))
        with notes.app.app_context():
            remind_of_some()
    assert notes.kinds(alice) == ["due_soon", "due_soon"]


def test_a_server_reminds_once_through_a_crash(
    quiet: Callable[..., ProcessServer], over: Callable[..., Person], alice: Person
) -> None:
    first = quiet(NOTIFIER="on")
    first.kill()  # which has kept a place
    task = makes_task(alice, due_at=soon())
    servers = first.start(), quiet(NOTIFIER="on")
    there = over(servers[0], alice)
    (one,) = eventually(lambda: ok(there.get("/notifications"))["items"])
    for server in servers:
        server.kill()
        server.start()
    ok(alice.patch(f"/tasks/{task}", {"title": "Landing"}))
    assert [two["id"] for two in ok(there.get("/notifications"))["items"]] == [one["id"]]


@pytest.mark.parametrize("role", ["viewer", "collaborator"])
def test_a_removed_assignee_is_told_no_more(
    notes: Notes, alice: Person, bob: Person, role: str
) -> None:
    project = alice.makes_project(bob=role)
    makes_task(alice, project_id=project, assignee_id=bob.id, due_at=soon())
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    with notes.app.app_context():
        remind_of_some()
    assert (notes.told(bob), notes.kinds(alice)) == ([], ["due_soon"])
