"""Whoever is blocked has nothing more to do with who blocked them, and is not told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from collab.auth import blocks
from collab.auth.models import Block, User
from collab.extensions import db

from ..conftest import http_for
from ..support.notes import Notes
from ..support.people import Person, ok
from ..support.problems import problem


@pytest.fixture
def notes(app: Flask) -> Notes:
    made = Notes(app)
    made.catch_up()
    return made


def blocks_somebody(who: Person, whom: Person) -> None:
    ok(who.put(f"/auth/me/blocks/{whom.id}"))


def blocked_by(who: Person) -> list[int]:
    return [one["user_id"] for one in ok(who.get("/auth/me/blocks"))["items"]]


def without_changes(body: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer tells of whether there is an account."""
    return {key: body[key] for key in ("status", "user_id", "name", "role")}


def test_a_block_is_listed_until_it_is_taken_back(alice: Person, bob: Person) -> None:
    blocks_somebody(alice, bob)
    blocks_somebody(alice, bob)
    assert (blocked_by(alice), blocked_by(bob)) == ([bob.id], [])
    ok(alice.delete(f"/auth/me/blocks/{bob.id}"))
    assert blocked_by(alice) == []
    problem(alice.delete(f"/auth/me/blocks/{bob.id}"), 404)


def test_nobody_blocks_themselves_or_nobody(alice: Person) -> None:
    problem(alice.put(f"/auth/me/blocks/{alice.id}"), 409)
    problem(alice.put("/auth/me/blocks/999"), 404)


def test_blocks_are_bounded(app: Flask, alice: Person, bob: Person) -> None:
    with app.app_context():
        many = [
            {
                "id": 1000 + number,
                "email": f"{number}@spam.example",
                "name": "x",
                "password_hash": "",
            }
            for number in range(blocks.MAX_BLOCKS)
        ]
        db.session.execute(insert(User), many)
        blocked = [{"user_id": alice.id, "blocked_id": one["id"]} for one in many]
        db.session.execute(insert(Block), blocked)
        db.session.commit()
    problem(alice.put(f"/auth/me/blocks/{bob.id}"), 409)
    ok(alice.put("/auth/me/blocks/1000"))


def test_whoever_is_blocked_gets_the_answer_for_an_unknown_address(
    alice: Person, bob: Person
) -> None:
    blocks_somebody(bob, alice)
    mine = alice.makes_project()
    known, unknown = (alice.invites(mine, email) for email in (bob.email, "who@example.com"))
    assert without_changes(known) == without_changes(unknown)
    again = [
        alice.post(f"/projects/{mine}/members", {"email": one["email"]}) for one in (known, unknown)
    ]
    assert [one.status_code for one in again] == [409, 409]
    assert again[0].json()["detail"] == again[1].json()["detail"]


def test_whoever_blocked_the_inviter_is_not_added_and_sees_nothing_of_it(
    notes: Notes, alice: Person, bob: Person
) -> None:
    blocks_somebody(bob, alice)
    mine = alice.makes_project()
    key = alice.invites(mine, bob.email)["invitation_id"]
    assert ok(bob.get("/projects"))["items"] == []
    assert ok(bob.get("/invitations"))["items"] == []
    problem(bob.post(f"/invitations/{key}/accept"), 404)
    assert notes.kinds(bob) == []


def test_an_invitation_is_there_when_the_block_is_taken_back(alice: Person, bob: Person) -> None:
    blocks_somebody(bob, alice)
    mine = alice.makes_project()
    alice.invites(mine, bob.email)
    ok(bob.delete(f"/auth/me/blocks/{alice.id}"))
    (one,) = ok(bob.get("/invitations"))["items"]
    assert ok(bob.post(f"/invitations/{one['id']}/accept"))["user_id"] == bob.id


def test_others_still_add_who_blocked_somebody(alice: Person, bob: Person, charlie: Person) -> None:
    blocks_somebody(charlie, alice)
    mine = alice.makes_project(bob="owner")
    alice.invites(mine, charlie.email)
    assert bob.invites(mine, charlie.email)["user_id"] == charlie.id
    assert ok(alice.get(f"/projects/{mine}/invitations"))["items"] == []


def test_whoever_is_blocked_has_nobody_notified(
    notes: Notes, alice: Person, bob: Person, project: int
) -> None:
    blocks_somebody(bob, alice)
    task = alice.makes_task(project_id=project, assignee_id=bob.id, description="@bob, look")
    alice.comments(task["id"], "@bob?")
    alice.writes(body="@bob")
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    assert notes.kinds(bob) == []


def test_what_somebody_did_before_is_hidden_at_once_and_shown_again(
    notes: Notes, alice: Person, bob: Person
) -> None:
    alice.writes(body="@bob")
    (one,) = notes.told(bob)
    blocks_somebody(bob, alice)
    assert notes.told(bob) == []
    assert ok(bob.get("/notifications/unread"))["unread"] == 0
    problem(bob.get(f"/notifications/{one['id']}"), 404)
    ok(bob.delete(f"/auth/me/blocks/{alice.id}"))
    assert len(notes.told(bob)) == 1


def test_who_blocks_may_still_mention(notes: Notes, alice: Person, bob: Person) -> None:
    blocks_somebody(bob, alice)
    bob.writes(body="@alice")
    assert notes.kinds(alice) == ["mentioned"]


# -- how many are added ---------------------------------------------------------------------------


@pytest.fixture
def limited(make_app: Callable[..., Flask]) -> Flask:
    return make_app(INVITE_RATE_LIMIT="3 per hour")


def test_adding_and_inviting_is_bounded_by_the_hour(
    limited: Flask, alice: Person, bob: Person, charlie: Person, vera: Person
) -> None:
    with http_for(limited) as http:
        owner = alice.at(http)
        mine = [owner.makes_project() for _ in range(4)]
        emails = [bob.email, "who@example.com", charlie.email, vera.email]
        answers = [
            owner.post(f"/projects/{place}/members", {"email": email})
            for place, email in zip(mine, emails, strict=True)
        ]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 3600
        assert ok(owner.get(f"/projects/{mine[3]}/members"))["items"][1:] == []


def test_asking_who_has_an_account_is_bounded_too(
    limited: Flask, alice: Person, bob: Person
) -> None:
    with http_for(limited) as http:
        owner = alice.at(http)
        mine = owner.makes_project()
        sent = {"email": bob.email}
        answers = [owner.post(f"/projects/{mine}/members", sent) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [201, 409, 409, 429, 429]


def test_what_is_refused_or_repeated_does_not_count(
    limited: Flask, alice: Person, bob: Person, charlie: Person
) -> None:
    with http_for(limited) as http:
        owner, outsider = alice.at(http), charlie.at(http)
        mine = owner.makes_project()
        path, key = f"/projects/{mine}/members", {"Idempotency-Key": "1"}
        for _ in range(5):
            problem(outsider.post(path, {"email": bob.email}), 404)
            ok(owner.post(path, {"email": bob.email}, headers=key))
        ok(owner.post(path, {"email": "who@example.com"}))
        ok(outsider.post(f"/projects/{outsider.makes_project()}/members", {"email": bob.email}))


def test_a_class_of_thirty_is_added_at_once(alice: Person) -> None:
    mine = alice.makes_project()
    for number in range(30):
        alice.invites(mine, f"pupil{number}@example.com")
    invited = ok(alice.get(f"/projects/{mine}/invitations", params={"limit": 100}))["items"]
    assert len(invited) == 30
