"""The table of rules: who is told of what."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from collab.events.catalogue import catalogue
from collab.events.catalogue.jobs import JobCancelled
from collab.events.catalogue.posts import PostCreated, PostPublished, PostUpdated
from collab.events.catalogue.tasks import (
    TaskAssigned,
    TaskCommented,
    TaskCommentEdited,
    TaskCreated,
    TaskReminded,
    TaskUpdated,
)
from collab.events.concerns import FAMILIES
from collab.notifications.models import KINDS
from collab.posts.models import DRAFT

from ..support.jobs import Desk
from ..support.notes import Notes
from ..support.people import Person, ok

DUE = "2026-03-01T12:00:00+02:00"


def where(task_id: int, owner: Person, project_id: int | None) -> dict[str, Any]:
    return {"task_id": task_id, "owner_id": owner.id, "project_id": project_id, "title": "Launch"}


def commented(place: dict[str, Any], comment_id: int, *mentioned: Person) -> TaskCommented:
    names = [one.id for one in mentioned]
    return TaskCommented(**place, comment_id=comment_id, excerpt="Well.", mentioned=names)


def test_every_rule_is_of_a_known_type_and_kind(app: Flask) -> None:
    families = FAMILIES.of(app).values()
    words = {"member", "task", "post", "job", "schedule", "webhook"}
    assert {family.word for family in families} == words
    assert {kind for one in families for kind in one.rules} <= catalogue().keys()
    used = {rule.kind for one in families for rules in one.rules.values() for rule in rules}
    assert used == set(KINDS)


def test_a_family_says_a_sentence_of_each_kind_that_it_tells(app: Flask) -> None:
    for one in FAMILIES.of(app).values():
        told = {rule.kind for rules in one.rules.values() for rule in rules}
        assert one.sentences.keys() == told
        assert {kind.partition(".")[0] for kind in one.rules} == {one.word}


def test_a_new_member_is_told_that_they_were_invited(
    notes: Notes, alice: Person, bob: Person
) -> None:
    project = alice.makes_project(bob="viewer")
    (one,) = notes.told(bob)
    assert one["kind"] == "invited"
    assert one["text"] == "Alice added you to “Apollo” as a viewer."
    assert one["actor"] == {"id": alice.id, "name": "Alice"}
    assert (one["subject"], one["project_id"]) == (f"project:{project}", project)
    assert (one["data"], one["read_at"]) == ({"role": "viewer"}, None)


def test_who_makes_a_project_is_not_told_so(notes: Notes, alice: Person) -> None:
    alice.makes_project()
    assert notes.told(alice) == []


def test_who_accepts_an_invitation_is_not_told_of_it(
    notes: Notes, alice: Person, nobody: Person
) -> None:
    from ..support.people import register

    project = alice.makes_project()
    invitation = alice.invites(project, "dora@example.com")["invitation_id"]
    dora = register(nobody.http, "dora")
    ok(dora.post(f"/invitations/{invitation}/accept"))
    assert notes.told(dora) == []


def test_a_changed_role_is_told_to_the_member(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "owner"}))
    one = notes.told(bob)[0]
    assert (one["kind"], one["text"]) == ("role_changed", "Alice made you an owner of “Apollo”.")


def test_an_assignee_is_told(notes: Notes, alice: Person, bob: Person, project: int) -> None:
    task = notes.task(alice, project, bob)
    notes.happens(
        TaskAssigned(**where(task, alice, project), assignee_id=bob.id, mentioned=[]), actor=alice
    )
    one = notes.told(bob)[0]
    assert (one["kind"], one["subject"]) == ("assigned", f"task:{task}")
    assert one["text"] == "Alice assigned “Launch” to you."


def test_who_assigns_themself_is_not_told(notes: Notes, bob: Person, project: int) -> None:
    notes.catch_up()
    before = notes.told(bob)
    task = notes.task(bob, project, bob)
    notes.happens(
        TaskAssigned(**where(task, bob, project), assignee_id=bob.id, mentioned=[]), actor=bob
    )
    assert notes.told(bob) == before


@pytest.mark.parametrize("kind", ["created", "updated", "commented", "comment_edited"])
def test_who_is_mentioned_in_a_task_is_told(
    notes: Notes, alice: Person, bob: Person, project: int, kind: str
) -> None:
    task = notes.task(alice, project)
    comment = notes.comment(task, alice)
    place = where(task, alice, project) | {"mentioned": [bob.id]}
    said = place | {"comment_id": comment, "excerpt": "@bob"}
    made = {
        "created": lambda: TaskCreated(
            **place, status="todo", priority="low", assignee_id=None, due_at=None, tags=[]
        ),
        "updated": lambda: TaskUpdated(**place, changes={}),
        "commented": lambda: TaskCommented(**said),
        "comment_edited": lambda: TaskCommentEdited(**said),
    }
    notes.happens(made[kind](), actor=alice)
    one = notes.told(bob)[0]
    place_named = "a comment on " if kind.startswith("comment") else ""
    assert one["text"] == f"Alice mentioned you in {place_named}“Launch”."
    assert one["kind"] == "mentioned"


@pytest.mark.parametrize("kind", [PostCreated, PostUpdated, PostPublished])
def test_who_is_mentioned_in_a_post_is_told(
    notes: Notes, alice: Person, charlie: Person, kind: Any
) -> None:
    post = notes.post(alice)
    more = {"changed": ["body"]} if kind is PostUpdated else {}
    event = kind(
        post_id=post, owner_id=alice.id, title="x", public=True, mentioned=[charlie.id], **more
    )
    notes.happens(event, actor=alice)
    (one,) = notes.told(charlie)
    assert (one["kind"], one["subject"]) == ("mentioned", f"post:{post}")
    assert one["text"] == "Alice mentioned you in the post “News”."


def test_a_mention_in_a_draft_is_told_to_nobody(
    notes: Notes, alice: Person, charlie: Person
) -> None:
    post = notes.post(alice, DRAFT)
    event = PostCreated(
        post_id=post, owner_id=alice.id, title="x", public=False, mentioned=[charlie.id]
    )
    notes.happens(event, actor=alice)
    assert notes.told(charlie) == []


def test_a_comment_is_told_to_owner_assignee_and_earlier_commenters(
    notes: Notes, alice: Person, bob: Person, vera: Person, ada: Person, project: int
) -> None:
    ok(alice.post(f"/projects/{project}/members", {"email": ada.email, "role": "collaborator"}))
    task = notes.task(alice, project, bob)
    notes.comment(task, vera)
    this = notes.comment(task, ada)
    notes.comment(task, ada)
    notes.happens(commented(where(task, alice, project), this), actor=ada)
    found = {one.name: notes.kinds(one) for one in (alice, bob, vera, ada)}
    assert found == {
        "alice": ["commented"],
        "bob": ["invited", "commented"],
        "vera": ["invited", "commented"],
        "ada": ["invited"],
    }


def test_who_comments_later_was_not_concerned(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    task = notes.task(alice, project)
    first = notes.comment(task, alice)
    notes.comment(task, bob)
    notes.happens(commented(where(task, alice, project), first), actor=alice)
    assert notes.kinds(bob) == ["invited"]


def test_a_mention_in_a_comment_is_told_once_as_that(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    task = notes.task(alice, project, bob)
    this = notes.comment(task, alice)
    notes.happens(commented(where(task, alice, project), this, bob), actor=alice)
    assert notes.kinds(bob) == ["invited", "mentioned"]


def test_who_mentions_themself_is_not_told(notes: Notes, alice: Person) -> None:
    task = notes.task(alice)
    this = notes.comment(task, alice)
    notes.happens(commented(where(task, alice, None), this, alice), actor=alice)
    assert notes.told(alice) == []


@pytest.mark.parametrize(
    ("kind", "outcome", "said"),
    [
        ("test_echo", "succeeded", "succeeded"),
        ("test_hopeless", "failed", "failed"),
        ("test_buggy", "died", "failed for the last time"),
    ],
)
def test_a_jobs_owner_is_told_how_it_ended(
    notes: Notes, desk: Desk, bob: Person, kind: str, outcome: str, said: str
) -> None:
    job = bob.submits(kind, "key" if kind == "test_buggy" else None)["id"]
    desk.work()
    (one,) = notes.told(bob)
    assert (one["kind"], one["subject"], one["actor"]) == ("job_finished", f"job:{job}", None)
    assert one["text"] == f"Your job {job} ({kind}) {said}."
    assert one["data"] == {"job_id": job, "outcome": outcome}


def test_who_cancels_their_own_job_is_not_told(notes: Notes, bob: Person) -> None:
    job = bob.submits()["id"]
    ok(bob.post(f"/jobs/{job}/cancel"))
    assert notes.told(bob) == []


def test_whose_waiting_job_somebody_else_cancels_is_told(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    job = bob.submits(project_id=project)["id"]
    ok(alice.post(f"/jobs/{job}/cancel"))
    assert notes.told(bob)[0]["text"] == f"Alice cancelled your job {job} (test_echo)."


@pytest.mark.parametrize("by_himself", [False, True])
def test_who_cancelled_a_running_job_is_known_from_their_request(
    notes: Notes, alice: Person, bob: Person, project: int, by_himself: bool
) -> None:
    from collab.events.catalogue.jobs import JobCancelRequested

    job = bob.submits(project_id=project)["id"]
    notes.happens(
        JobCancelRequested(job_id=job, project_id=project), actor=bob if by_himself else alice
    )
    notes.happens(JobCancelled(job_id=job, project_id=project))
    expected = [] if by_himself else [f"Alice cancelled your job {job} (test_echo)."]
    assert [one["text"] for one in notes.told(bob, kind="job_finished")] == expected


def test_a_due_task_is_told_to_its_assignee(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    task = notes.task(alice, project, bob)
    due = TaskReminded(**where(task, alice, project), due_at=DUE, assignee_id=bob.id)
    notes.happens(due)
    one = notes.told(bob)[0]
    assert (one["kind"], one["text"]) == ("due_soon", "“Launch” was due at 2026-03-01 10:00 UTC.")
    assert one["data"] == {"due_at": "2026-03-01T10:00:00Z", "due_zone": "UTC", "others": 0}
    assert notes.told(alice) == []


def test_a_due_task_that_is_assigned_to_nobody_is_told_to_its_owner(
    notes: Notes, alice: Person
) -> None:
    task = notes.task(alice)
    notes.happens(TaskReminded(**where(task, alice, None), due_at=DUE, assignee_id=None))
    assert notes.kinds(alice) == ["due_soon"]


def test_an_outsider_is_not_told_even_if_an_event_names_them(
    notes: Notes, alice: Person, charlie: Person, ada: Person, project: int
) -> None:
    task = notes.task(alice, project)
    this = notes.comment(task, alice)
    notes.happens(commented(where(task, alice, project), this, charlie, ada), actor=alice)
    assert (notes.told(charlie), notes.told(ada)) == ([], [])


def test_a_personal_task_is_told_to_its_owner_alone(
    notes: Notes, alice: Person, ada: Person, bob: Person
) -> None:
    task = notes.task(alice)
    notes.comment(task, bob)
    this = notes.comment(task, ada)
    notes.happens(commented(where(task, alice, None), this, bob), actor=ada)
    assert (notes.kinds(alice), notes.kinds(bob)) == (["commented"], [])


def test_a_disabled_account_is_told_nothing(
    notes: Notes, ada: Person, alice: Person, bob: Person
) -> None:
    alice.makes_project(bob="viewer")
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    notes.catch_up()
    ok(ada.patch(f"/users/{bob.id}", {"disabled": False}))
    assert notes.told(bob.logs_in()) == []


def test_an_event_of_what_is_gone_is_told_to_nobody(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    from collab.tasks.models import Task

    before = notes.told(bob)
    task = notes.task(alice, project, bob)
    notes.happens(
        TaskAssigned(**where(task, alice, project), assignee_id=bob.id, mentioned=[]), actor=alice
    )
    notes.gone(Task, task)
    assert notes.told(bob) == before


@pytest.mark.parametrize(
    ("due", "zone", "others", "said"),
    [
        (
            "2100-11-29T09:59:59Z",
            "Pacific/Honolulu",
            0,
            "is due at 2100-11-28 23:59 (Pacific/Honolulu).",
        ),
        ("2100-11-28T12:00:00Z", "Asia/Kolkata", 0, "is due at 2100-11-28 17:30 (Asia/Kolkata)."),
        ("2001-01-01T23:59:59Z", "UTC", 0, "was due at 2001-01-01 23:59 UTC."),
        ("2100-11-28T12:00:00Z", "Atlantis/Center", 0, "is due at 2100-11-28 12:00 UTC."),
        (
            "2100-11-28T12:00:00Z",
            "UTC",
            29,
            "is due at 2100-11-28 12:00 UTC, and 29 more of your tasks are due or overdue.",
        ),
    ],
)
def test_a_due_date_is_told_in_its_zone(
    notes: Notes,
    alice: Person,
    bob: Person,
    project: int,
    due: str,
    zone: str,
    others: int,
    said: str,
) -> None:
    task = notes.task(alice, project, bob)
    about = where(task, alice, project)
    reminded = TaskReminded(**about, due_at=due, due_zone=zone, assignee_id=bob.id, others=others)
    notes.happens(reminded)
    assert notes.told(bob)[0]["text"] == f"“Launch” {said}"
