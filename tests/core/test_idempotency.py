"""A POST with an Idempotency-Key is carried out once, however often and however it is repeated."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask, Response

from collab.core.errors import Conflict
from collab.core.http.idempotency import idempotent
from collab.core.idempotency import Claim
from collab.extensions import db
from collab.projects.models import Project

from ..conftest import http_for
from ..support import databases
from ..support.made_once import made_once
from ..support.people import PASSWORD, Person, ok
from ..support.problems import problem
from ..support.races import at_once

KEY = {"Idempotency-Key": "one-and-the-same"}
ACCOUNT = {"email": "new@example.com", "password": PASSWORD}


def makes(person: Person, name: str = "Apollo", headers: Any = KEY) -> httpx.Response:
    return person.post("/projects", {"name": name}, headers=headers)


def projects_of(person: Person) -> list[str]:
    return [one["name"] for one in ok(person.get("/projects"))["items"]]


# -- replay ---------------------------------------------------------------------------------------


def test_a_repeated_request_gets_the_first_answer(alice: Person) -> None:
    first, second = makes(alice), makes(alice)
    assert (second.status_code, second.json()) == (first.status_code, first.json())


def test_a_repeated_request_is_not_carried_out_again(alice: Person) -> None:
    makes(alice)
    makes(alice)
    assert projects_of(alice) == ["Apollo"]


def test_a_replay_says_so(alice: Person) -> None:
    replayed = [makes(alice).headers.get("Idempotency-Replayed") for _ in range(2)]
    assert replayed == [None, "true"]


@pytest.mark.parametrize("header", ["ETag", "Content-Type"])
def test_a_replay_has_the_headers_of_the_first_answer(alice: Person, header: str) -> None:
    assert makes(alice).headers[header] == makes(alice).headers[header]


def test_a_replay_has_a_request_id_of_its_own(alice: Person) -> None:
    assert makes(alice).headers["X-Request-ID"] != makes(alice).headers["X-Request-ID"]


def test_a_replay_outlives_the_resource(alice: Person) -> None:
    first = makes(alice)
    alice.delete(f"/projects/{first.json()['id']}")
    assert makes(alice).json() == first.json()


def test_another_name_of_the_address_is_the_same_route(alice: Person) -> None:
    first = makes(alice)
    assert alice.post("/api/projects/", {"name": "Apollo"}, headers=KEY).json() == first.json()


MADE = {
    "/auth/register": ACCOUNT,
    "/auth/signup": ACCOUNT,
    "/projects": {"name": "x"},
    "/projects/1/members": {"email": "charlie@example.com"},
    "/projects/1/workspaces": {"name": "x"},
    "/workspaces": {"name": "x", "project_id": 1},
    "/events": {"type": "activity", "project_id": 1},
}


@pytest.mark.parametrize("path", MADE)
def test_everything_that_is_made_is_made_once(alice: Person, project: int, path: str) -> None:
    assert project == 1
    first, second = (alice.post(path, MADE[path], headers=KEY) for _ in range(2))
    assert (first.status_code, second.text) == (201, first.text)


def test_an_invitation_is_accepted_once(alice: Person, project: int, nobody: Person) -> None:
    invited = alice.invites(project, "new@example.com")["invitation_id"]
    nobody.token = ok(nobody.post("/auth/register", ACCOUNT))["access_token"]
    first, second = (nobody.post(f"/invitations/{invited}/accept", headers=KEY) for _ in range(2))
    assert (first.status_code, second.text) == (201, first.text)


# -- scope ----------------------------------------------------------------------------------------


def test_another_body_with_the_key_is_422(alice: Person) -> None:
    makes(alice)
    problem(makes(alice, "Gemini"), 422)


def test_another_project_with_the_key_is_422(alice: Person) -> None:
    one, other = alice.makes_project(), alice.makes_project()
    body = {"email": "charlie@example.com"}
    ok(alice.post(f"/projects/{one}/members", body, headers=KEY))
    problem(alice.post(f"/projects/{other}/members", body, headers=KEY), 422)


def test_the_key_of_one_user_is_not_that_of_another(alice: Person, bob: Person) -> None:
    assert makes(alice).json()["id"] != makes(bob).json()["id"]


def test_the_key_of_one_route_is_not_that_of_another(alice: Person, project: int) -> None:
    makes(alice)
    body = {"name": "x", "project_id": project}
    assert alice.post("/workspaces", body, headers=KEY).status_code == 201


def test_a_user_is_the_same_in_all_sessions(alice: Person) -> None:
    assert makes(alice).json() == makes(alice.logs_in()).json()


def test_who_is_not_signed_in_is_known_by_the_address(
    make_app: Callable[..., Flask], nobody: Person
) -> None:
    http = http_for(make_app(TRUSTED_PROXIES="1"))
    behind = [{"X-Forwarded-For": f"192.0.2.{number}"} | KEY for number in (1, 1, 2)]
    answers = [http.post("/auth/register", json=ACCOUNT, headers=one) for one in behind]
    assert [answer.status_code for answer in answers] == [201, 201, 409]


def test_a_key_is_forgotten_after_a_day(alice: Person, table: Any) -> None:
    makes(alice)
    table.execute(
        "UPDATE idempotency_keys SET created_at = ?", (databases.from_now(minutes=-1441),)
    )
    makes(alice)
    assert projects_of(alice) == ["Apollo", "Apollo"]


def test_a_key_is_known_for_a_day(alice: Person, table: Any) -> None:
    makes(alice)
    table.execute(
        "UPDATE idempotency_keys SET created_at = ?", (databases.from_now(minutes=-1439),)
    )
    makes(alice)
    assert projects_of(alice) == ["Apollo"]


def test_without_a_key_each_request_counts(alice: Person) -> None:
    makes(alice, headers=None)
    makes(alice, headers=None)
    assert projects_of(alice) == ["Apollo", "Apollo"]


# -- refused attempts -----------------------------------------------------------------------------


def test_a_request_that_was_malformed_may_be_corrected(alice: Person) -> None:
    problem(makes(alice, ""), 422)
    assert makes(alice).status_code == 201


def test_a_request_that_was_forbidden_may_be_repeated(
    alice: Person, vera: Person, project: int
) -> None:
    path, body = f"/projects/{project}/workspaces", {"name": "x"}
    problem(vera.post(path, body, headers=KEY), 403)
    ok(alice.patch(f"/projects/{project}/members/{vera.id}", {"role": "collaborator"}))
    assert vera.post(path, body, headers=KEY).status_code == 201


def test_a_request_that_broke_may_be_repeated(make_app: Callable[..., Flask]) -> None:
    app, answers = make_app(), iter([RuntimeError(), Conflict(), Response("made", 201)])

    @app.post("/flaky")
    @idempotent
    def flaky() -> Response:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    http = http_for(app)
    assert [http.post("/flaky", headers=KEY).status_code for _ in range(4)] == [500, 409, 201, 201]


# -- races ----------------------------------------------------------------------------------------


def test_a_request_in_flight_makes_its_repetition_409(make_app: Callable[..., Flask]) -> None:
    app, begun, go_on = make_app(), threading.Event(), threading.Event()

    @app.post("/slow")
    @idempotent
    def slow() -> Response:
        begun.set()
        go_on.wait(30)
        return Response("made", 201)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(lambda: http_for(app).post("/slow", headers=KEY))
        begun.wait(30)
        second = http_for(app).post("/slow", headers=KEY)
        go_on.set()
    assert (first.result().status_code, problem(second, 409)["status"]) == (201, 409)
    assert int(second.headers["Retry-After"]) >= 1


RACERS = 32


@made_once
def race(app: Flask, alice: Person) -> list[tuple[int, str]]:
    """Return the statuses and the bodies that answer one request, sent by 32 threads at once."""
    answers = at_once(app, *[(alice, makes)] * RACERS)
    return [(one.status_code, one.text) for one in answers]


def test_of_32_at_once_one_is_carried_out(race: list[tuple[int, str]], alice: Person) -> None:
    assert projects_of(alice) == ["Apollo"]


def test_of_32_at_once_each_is_answered_alike_or_told_to_wait(race: list[tuple[int, str]]) -> None:
    made = {body for status, body in race if status == 201}
    assert (len(made), {status for status, _ in race} <= {201, 409}) == (1, True)


# -- crashes --------------------------------------------------------------------------------------


@pytest.fixture
def table(app: Flask, instance: Path) -> Iterator[Any]:
    """Return a connection to the database, to leave things as a crash would."""
    connection = databases.opened(instance)
    yield connection
    connection.close()


def crash(table: Any, state: str, *, lease: float) -> None:
    """Leave the key as a process does that died in a state, this long before its lease ends."""
    table.execute(
        "UPDATE idempotency_keys SET state = ?, answer = NULL, leased_until = ?",
        (state, databases.from_now(seconds=lease)),
    )


def test_a_crash_before_the_change_lets_the_repetition_carry_it_out(
    alice: Person, table: Any
) -> None:
    table.execute("DELETE FROM projects WHERE id = ?", (makes(alice).json()["id"],))
    crash(table, "claimed", lease=-1)
    assert makes(alice).status_code == 201


def test_after_a_crash_only_one_repetition_is_carried_out(alice: Person, table: Any) -> None:
    table.execute("DELETE FROM projects WHERE id = ?", (makes(alice).json()["id"],))
    crash(table, "claimed", lease=-1)
    makes(alice)
    makes(alice)
    assert projects_of(alice) == ["Apollo"]


def test_before_the_lease_is_over_nobody_takes_over(alice: Person, table: Any) -> None:
    makes(alice)
    crash(table, "claimed", lease=30)
    problem(makes(alice), 409)


def test_a_crash_between_the_change_and_its_answer_is_409(alice: Person, table: Any) -> None:
    makes(alice)
    crash(table, "done", lease=-1)
    assert "carried out" in problem(makes(alice), 409)["detail"]


def test_a_crash_between_the_change_and_its_answer_makes_nothing_twice(
    alice: Person, table: Any
) -> None:
    makes(alice)
    crash(table, "done", lease=-1)
    makes(alice)
    assert projects_of(alice) == ["Apollo"]


def test_what_breaks_after_its_commit_is_not_carried_out_again(
    make_app: Callable[..., Flask], table: Any
) -> None:
    app = make_app()

    @app.post("/broken")
    @idempotent
    def broken() -> Response:
        db.session.add(Project(name="Apollo"))
        db.session.commit()
        raise RuntimeError

    statuses = [http_for(app).post("/broken", headers=KEY).status_code for _ in range(3)]
    made = table.execute("SELECT count(*) FROM projects").fetchone()
    assert (statuses, made) == ([500, 409, 409], (1,))


# -- what is kept ---------------------------------------------------------------------------------


def dump(table: Any) -> str:
    return repr(table.execute("SELECT * FROM idempotency_keys").fetchall())


def test_kept_answers_are_sealed(nobody: Person, table: Any) -> None:
    answer = ok(nobody.post("/auth/register", ACCOUNT, headers=KEY))
    secrets = (answer["access_token"], answer["refresh_token"], PASSWORD, "new@example.com")
    assert not [one for one in secrets if one in dump(table)]


def test_a_replay_of_tokens_is_not_stored_by_caches(nobody: Person) -> None:
    answers = [nobody.post("/auth/register", ACCOUNT, headers=KEY) for _ in range(2)]
    assert [one.headers["Cache-Control"] for one in answers] == ["no-store", "no-store"]


def test_an_answer_is_given_again_whatever_its_length(alice: Person) -> None:
    body = {"type": "x.y", "payload": {"a": "x" * 200_000}}
    first = ok(alice.post("/events", body, headers={"Idempotency-Key": "long"}))
    again = alice.post("/events", body, headers={"Idempotency-Key": "long"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert ok(again) == first


# -- rights ---------------------------------------------------------------------------------------

#: What bob, a collaborator, makes in project 1, and what each is called.
MADE_IN_A_PROJECT = {
    "workspace": ("/projects/1/workspaces", {"name": "Desk"}),
    "flat workspace": ("/workspaces", {"name": "Desk", "project_id": 1}),
    "task": ("/projects/1/tasks", {"title": "Launch"}),
    "flat task": ("/tasks", {"title": "Launch", "project_id": 1}),
    "event": ("/events", {"type": "file_changed", "project_id": 1}),
}


@pytest.mark.parametrize("name", MADE_IN_A_PROJECT)
def test_no_answer_is_repeated_to_who_was_removed_since(
    alice: Person, bob: Person, project: int, name: str
) -> None:
    path, body = MADE_IN_A_PROJECT[name]
    ok(bob.post(path, body, headers=KEY))
    assert bob.post(path, body, headers=KEY).headers["Idempotency-Replayed"] == "true"
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    problem(bob.post(path, body, headers=KEY), 404)


@pytest.mark.parametrize("name", MADE_IN_A_PROJECT)
def test_no_answer_is_repeated_to_whose_role_is_too_low_since(
    alice: Person, bob: Person, project: int, name: str
) -> None:
    path, body = MADE_IN_A_PROJECT[name]
    ok(bob.post(path, body, headers=KEY))
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    problem(bob.post(path, body, headers=KEY), 403)


def test_who_was_invited_is_not_repeated_to_who_manages_no_longer(
    alice: Person, bob: Person, project: int
) -> None:
    path, body = f"/projects/{project}/members", {"email": "who@example.com"}
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "owner"}))
    ok(bob.post(path, body, headers=KEY))
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "collaborator"}))
    problem(bob.post(path, body, headers=KEY), 403)


def test_whoever_lost_the_right_is_still_told_of_another_body(
    alice: Person, bob: Person, project: int
) -> None:
    path = f"/projects/{project}/workspaces"
    ok(bob.post(path, {"name": "Desk"}, headers=KEY))
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    problem(bob.post(path, {"name": "Other"}, headers=KEY), 422)


def test_whoever_has_the_right_again_gets_the_first_answer(
    alice: Person, bob: Person, project: int
) -> None:
    path = f"/projects/{project}/workspaces"
    first = ok(bob.post(path, {"name": "Desk"}, headers=KEY))
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    alice.invites(project, bob.email)
    assert ok(bob.post(path, {"name": "Desk"}, headers=KEY)) == first


def test_an_answer_that_no_key_opens_any_more_is_lost_and_not_given_twice(
    app: Flask, alice: Person
) -> None:
    makes(alice)
    with app.app_context():
        db.session.query(Claim).update({"answer": "sealed by a key that is gone"})
        db.session.commit()
    body = problem(makes(alice), 409)
    assert "lost" in body["detail"]
    assert projects_of(alice) == ["Apollo"]
