"""What is a person's own is gone after an erasure: from the whole database and from the disk."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from collab.core.storage.housekeeping import HOUSEKEEPER
from collab.extensions import db
from collab.jobs.models import ENDED_STATUSES, Job
from collab.maintenance.people import erasing

from ..conftest import http_for
from ..support import databases
from ..support.jobs import Desk
from ..support.locks import Queue
from ..support.people import PASSWORD, Person, ok
from ..support.problems import problem
from .exports import made
from .zebulonia import EMAIL, NAME, traces, words


def finish(app: Flask, desk: Desk) -> None:
    """Do what is to be done beside requests: the job, and what the housekeeper does."""
    desk.work()
    HOUSEKEEPER.of(app).do_all()


def test_nothing_of_her_is_left_in_the_database_or_on_the_disk(
    app: Flask, desk: Desk, zeb: Person, alice: Person, together: int, instance: Path
) -> None:
    folder = instance
    (folder / "mail").mkdir(exist_ok=True)
    (folder / "mail" / "1.eml").write_text(f"To: {EMAIL}\n\nHello {NAME}")
    (folder / "mail" / "2.eml").write_text("To: alice@example.com\n\nHello")
    seen = {place.partition(": ")[2] for place in traces(folder)}
    assert seen >= {"zebulonia", "quaggabrowser", "plumbiferous", "ombrophobous"}, "a blind search"
    assert words(folder)
    made(zeb, desk)
    assert any(".zip" in place for place in traces(folder)), "no export"

    assert zeb.delete("/auth/me", json={"password": PASSWORD}).status_code == 204
    finish(app, desk)

    assert words(folder) == set()
    assert traces(folder) == []
    assert (folder / "mail" / "2.eml").exists()
    with closing(databases.opened(folder)) as database:
        if not databases.server():
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("SELECT count(*) FROM erasures").fetchone() == (0,)


def test_what_is_a_projects_stays_without_her_name(
    app: Flask, desk: Desk, zeb: Person, alice: Person, together: int, project: int
) -> None:
    assert zeb.delete("/auth/me", json={"password": PASSWORD}).status_code == 204
    finish(app, desk)

    (comment,) = ok(alice.get(f"/tasks/{together}/comments"))["items"]
    assert comment["body"] == "I will see to it"
    assert "Zebulonia" not in json.dumps(comment)
    assert ok(alice.get(f"/tasks/{together}"))["assignee_id"] is None
    members = ok(alice.get(f"/projects/{project}/members"))["items"]
    assert zeb.id not in [one["user_id"] for one in members]


def test_she_is_out_at_once_and_her_address_is_free(
    app: Flask, zeb: Person, http: httpx.Client
) -> None:
    assert zeb.delete("/auth/me", json={"password": PASSWORD}).status_code == 204

    assert zeb.get("/auth/me").status_code == 401
    account = {"email": EMAIL, "password": PASSWORD}
    assert http.post("/api/v1/auth/login", json=account).status_code == 401
    again = ok(http.post("/api/v1/auth/register", json=account))
    assert again["user"]["id"] != zeb.id


def test_it_wants_a_proof_and_somebody_left_to_own_what_others_use(
    zeb: Person, alice: Person, project: int
) -> None:
    problem(zeb.delete("/auth/me", json={"password": "wrong password"}), 401)
    refused = problem(alice.delete("/auth/me", json={"password": PASSWORD}), 409)
    assert refused["detail"].endswith(f"Their ids: {project}.")
    assert ok(alice.get("/auth/me"))["email"] == alice.email
    taken = alice.delete("/auth/me", json={"password": PASSWORD, "take_projects": True})
    assert taken.status_code == 204


def test_the_last_admin_stays(ada: Person) -> None:
    problem(ada.delete("/auth/me", json={"password": PASSWORD}), 409)


@pytest.fixture
def queue(app: Flask, instance: Path) -> Iterator[Queue]:
    made = Queue(app, instance)
    yield made
    made.database.close()


def erases_themself(who: Person) -> httpx.Response:
    return who.delete("/auth/me", json={"password": PASSWORD})


def test_an_admin_who_becomes_the_last_one_meanwhile_stays(
    queue: Queue, ada: Person, alice: Person
) -> None:
    ok(ada.patch(f"/users/{alice.id}", {"role": "admin"}))
    demoted = f"UPDATE users SET role = 'user' WHERE id = {alice.id}"
    (answer,) = queue.overtaken([(ada, erases_themself)], demoted)
    problem(answer, 409)
    assert ok(ada.get("/auth/me"))["role"] == "admin"


def test_whom_a_project_was_left_to_meanwhile_does_not_leave_it_without_an_owner(
    queue: Queue, alice: Person, bob: Person, project: int
) -> None:
    members = "UPDATE members SET role = CASE user_id WHEN {} THEN 'owner' ELSE 'viewer' END"
    (answer,) = queue.overtaken([(bob, erases_themself)], members.format(bob.id))
    refused = problem(answer, 409)
    assert refused["detail"].endswith(f"Their ids: {project}.")
    assert ok(bob.get(f"/projects/{project}"))["role"] == "owner"


@pytest.fixture
def after_commit() -> Iterator[Callable[[int, Callable[[], object]], None]]:
    """Return a way to do something elsewhere, right after so many commits of this thread."""
    waiting: list[tuple[int, Callable[[], object]]] = []
    here, commits = threading.current_thread(), itertools.count(1)

    def look(_: object) -> None:
        if threading.current_thread() is here and waiting and next(commits) == waiting[0][0]:
            thread = threading.Thread(target=waiting.pop()[1])
            thread.start()
            thread.join()

    event.listen(Session, "after_commit", look)
    yield lambda number, act: waiting.append((number, act))
    event.remove(Session, "after_commit", look)


@pytest.mark.parametrize("commit", range(1, 8))
def test_what_she_begins_meanwhile_ends_with_her(
    app: Flask, zeb: Person, after_commit: Callable[..., None], commit: int
) -> None:
    """Her projects are deleted in transactions of their own: she is still there in between."""
    zeb.makes_project("Mercury"), zeb.makes_project("Gemini")
    after_commit(
        commit, lambda: zeb.at(http_for(app)).post("/jobs", {"type": "test_echo", "payload": {}})
    )
    assert zeb.delete("/auth/me", json={"password": PASSWORD}).status_code == 204
    with app.app_context():
        mine = select(Job.status).where(Job.owner_id == zeb.id, Job.type != "erase")
        assert set(db.session.scalars(mine)) <= set(ENDED_STATUSES)


@pytest.mark.parametrize("commit", range(1, 8))
def test_a_project_that_is_not_hers_alone_any_more_stays(
    app: Flask, zeb: Person, alice: Person, after_commit: Callable[..., None], commit: int
) -> None:
    zeb.makes_project("Mercury")
    gemini = zeb.makes_project("Gemini")
    added: list[int] = []

    def share() -> None:
        owner = {"email": alice.email, "role": "owner"}
        answer = zeb.at(http_for(app)).post(f"/projects/{gemini}/members", owner)
        added.append(answer.status_code)

    after_commit(commit, share)
    assert zeb.delete("/auth/me", json={"password": PASSWORD}).status_code == 204
    there = alice.get(f"/projects/{gemini}").status_code
    assert there == (200 if added == [201] else 404)


def test_an_admin_can_and_nobody_else(
    app: Flask, desk: Desk, ada: Person, bob: Person, zeb: Person, instance: Path
) -> None:
    assert bob.delete(f"/users/{zeb.id}", json={"password": PASSWORD}).status_code == 403
    assert ada.delete(f"/users/{zeb.id}", json={"password": PASSWORD}).status_code == 204
    finish(app, desk)
    shown = ok(ada.get(f"/users/{zeb.id}"))
    assert (shown["name"], shown["disabled"]) == (erasing.ERASED_NAME, True)
    assert traces(instance) == []


def test_asked_for_twice_it_still_looks_for_the_words_of_the_first_time(
    app: Flask, desk: Desk, ada: Person, zeb: Person, instance: Path
) -> None:
    for _ in range(2):
        assert ada.delete(f"/users/{zeb.id}", json={"password": PASSWORD}).status_code == 204
    finish(app, desk)
    assert traces(instance) == []
