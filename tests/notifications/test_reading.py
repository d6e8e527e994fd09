"""Listing, showing and counting: one's own, and only of what one may still see."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from collab.events.catalogue.posts import PostCreated, PostPublished, PostUnpublished
from collab.events.catalogue.tasks import TaskAssigned, TaskCommented
from collab.extensions import db
from collab.notifications import keeping
from collab.notifications.models import Notification
from collab.posts.models import DRAFT, PUBLISHED, Post
from collab.tasks.models import Comment, Task

from ..support.notes import Notes
from ..support.people import Person, ok


def assigned(notes: Notes, owner: Person, to: Person, project_id: int) -> int:
    """Let somebody be assigned a task and return it."""
    task = notes.task(owner, project_id, to)
    event = TaskAssigned(
        task_id=task,
        owner_id=owner.id,
        project_id=project_id,
        title="Launch",
        assignee_id=to.id,
        mentioned=[],
    )
    notes.happens(event, actor=owner)
    return task


def mentioned(notes: Notes, owner: Person, who: Person) -> int:
    """Let somebody be mentioned in a published post and return it."""
    post = notes.post(owner)
    event = PostCreated(post_id=post, owner_id=owner.id, title="x", public=True, mentioned=[who.id])
    notes.happens(event, actor=owner)
    return post


def seen(notes: Notes, who: Person, key: int) -> tuple[int, int, int]:
    """Return what somebody sees: items in the list, the unread count, one's status."""
    return (
        len(notes.told(who)),
        ok(who.get("/notifications/unread"))["unread"],
        who.get(f"/notifications/{key}").status_code,
    )


