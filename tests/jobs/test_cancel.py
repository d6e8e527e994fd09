"""Cancelling: a job that waits ends at once, one that runs within a second, whatever it brings."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from collab.jobs.engine.scheduler import STOP_S

from ..conftest import http_for
from ..support.history import rows
from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.races import at_once, statuses
from ..support.records import Record, recording
from ..support.work import instant, kinds, outcomes, seen, status

ENDS = {"job.succeeded", "job.failed", "job.died", "job.cancelled"}


def cancels(person: Person, job_id: int) -> dict[str, Any]:
    """Cancel a job, as it must be possible; return the answer."""
    found: dict[str, Any] = ok(person.post(f"/jobs/{job_id}/cancel"))
    return found


# -- waiting --------------------------------------------------------------------------------------


def test_a_job_that_waits_ends_at_once(alice: Person, desk: Desk) -> None:
    made = alice.submits()["id"]
    answer = cancels(alice, made)
    desk.work()
    assert (answer["status"], answer["attempt"]) == ("cancelled", 0)
    assert instant(answer["finished_at"]) >= instant(answer["created_at"])
    assert seen(alice, made) == answer


def test_a_delayed_job_ends_at_once(alice: Person, desk: Desk) -> None:
    made = alice.submits(run_at=(desk.clock.wall + timedelta(hours=1)).isoformat())["id"]
    answer = cancels(alice, made)
    desk.clock.passes(4000)
    desk.work()
    assert (answer["status"], answer["due_at"]) == ("cancelled", None)
    assert status(alice, made) == "cancelled"


def test_a_job_that_waits_for_its_retry_ends_at_once(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing")["id"]
    desk.work()
    answer = cancels(alice, made)
    desk.clock.passes(600)
    desk.work()
    assert (answer["status"], outcomes(alice, made)) == ("cancelled", ["failed"])
    assert status(alice, made) == "cancelled"


def test_the_end_is_told_with_who_wanted_it(
    app: Flask, alice: Person, bob: Person, project: int
) -> None:
    made = alice.submits(project_id=project)["id"]
    with recording(app) as told:
        cancels(bob, made)
    data = {"job_id": made, "project_id": project, "reason": "requested"}
    assert told == [Record("job.cancelled", f"job:{made}", bob.id, data)]


# -- running --------------------------------------------------------------------------------------


def test_a_running_job_shows_that_it_is_to_end(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    desk.starts("gate")
    answer = cancels(alice, made)
    assert (answer["status"], answer["cancel_requested"]) == ("running", True)


def test_a_running_job_learns_of_it_and_ends(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    (context,) = desk.starts("gate")
    cancels(alice, made)
    desk.clock.passes(0.5)
    desk.tick()
    desk.hears("gate")
    shown = seen(alice, made)
    assert (context.stop_reason, shown["status"]) == ("cancelled", "cancelled")
    assert (shown["lease_owner"], shown["error"]) == (None, None)
    assert outcomes(alice, made) == ["cancelled"]


def test_its_own_process_hears_of_it_without_waiting(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    (context,) = desk.starts("gate")
    desk.tick()  # has just looked
    cancels(alice, made)
    desk.scheduler.look = True  # the commit does that where the runner is
    desk.tick()
    assert context.stop_reason == "cancelled"


def test_both_the_wish_and_the_end_are_told(
    app: Flask, alice: Person, bob: Person, project: int, desk: Desk
) -> None:
    made = alice.submits("test_gate", "gate", project_id=project)["id"]
    desk.starts("gate")
    with recording(app) as told:
        cancels(bob, made)
        desk.clock.passes(0.5)
        desk.tick()
        desk.hears("gate")
    data = {"job_id": made, "project_id": project, "reason": "requested"}
    assert told == [
        Record("job.cancel_requested", f"job:{made}", bob.id, data),
        Record("job.cancelled", f"job:{made}", None, data),
    ]


def test_what_the_run_still_brings_is_thrown_away(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    desk.starts("gate")
    cancels(alice, made)
    desk.opens("gate")
    shown = seen(alice, made)
    assert (shown["status"], shown["result"]) == ("cancelled", None)
    assert outcomes(alice, made) == ["cancelled"]


def test_among_many_that_end_together_only_the_cancelled_one_is_cancelled(
    alice: Person, desk: Desk
) -> None:
    made = [alice.submits("test_deaf", gate)["id"] for gate in "abc"]
    desk.starts(*"abc")
    cancels(alice, made[1])
    desk.opens(*"abc")
    shown = [(one["status"], one["result"]) for one in (seen(alice, job) for job in made)]
    done = ("succeeded", {"late": True})
    assert shown == [done, ("cancelled", None), done]


def test_a_failure_after_the_wish_is_no_failure(alice: Person, desk: Desk, table: Any) -> None:
    made = alice.submits("test_once", "gate")["id"]
    desk.starts("gate")
    cancels(alice, made)
    desk.scheduler.close()
    desk.hears("gate")
    assert (status(alice, made), seen(alice, made)["error"]) == ("cancelled", None)


def test_a_deaf_run_ends_without_its_code(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    desk.starts("gate")
    cancels(alice, made)
    desk.clock.passes(0.5)
    desk.tick()
    desk.clock.passes(STOP_S + 0.01)
    desk.tick()
    assert status(alice, made) == "cancelled"


def test_a_deaf_runs_late_result_changes_nothing(app: Flask, alice: Person, desk: Desk) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    desk.starts("gate")
    cancels(alice, made)
    for _ in range(2):
        desk.clock.passes(STOP_S + 0.01)
        desk.tick()
    before = seen(alice, made)
    with recording(app) as told:
        desk.opens("gate")
    assert (before["status"], seen(alice, made), told) == ("cancelled", before, [])


def test_a_deaf_runs_late_words_are_not_told(app: Flask, alice: Person, desk: Desk) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    (context,) = desk.starts("gate")
    cancels(alice, made)
    for _ in range(2):
        desk.clock.passes(STOP_S + 0.01)
        desk.tick()
    context.log("too late")
    with recording(app) as told:
        desk.opens("gate")
    assert (status(alice, made), told) == ("cancelled", [])


# -- again, and too late --------------------------------------------------------------------------


def test_a_running_job_may_be_cancelled_twice(app: Flask, alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    desk.starts("gate")
    cancels(alice, made)
    assert cancels(alice, made)["cancel_requested"] is True
    assert kinds(app, made).count("job.cancel_requested") == 1


@pytest.mark.parametrize(
    ("kind", "end"),
    [("test_echo", "succeeded"), ("test_hopeless", "failed"), ("test_buggy", "dead")],
)
def test_a_job_that_is_over_is_409(
    app: Flask, alice: Person, desk: Desk, kind: str, end: str
) -> None:
    made = alice.submits(kind, "exit")["id"]
    desk.work()
    before = seen(alice, made)
    with recording(app) as told:
        answer = problem(alice.post(f"/jobs/{made}/cancel"), 409)
    assert end in answer["detail"]
    assert (told, seen(alice, made)) == ([], before)


def test_a_job_that_was_cancelled_is_409(alice: Person) -> None:
    made = alice.submits()["id"]
    cancels(alice, made)
    problem(alice.post(f"/jobs/{made}/cancel"), 409)


def test_an_old_tag_is_412(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    headers = {"If-Match": alice.get(f"/jobs/{made}").headers["ETag"]}
    desk.starts("gate")
    problem(alice.post(f"/jobs/{made}/cancel", headers=headers), 412)
    assert seen(alice, made)["cancel_requested"] is False


def test_the_present_tag_is_taken(alice: Person) -> None:
    made = alice.submits()["id"]
    headers = {"If-Match": alice.get(f"/jobs/{made}").headers["ETag"]}
    response = alice.post(f"/jobs/{made}/cancel", headers=headers)
    assert response.headers["ETag"] not in (headers["If-Match"], None)
    assert response.status_code == 200


# -- races ----------------------------------------------------------------------------------------


def test_of_many_who_cancel_a_waiting_job_one_succeeds(app: Flask, alice: Person) -> None:
    made = alice.submits()["id"]
    answers = at_once(app, *[(alice, lambda who: who.post(f"/jobs/{made}/cancel"))] * 8)
    assert statuses(answers) == [200] + [409] * 7
    assert kinds(app, made) == ["job.queued", "job.cancelled"]


RACES = 80


class Completion:
    """A worker that ticks in a thread of its own, so that jobs end whenever they end."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._stopping = desk, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._desk.tick()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._desk.work()


