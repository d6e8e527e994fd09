"""What was decided on the way to the writer's lock is decided again when it is held.

Requests are stopped at the lock; what they relied on is changed under it; then they go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collab.core.database import TURNS
from collab.core.security import argon2id
from collab.events.log import BELL

from ..conftest import SETTINGS
from ..support.locks import Act, Queue
from ..support.people import PASSWORD, Person
from ..support.races import at_once
from ..support.sockets import Socket
from ..support.waiting import eventually

NEW = "another good one"
HASH_MIB = int(SETTINGS["PASSWORD_HASH_MB"])
NEW_HASH, OLD_HASH = argon2id.make(NEW, HASH_MIB), argon2id.make(PASSWORD, HASH_MIB)
AS_BEFORE = f"UPDATE users SET password_hash = '{OLD_HASH}', disabled_at = NULL"


@pytest.fixture
def queue(app: Flask, instance: Path) -> Iterator[Queue]:
    made = Queue(app, instance)
    yield made
    made.database.close()


def changed(person: Person) -> str:
    return f"UPDATE users SET password_hash = '{NEW_HASH}' WHERE id = {person.id}"


def disabled(person: Person) -> str:
    return f"UPDATE users SET disabled_at = CURRENT_TIMESTAMP WHERE id = {person.id}"


def ended(person: Person) -> str:
    return f"UPDATE sessions SET revoked_at = CURRENT_TIMESTAMP WHERE user_id = {person.id}"


def demoted(person: Person) -> str:
    return f"UPDATE users SET role = 'user' WHERE id = {person.id}"


def removed(person: Person) -> str:
    return f"DELETE FROM members WHERE user_id = {person.id}"


def log_in(person: Person, password: str = PASSWORD) -> httpx.Response:
    return person.post("/auth/login", {"email": person.email, "password": password})


def refresh(person: Person) -> httpx.Response:
    return person.post("/auth/refresh", {"refresh_token": person.refresh_token})


def change(person: Person, current: str = PASSWORD, new: str = NEW) -> httpx.Response:
    return person.post("/auth/password", {"current_password": current, "new_password": new})


# -- signing in -----------------------------------------------------------------------------------


def test_no_session_begins_with_a_password_that_was_changed_meanwhile(
    queue: Queue, alice: Person
) -> None:
    nobody = Person("alice", alice.http)
    answers = queue.overtaken([(nobody, log_in)] * 3, changed(alice))
    assert [answer.status_code for answer in answers] == [401] * 3


def test_a_password_that_was_kept_anew_meanwhile_is_still_right(
    queue: Queue, alice: Person
) -> None:
    again = argon2id.make(PASSWORD, HASH_MIB)
    kept_anew = f"UPDATE users SET password_hash = '{again}' WHERE id = {alice.id}"
    (answer,) = queue.overtaken([(Person("alice", alice.http), log_in)], kept_anew)
    assert answer.status_code == 200


def test_an_outdated_hash_is_not_written_over_a_changed_password(
    queue: Queue, alice: Person
) -> None:
    outdated = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    kept = f"UPDATE users SET password_hash = '{outdated.hash(PASSWORD)}' WHERE id = {alice.id}"
    queue.database.execute(kept)
    (answer,) = queue.overtaken([(Person("alice", alice.http), log_in)], changed(alice))
    assert answer.status_code == 401
    assert log_in(Person("alice", alice.http), NEW).status_code == 200


def test_a_password_is_not_changed_over_one_that_was_changed_meanwhile(
    queue: Queue, alice: Person
) -> None:
    (answer,) = queue.overtaken(
        [(alice, lambda who: change(who, new="a third one"))], changed(alice)
    )
    assert answer.status_code == 401
    assert log_in(Person("alice", alice.http), NEW).status_code == 200


@pytest.mark.parametrize("act", [log_in, refresh])
def test_nobody_signs_in_to_an_account_disabled_meanwhile(
    queue: Queue, alice: Person, act: Act
) -> None:
    (answer,) = queue.overtaken(
        [(Person("alice", alice.http, 0, "", alice.refresh_token), act)], disabled(alice)
    )
    assert answer.status_code == 401


def test_a_session_ended_meanwhile_is_not_refreshed(queue: Queue, alice: Person) -> None:
    who = Person("alice", alice.http, 0, "", alice.refresh_token)
    (answer,) = queue.overtaken([(who, refresh)], ended(alice))
    assert answer.status_code == 401


# -- changing things ------------------------------------------------------------------------------

#: One of each package that changes something; bob is a collaborator in project 1.
CHANGES: dict[str, Act] = {
    "password": change,
    "name": lambda who: who.patch("/auth/me", {"name": "Robert"}),
    "ticket": lambda who: who.post("/auth/ticket"),
    "project": lambda who: who.post("/projects", {"name": "Gemini"}),
    "project with a key": lambda who: who.post(
        "/projects", {"name": "Gemini"}, headers={"Idempotency-Key": "1"}
    ),
    "workspace": lambda who: who.post("/projects/1/workspaces", {"name": "Desk"}),
    "task": lambda who: who.post("/tasks", {"title": "Launch"}),
    "task of the project": lambda who: who.post("/projects/1/tasks", {"title": "Launch"}),
    "post": lambda who: who.post("/posts", {"title": "Hello", "body": "World"}),
    "collection": lambda who: who.post("/collections", {"name": "Best"}),
    "upload": lambda who: who.request("POST", "/uploads", content=b"a,b\n1,2\n"),
    "job": lambda who: who.post("/jobs", {"type": "report", "payload": {}, "project_id": 1}),
    "event": lambda who: who.post("/events", {"type": "file_changed", "project_id": 1}),
    "preferences": lambda who: who.patch("/notifications/preferences", {"commented": False}),
    "leaving": lambda who: who.delete(f"/projects/1/members/{who.id}"),
}


def rows(queue: Queue) -> list[object]:
    """Return what has happened, refusals left out."""
    query = "SELECT id, type FROM events WHERE type NOT LIKE '%refused'"
    return queue.database.execute(query).fetchall()


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_is_changed_by_whose_session_ended_meanwhile(
    queue: Queue, bob: Person, project: int, name: str
) -> None:
    before = rows(queue)
    (answer,) = queue.overtaken([(bob, CHANGES[name])], ended(bob))
    assert (answer.status_code, rows(queue)) == (401, before)


def test_nothing_is_changed_by_who_was_disabled_meanwhile(
    queue: Queue, bob: Person, project: int
) -> None:
    before = rows(queue)
    answers = queue.overtaken([(bob, act) for act in CHANGES.values()], disabled(bob))
    assert {answer.status_code for answer in answers} == {401}
    assert rows(queue) == before


OF_MEMBERS = ("workspace", "task of the project", "job", "event", "leaving")


def test_nothing_is_changed_in_a_project_by_who_was_removed_meanwhile(
    queue: Queue, bob: Person, project: int
) -> None:
    before = rows(queue)
    answers = queue.overtaken([(bob, CHANGES[name]) for name in OF_MEMBERS], removed(bob))
    assert {answer.status_code for answer in answers} == {404}
    assert rows(queue) == before


OF_ADMINS: dict[str, Act] = {
    "account": lambda who: who.patch("/users/2", {"disabled": True}),
    "flag": lambda who: who.put("/flags/posts", {"enabled": False}),
    "project of others": lambda who: who.patch("/projects/1", {"name": "Mine"}),
    "members of others": lambda who: who.post(
        "/projects/1/members", {"email": who.email, "role": "owner"}
    ),
}


@pytest.mark.parametrize("name", OF_ADMINS)
def test_nothing_is_changed_by_an_admin_who_was_demoted_meanwhile(
    queue: Queue, ada: Person, project: int, name: str
) -> None:
    before = rows(queue)
    (answer,) = queue.overtaken([(ada, OF_ADMINS[name])], demoted(ada))
    assert (answer.status_code, rows(queue)) == (403, before)


@pytest.mark.parametrize(("flag", "name"), [("posts", "post"), ("tasks", "task")])
def test_nothing_is_changed_with_a_feature_that_was_switched_off_meanwhile(
    app: Flask, queue: Queue, bob: Person, project: int, flag: str, name: str
) -> None:
    before = rows(queue)
    off = f"""INSERT INTO flag_overrides (name, enabled, percentage, changed_by, changed_at)
        VALUES ('{flag}', FALSE, 100, 1, CURRENT_TIMESTAMP)"""
    bell = BELL.of(app)
    (answer,) = queue.overtaken([(bob, CHANGES[name])], off, lambda: bell.ring(rights_changed=True))
    assert (answer.status_code, rows(queue)) == (404, before)


def test_the_refusal_of_a_change_gives_its_idempotency_key_back(
    queue: Queue, ada: Person, project: int
) -> None:
    key = {"Idempotency-Key": "1"}

    def act(who: Person) -> httpx.Response:
        return who.post("/projects/1/workspaces", {"name": "Desk"}, headers=key)

    queue.overtaken([(ada, act)], demoted(ada))
    assert queue.database.execute("SELECT count(*) FROM idempotency_keys").fetchone() == (0,)


@pytest.mark.parametrize("change_of", [ended, disabled, removed])
def test_nothing_is_published_on_a_socket_by_who_was_shut_out_meanwhile(
    app: Flask,
    queue: Queue,
    connect: Callable[..., Socket],
    bob: Person,
    project: int,
    change_of: Callable[[Person], str],
) -> None:
    socket = connect(bob, project_id=project)
    socket.receive()
    before = rows(queue)
    queue.database.execute("BEGIN IMMEDIATE")
    try:
        socket.send("file_changed", ref="late", payload={})
        eventually(lambda: TURNS.of(app).taken)
        queue.database.execute(change_of(bob))
    finally:
        queue.database.execute("COMMIT")
    socket.expect("error")
    assert rows(queue) == before


# -- all of them at once --------------------------------------------------------------------------

ACTS: dict[str, Act] = {
    "log in": log_in,
    "log in with the new": lambda who: log_in(who, NEW),
    "refresh": refresh,
    "change": change,
    "log out everywhere": lambda who: who.post("/auth/logout-all"),
    "disable": lambda who: who.patch("/users/2", {"disabled": True}),
}


def alive(person: Person, answer: httpx.Response) -> bool:
    """Tell whether the tokens that an answer gave are still good."""
    body = answer.json()
    who = Person(person.name, person.http, 0, body["access_token"], body["refresh_token"])
    return who.get("/auth/me").status_code == 200 or refresh(who).status_code == 200


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.lists(st.sampled_from(sorted(ACTS)), min_size=2, max_size=6))
def test_no_session_of_the_old_password_or_of_a_disabled_account_survives_any_race(
    app: Flask, queue: Queue, ada: Person, alice: Person, chosen: list[str]
) -> None:
    queue.database.execute(AS_BEFORE + f" WHERE id = {alice.id}")
    changer, other = alice.logs_in(), alice.logs_in()
    people = {"disable": ada, "refresh": other}
    answers = at_once(app, *((people.get(name, changer), ACTS[name]) for name in chosen))
    done = [(name, one) for name, one in zip(chosen, answers, strict=True) if one.status_code < 300]
    happened = {name for name, _ in done}
    begun_with_the_old = [one for name, one in done if name in ("log in", "refresh")]
    if {"change", "disable"} & happened:
        assert not [one for one in begun_with_the_old if alive(alice, one)]
    if "disable" in happened:
        assert not [one for _, one in done if "access_token" in one.text and alive(alice, one)]
    if happened & {"change", "disable", "log out everywhere"}:
        assert other.get("/auth/me").status_code == 401
