"""An idempotency key makes one job of many submissions: per person and type, for a day."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from flask import Flask

from collab.core.models import utcnow
from collab.jobs.retention import forget_keys

from ..support.each import each
from ..support.jobs import Desk
from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.problems import pointers, problem
from ..support.races import at_once
from ..support.records import recording
from ..support.servers import ThreadServer

KEY = "one-and-the-same"
HEADER = {"Idempotency-Key": KEY}


def orders(person: Person, value: Any = None, *, kind: str = "test_echo", **more: Any) -> Any:
    body = {"type": kind, "payload": {"value": value}, "idempotency_key": KEY}
    return person.post("/jobs", body | more)


def with_header(person: Person, value: Any = None, **headers: str) -> httpx.Response:
    body = {"type": "test_echo", "payload": {"value": value}}
    return person.post("/jobs", body, headers=HEADER | headers)


def count(table: Any, name: str = "jobs") -> int:
    return int(table.execute(f"SELECT count(*) FROM {name}").fetchone()[0])


# -- where the key stands -------------------------------------------------------------------------


@pytest.mark.parametrize("again", [orders, with_header])
@pytest.mark.parametrize("first", [orders, with_header])
def test_the_key_is_the_same_in_body_and_header(alice: Person, first: Any, again: Any) -> None:
    assert first(alice).json()["id"] == again(alice).json()["id"]


def test_it_may_stand_in_both(alice: Person) -> None:
    body = {"type": "test_echo", "idempotency_key": KEY}
    assert alice.post("/jobs", body, headers=HEADER).status_code == 201


def test_two_different_keys_are_refused(alice: Person) -> None:
    body = {"type": "test_echo", "idempotency_key": "other"}
    assert pointers(alice.post("/jobs", body, headers=HEADER)) == ["#/idempotency_key"]


@each(["", "a b", "ü", "x" * 256, 5, "a\u0000b", "a\nb"])
def test_what_is_no_key_is_refused(key: Any, *, alice: Person) -> None:
    assert pointers(orders(alice, idempotency_key=key)) == ["#/idempotency_key"]


@each(["", "a b", "x" * 256])
def test_what_is_no_key_in_a_header_is_400(key: str, *, alice: Person) -> None:
    problem(alice.post("/jobs", {"type": "test_echo"}, headers={"Idempotency-Key": key}), 400)


def test_the_longest_key_is_taken(alice: Person) -> None:
    first, second = (orders(alice, idempotency_key="~" * 255).json()["id"] for _ in range(2))
    assert first == second


# -- one job --------------------------------------------------------------------------------------


def test_a_repeated_order_makes_no_job(app: Flask, alice: Person, table: Any) -> None:
    orders(alice)
    with recording(app) as told:
        orders(alice)
    assert (told, count(table)) == ([], 1)


def test_a_repeated_order_says_so(alice: Person) -> None:
    answers = [orders(alice) for _ in range(2)]
    assert [one.headers.get("Idempotency-Replayed") for one in answers] == [None, "true"]
    assert {one.status_code for one in answers} == {201}


def test_a_repeated_order_shows_how_far_the_job_is(alice: Person, desk: Desk) -> None:
    orders(alice, 7)
    desk.work()
    again = orders(alice, 7)
    assert (again.json()["status"], again.json()["result"]["value"]) == ("succeeded", 7)
    assert again.headers["Location"].endswith(f"/jobs/{again.json()['id']}")


def test_without_a_key_each_order_makes_a_job(alice: Person, table: Any) -> None:
    alice.submits()
    alice.submits()
    assert count(table) == 2


OTHER = [
    {"payload": {"value": 2}},
    {"priority": 1},
    {"run_at": "2099-01-01T00:00:00Z"},
    {"max_attempts": 2},
    {"timeout_s": 9},
    {"project_id": 1},
]


@pytest.mark.parametrize("more", OTHER, ids=lambda more: next(iter(more)))
def test_another_order_with_the_key_is_422(
    alice: Person, project: int, table: Any, more: dict[str, Any]
) -> None:
    assert project == 1
    orders(alice)
    problem(orders(alice, **more), 422)
    assert count(table) == 1


def test_the_same_moment_in_another_zone_is_the_same_order(alice: Person) -> None:
    first = orders(alice, run_at="2099-01-01T00:00:00Z").json()
    assert orders(alice, run_at="2099-01-01T01:00:00+01:00").json()["id"] == first["id"]


def test_the_key_of_one_person_is_not_that_of_another(alice: Person, bob: Person) -> None:
    assert orders(alice).json()["id"] != orders(bob, 2).json()["id"]


def test_the_key_of_one_type_is_not_that_of_another(alice: Person) -> None:
    other = orders(alice, 2, kind="test_gate")
    assert orders(alice).json()["id"] != other.json()["id"]


# -- a day ----------------------------------------------------------------------------------------


def ages(table: Any, hours: float) -> None:
    """Make all keys so old."""
    then = utcnow() - timedelta(hours=hours)
    table.execute("UPDATE job_keys SET created_at = ?", (then.strftime("%Y-%m-%d %H:%M:%S.%f"),))


def test_a_key_is_known_for_a_day(alice: Person, table: Any) -> None:
    first = orders(alice).json()["id"]
    ages(table, 23.9)
    assert orders(alice).json()["id"] == first


def test_after_a_day_a_key_makes_a_new_job(alice: Person, table: Any) -> None:
    first = orders(alice).json()["id"]
    ages(table, 24.1)
    assert orders(alice, 2).json()["id"] != first


def test_after_a_day_keys_are_forgotten(app: Flask, alice: Person, table: Any) -> None:
    for number in range(5):
        orders(alice, idempotency_key=f"key-{number}")
    ages(table, 24.1)
    orders(alice, idempotency_key="new")
    with app.app_context():
        forget_keys()
    assert count(table, "job_keys") == 1


# -- what else happened to the job ----------------------------------------------------------------


def test_a_key_does_not_open_a_project_that_was_left(
    alice: Person, bob: Person, project: int
) -> None:
    orders(bob, project_id=project)
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    problem(orders(bob, project_id=project), 404)


def test_a_key_does_not_tell_that_its_job_was_of_a_project_that_was_left(
    alice: Person, bob: Person, project: int
) -> None:
    orders(bob, project_id=project)
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    answer = problem(orders(bob), 422)
    assert str(project) not in answer["detail"]


def test_a_key_whose_job_went_with_its_project_is_free(bob: Person, alice: Person) -> None:
    project = alice.makes_project(bob="collaborator")
    orders(bob, project_id=project)
    ok(alice.delete(f"/projects/{project}"))
    assert orders(bob).status_code == 201


def test_a_viewer_now_is_not_given_what_they_may_not_order(
    alice: Person, bob: Person, project: int
) -> None:
    orders(bob, project_id=project)
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    problem(orders(bob, project_id=project), 403)


# -- races ----------------------------------------------------------------------------------------

RACERS = 32


@dataclass(frozen=True)
class Race:
    """What came of one order that was sent many times at once."""

    #: Of each answer, the status, the job's id, and whether it was said to be a repetition.
    answers: list[tuple[int, int, str | None]]
    recorded: list[str]


@made_once
def race(app: Flask, alice: Person) -> Race:
    """Send an order of alice's."""
    with recording(app) as told:
        answers = at_once(app, *[(alice, orders)] * RACERS)
    replayed = "Idempotency-Replayed"
    return Race(
        [(one.status_code, one.json()["id"], one.headers.get(replayed)) for one in answers],
        [one.type for one in told],
    )