def test_a_cancel_that_races_the_end_is_what_its_answer_says(
    app: Flask, alice: Person, make_desk: Callable[[], Desk]
) -> None:
    """One end state, the one that the answer named, and exactly one event that tells it."""
    desk = make_desk()
    answers: dict[int, int] = {}

    def race(_: int) -> None:
        with http_for(app) as http:
            person = alice.at(http)
            made = person.submits("test_echo")["id"]
            answers[made] = person.post(f"/jobs/{made}/cancel").status_code

    with Completion(desk), ThreadPoolExecutor(4) as pool:
        list(pool.map(race, range(RACES)))
    named = {made: {200: "cancelled", 409: "succeeded"}[code] for made, code in answers.items()}
    assert {made: status(alice, made) for made in answers} == named
    ends = [(row.topic, row.type) for row in rows(app) if row.type in ENDS]
    assert sorted(ends) == sorted((f"job:{made}", f"job.{end}") for made, end in named.items())


@pytest.mark.parametrize("ahead", range(2))
def test_both_ends_of_the_race_are_met(app: Flask, alice: Person, desk: Desk, ahead: int) -> None:
    """The cancel comes right before the end is written, or right after it."""
    made = alice.submits("test_deaf", "gate")["id"]
    desk.starts("gate")
    desk.lets_go("gate")
    if not ahead:
        desk.tick()
    code = alice.post(f"/jobs/{made}/cancel").status_code
    desk.tick()
    wanted = (200, "cancelled") if ahead else (409, "succeeded")
    assert (code, status(alice, made)) == wanted
    assert len([kind for kind in kinds(app, made) if kind in ENDS]) == 1


@pytest.fixture
def make_desk(desks: Callable[..., Desk]) -> Callable[[], Desk]:
    return desks
