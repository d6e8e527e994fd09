"""What admins see of everybody's jobs, and that they can stop them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ..support.history import rows
from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.work import seen

SECRET = "a word that is bob's alone"


def lists(person: Person, **query: Any) -> list[int]:
    return [one["id"] for one in ok(person.get("/jobs", params=query))["items"]]


def test_an_admin_lists_everybodys(
    ada: Person, alice: Person, bob: Person, project: int, desk: Desk
) -> None:
    made = [alice.submits()["id"], bob.submits()["id"], bob.submits(project_id=project)["id"]]
    assert lists(ada, scope="all") == made[::-1]
    assert lists(ada, scope="all", owner_id=bob.id) == lists(ada, owner_id=bob.id) == made[:0:-1]
    assert lists(ada, scope="all", status="queued", type="test_echo", limit=1) == made[2:]
    assert lists(ada, project_id=project, owner_id=alice.id) == []
    assert lists(ada) == []


@pytest.mark.parametrize("query", [{"scope": "all"}, {"owner_id": 1}])
def test_nobody_else_does(alice: Person, query: dict[str, Any]) -> None:
    problem(alice.get("/jobs", params=query), 403)
    made = alice.submits()["id"]
    assert lists(alice, owner_id=alice.id) == [made]


def test_members_see_whose_jobs_are_in_their_project(
    alice: Person, bob: Person, vera: Person, project: int
) -> None:
    made = [one.submits(project_id=project)["id"] for one in (alice, bob)]
    assert lists(vera, project_id=project, owner_id=bob.id) == made[1:]
    assert lists(bob, project_id=project, owner_id=vera.id) == []


def test_an_outline_says_nothing_of_what_is_the_owners(
    ada: Person, bob: Person, desk: Desk
) -> None:
    talks = bob.submits("test_talker", [[0.5, SECRET], ["stdout", SECRET]])["id"]
    fails = bob.submits("test_strange", SECRET)["id"]
    desk.work()
    whole = ada.get(f"/jobs/{talks}")
    listed = ada.get("/jobs?scope=all")
    assert SECRET not in whole.text + listed.text + ada.get(f"/jobs/{fails}").text
    shown = ok(whole)
    private = ("payload", "result", "output", "progress_message")
    assert [shown[name] for name in private] == [None] * 4
    assert (shown["withheld"], shown["owner_id"], shown["status"]) == (True, bob.id, "succeeded")
    assert [one["withheld"] for one in ok(listed)["items"]] == [True, True]


def test_an_errors_words_are_withheld_and_its_code_is_not(
    ada: Person, bob: Person, desk: Desk
) -> None:
    made = bob.submits("test_buggy", "key")["id"]
    desk.work()
    error = seen(ada, made)["error"]
    assert error["code"] == "error"
    assert "nothing" in seen(bob, made)["error"]["message"]
    assert "nothing" not in error["message"]


@pytest.mark.parametrize("part", ["log", "attempts", "output"])
def test_its_parts_are_not_there(ada: Person, bob: Person, desk: Desk, part: str) -> None:
    made = bob.submits("test_file")["id"]
    desk.work()
    problem(ada.get(f"/jobs/{made}/{part}"), 404)
    problem(ada.get(f"/events?topic=job:{made}"), 404)
    problem(ada.post(f"/jobs/{made}/retry"), 404)


def test_what_is_in_a_project_is_shown_whole(ada: Person, bob: Person, project: int) -> None:
    made = bob.submits(project_id=project)["id"]
    assert seen(ada, made)["withheld"] is False
    assert seen(ada, made)["payload"] == seen(bob, made)["payload"]


def test_the_owner_sees_their_own_whole(bob: Person) -> None:
    made = bob.submits()
    assert made["withheld"] is False
    assert ok(bob.get("/jobs"))["items"][0]["withheld"] is False


def test_an_admin_cancels_anybodys(app: Flask, ada: Person, bob: Person) -> None:
    made = bob.submits()["id"]
    shown = ok(ada.post(f"/jobs/{made}/cancel"))
    assert (shown["status"], shown["withheld"], shown["payload"]) == ("cancelled", True, None)
    assert seen(bob, made)["status"] == "cancelled"
    assert [row.actor for row in rows(app, f"job:{made}")] == [bob.id, ada.id]
    found = ok(ada.get("/audit?type=job.cancelled"))["items"]
    assert [(one["actor"]["id"], one["withheld"]) for one in found] == [(ada.id, True)]


def test_an_outlines_tag_is_good_for_cancelling_it(ada: Person, bob: Person) -> None:
    made = bob.submits()["id"]
    tags = [who.get(f"/jobs/{made}").headers["ETag"] for who in (bob, ada)]
    assert tags[0] != tags[1]
    problem(ada.post(f"/jobs/{made}/cancel", headers={"If-Match": tags[0]}), 412)
    assert ada.post(f"/jobs/{made}/cancel", headers={"If-Match": tags[1]}).status_code == 200