def test_of_32_at_once_one_makes_the_job_and_all_name_it(race: Race, table: Any) -> None:
    statuses, ids, replayed = zip(*race.answers, strict=True)
    assert (set(statuses), len(set(ids)), count(table)) == ({201}, 1, 1)
    assert replayed.count(None) == 1


def test_of_32_at_once_one_is_recorded(race: Race) -> None:
    assert race.recorded == ["job.queued"]


def test_of_many_different_orders_at_once_one_wins(app: Flask, alice: Person, table: Any) -> None:
    acts = [(alice, lambda who, value=value: orders(who, value)) for value in range(8)]
    answers = at_once(app, *acts)
    assert sorted(one.status_code for one in answers) == [201] + [422] * 7
    assert count(table) == 1


def test_it_is_the_same_over_real_connections(
    server: ThreadServer,
    alice: Person,
    over: Callable[..., Person],
    table: Any,
) -> None:
    callers = [over(server, alice) for _ in range(RACERS)]
    with ThreadPoolExecutor(RACERS) as pool:
        answers = list(pool.map(orders, callers))
    assert {(one.status_code, one.json()["id"]) for one in answers} == {(201, 1)}
    assert count(table) == 1


def test_one_run_comes_of_it(race: Race, desk: Desk, table: Any) -> None:
    desk.work()
    assert count(table, "job_attempts") == 1