def test_a_removed_member_sees_nothing_of_the_project(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    assigned(notes, alice, bob, project)
    key = notes.told(bob)[0]["id"]
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    assert seen(notes, bob, key) == (0, 0, 404)
    for method in ("PATCH", "DELETE"):
        assert bob.request(method, f"/notifications/{key}", json={"read": True}).status_code == 404


def test_who_comes_back_to_a_project_finds_what_they_had_not_read(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    assigned(notes, alice, bob, project)
    before = notes.told(bob)
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    ok(bob.post("/notifications/read", {"all": True}))
    alice.invites(project, bob.email)
    assert notes.told(bob)[1:] == before


def test_who_is_removed_before_it_is_made_is_not_told(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    assigned(notes, alice, bob, project)
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    notes.catch_up()
    alice.invites(project, bob.email)
    assert notes.kinds(bob) == ["invited"]


def test_a_deleted_project_takes_its_notifications_along(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    assigned(notes, alice, bob, project)
    key = notes.told(bob)[0]["id"]
    ok(alice.delete(f"/projects/{project}"))
    assert seen(notes, bob, key) == (0, 0, 404)


def test_a_deleted_task_takes_its_notifications_along(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    task = assigned(notes, alice, bob, project)
    key = notes.told(bob)[0]["id"]
    notes.gone(Task, task)
    assert seen(notes, bob, key) == (1, 1, 404)


def test_a_deleted_comment_takes_its_notifications_along(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    task = notes.task(alice, project, bob)
    this = notes.comment(task, alice)
    place = {"task_id": task, "owner_id": alice.id, "project_id": project, "title": "Launch"}
    said = TaskCommented(**place, comment_id=this, excerpt="Well.", mentioned=[])
    notes.happens(said, actor=alice)
    key = notes.told(bob)[0]["id"]
    notes.gone(Comment, this)
    assert seen(notes, bob, key) == (1, 1, 404)


def test_a_post_that_is_a_draft_again_hides_what_was_told_of_it_at_once(
    notes: Notes, alice: Person, charlie: Person
) -> None:
    post = mentioned(notes, alice, charlie)
    key = notes.told(charlie)[0]["id"]
    notes.becomes(Post, post, status=DRAFT)
    assert seen(notes, charlie, key) == (0, 0, 404)


def test_a_post_that_is_published_again_shows_what_was_told_of_it_and_tells_nobody_twice(
    notes: Notes, alice: Person, charlie: Person
) -> None:
    post = mentioned(notes, alice, charlie)
    told = notes.told(charlie)
    where = {"post_id": post, "owner_id": alice.id, "title": "x", "public": True}
    notes.happens(PostUnpublished(**where), PostPublished(**where, mentioned=[charlie.id]))
    notes.becomes(Post, post, status=DRAFT)
    assert notes.told(charlie) == []
    notes.becomes(Post, post, status=PUBLISHED)
    notes.happens(PostPublished(**where, mentioned=[charlie.id]))
    assert notes.told(charlie) == told


def test_who_could_not_be_told_of_a_draft_is_told_when_it_is_published_again(
    notes: Notes, alice: Person, charlie: Person
) -> None:
    post = mentioned(notes, alice, charlie)
    notes.becomes(Post, post, status=DRAFT)
    assert notes.told(charlie) == []
    notes.becomes(Post, post, status=PUBLISHED)
    notes.happens(
        PostPublished(
            post_id=post, owner_id=alice.id, title="x", public=True, mentioned=[charlie.id]
        )
    )
    assert len(notes.told(charlie)) == 1


def test_names_are_those_of_now(notes: Notes, alice: Person, bob: Person, project: int) -> None:
    task = assigned(notes, alice, bob, project)
    before = notes.told(bob)[0]
    ok(alice.patch("/auth/me", {"name": "Alicia"}))
    notes.becomes(Task, task, title="Landing")
    after = bob.get(f"/notifications/{before['id']}")
    assert after.json()["text"] == "Alicia assigned “Landing” to you."


def test_the_tag_changes_with_the_text(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    key = assigned(notes, alice, bob, project) and notes.told(bob)[0]["id"]
    tag = bob.get(f"/notifications/{key}").headers["ETag"]
    headers = {"If-None-Match": tag}
    assert bob.get(f"/notifications/{key}", headers=headers).status_code == 304
    ok(alice.patch("/auth/me", {"name": "Alicia"}))
    assert bob.get(f"/notifications/{key}", headers=headers).status_code == 200


def test_a_list_is_filtered_by_kind_and_by_what_is_unread(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    assigned(notes, alice, bob, project)
    latest = notes.told(bob)[0]["id"]
    ok(bob.patch(f"/notifications/{latest}", {"read": True}))
    found = [
        notes.kinds(bob),
        [one["kind"] for one in notes.told(bob, unread="true")],
        [one["kind"] for one in notes.told(bob, unread="false")],
        [one["kind"] for one in notes.told(bob, kind="invited")],
    ]
    assert found == [["invited", "assigned"], ["invited"], ["assigned"], ["invited"]]


@pytest.mark.parametrize("query", [{"kind": "gossip"}, {"unread": "maybe"}, {"unread": "2"}])
def test_an_unknown_filter_is_refused(bob: Person, query: dict[str, Any]) -> None:
    assert bob.get("/notifications", params=query).status_code == 422


def test_only_ones_own_are_shown(notes: Notes, alice: Person, bob: Person, project: int) -> None:
    key = notes.told(bob)[0]["id"]
    assert notes.told(alice) == []
    assert alice.get(f"/notifications/{key}").status_code == 404


def test_counts_tell_the_kinds(notes: Notes, alice: Person, bob: Person, project: int) -> None:
    assigned(notes, alice, bob, project)
    assigned(notes, alice, bob, project)
    notes.catch_up()
    body = ok(bob.get("/notifications/unread"))
    counts = {kind: count for kind, count in body["by_kind"].items() if count}
    assert (body["unread"], counts) == (3, {"invited": 1, "assigned": 2})


def test_only_the_newest_are_kept(
    notes: Notes, alice: Person, bob: Person, vera: Person, project: int
) -> None:
    task = notes.task(alice, project, bob)
    notes.catch_up()
    event = TaskAssigned(
        task_id=task,
        owner_id=alice.id,
        project_id=project,
        title="x",
        assignee_id=bob.id,
        mentioned=[],
    )
    for _ in range(3):
        notes.happens(*[event] * 400, actor=alice)
    notes.catch_up()
    assert ok(bob.get("/notifications/unread"))["unread"] == keeping.MAX_NOTIFICATIONS_KEPT
    assert notes.kinds(vera) == ["invited"]


def test_a_reader_who_pages_while_new_ones_come_misses_and_doubles_none(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    for _ in range(12):
        assigned(notes, alice, bob, project)
    there = [one["id"] for one in notes.told(bob)]
    found: list[int] = []
    address: str | None = "/notifications?limit=3"
    while address:
        page = bob.get(address)
        found += [one["id"] for one in page.json()["items"]]
        assigned(notes, alice, bob, project)
        notes.catch_up()
        address = page.links.get("next", {}).get("url")
    assert found == there


def forget_all(app: Flask) -> None:
    """Leave nobody a notification: one example's would be paged through by each after it."""
    with app.app_context():
        db.session.execute(delete(Notification))
        db.session.commit()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["new", "delete", "next"]), max_size=15))
def test_no_survivor_is_lost_or_doubled_whatever_happens_between_pages(
    notes: Notes, alice: Person, bob: Person, project: int, steps: list[str]
) -> None:
    forget_all(notes.app)
    for _ in range(4):
        assigned(notes, alice, bob, project)
    there = [one["id"] for one in notes.told(bob)]
    deleted: set[int] = set()
    found, address = [], "/notifications?limit=2"
    for step in [*steps, *["next"] * 100]:
        if step == "new":
            assigned(notes, alice, bob, project)
            notes.catch_up()
        elif step == "delete":
            key = there[(len(deleted) * 3) % len(there)]
            if bob.delete(f"/notifications/{key}").status_code == 204:
                deleted.add(key)
        elif address:
            page = bob.get(address)
            found += [one["id"] for one in page.json()["items"]]
            address = page.links.get("next", {}).get("url", "")
    assert len(found) == len(set(found))
    assert set(there) - deleted <= set(found)


def test_marking_and_removing_at_once_keeps_the_count_right(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    for _ in range(10):
        assigned(notes, alice, bob, project)
    keys = [one["id"] for one in notes.told(bob)]

    def acts(number: int) -> None:
        for key in keys[number::2]:
            bob.patch(f"/notifications/{key}", {"read": True})
            bob.delete(f"/notifications/{key}")

    threads = [threading.Thread(target=acts, args=[number % 2]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ok(bob.get("/notifications/unread"))["unread"] == 0
