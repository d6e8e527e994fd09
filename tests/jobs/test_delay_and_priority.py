"""Among one person's jobs: when each is due, and which goes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from ..support.history import rows
from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.work import enqueues, instant, seen, status, statuses


def started(app: Flask) -> list[int]:
    """Return the jobs in the order in which they were started."""
    return [row.data["job_id"] for row in rows(app) if row.type == "job.started"]


def later(desk: Desk, seconds: float) -> str:
    return (desk.clock.wall + timedelta(seconds=seconds)).isoformat()


# -- delay ----------------------------------------------------------------------------------------


def test_a_job_does_not_run_before_its_moment(alice: Person, desk: Desk) -> None:
    made = alice.submits(run_at=later(desk, 3600))["id"]
    desk.clock.passes(3599)
    desk.work()
    assert (status(alice, made), seen(alice, made)["attempt"]) == ("queued", 0)


def test_a_job_runs_when_its_moment_has_come(alice: Person, desk: Desk) -> None:
    made = alice.submits(run_at=later(desk, 3600))["id"]
    desk.clock.passes(3601)
    desk.work()
    assert (status(alice, made), seen(alice, made)["due_at"]) == ("succeeded", None)


def test_a_job_that_was_cancelled_and_is_retried_keeps_its_moment(
    alice: Person, desk: Desk
) -> None:
    made = alice.submits(run_at=later(desk, 3600))
    assert made["due_at"] == made["run_at"]
    ok(alice.post(f"/jobs/{made['id']}/cancel"))
    again = ok(alice.post(f"/jobs/{made['id']}/retry"))
    assert (again["status"], again["due_at"]) == ("queued", made["run_at"])
    desk.work()
    assert (status(alice, made["id"]), seen(alice, made["id"])["attempt"]) == ("queued", 0)
    desk.clock.passes(3601)
    desk.work()
    assert status(alice, made["id"]) == "succeeded"


def test_a_job_whose_moment_is_over_is_retried_at_once(alice: Person, desk: Desk) -> None:
    made = alice.submits(run_at=later(desk, -3600))["id"]
    ok(alice.post(f"/jobs/{made}/cancel"))
    assert ok(alice.post(f"/jobs/{made}/retry"))["due_at"] is None
    desk.work()
    assert status(alice, made) == "succeeded"


def test_a_delayed_job_holds_up_nothing(alice: Person, desk: Desk) -> None:
    alice.submits(run_at=later(desk, 3600), priority=100)
    made = alice.submits(priority=-100)["id"]
    desk.work()
    assert status(alice, made) == "succeeded"


def test_the_scheduler_comes_back_for_the_next_due_job(alice: Person, desk: Desk) -> None:
    alice.submits(run_at=later(desk, 0.3))
    pause = desk.scheduler.tick()
    assert 0.2 < pause <= 0.3


def test_the_scheduler_comes_back_soon_for_what_it_started(alice: Person, desk: Desk) -> None:
    """What a run says is told within a tenth of a second, also by the first that is started."""
    alice.submits("test_gate", "gate")
    desk.begin = desk.in_a_thread
    assert desk.scheduler.tick() <= 0.1


def test_becoming_due_is_a_change_of_the_job(alice: Person, desks: Any) -> None:
    desk = desks(workers=1)
    made = alice.submits("test_failing")["id"]
    desk.work()
    alice.submits("test_gate", "gate")
    desk.starts("gate")
    before = alice.get(f"/jobs/{made}").headers["ETag"]
    desk.clock.passes(3)
    desk.tick()
    answer = alice.get(f"/jobs/{made}", headers={"If-None-Match": before})
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")


def test_when_due_it_takes_its_place_by_priority(app: Flask, alice: Person, desks: Any) -> None:
    desk = desks(workers=1)
    first = alice.submits(run_at=later(desk, 10), priority=5)["id"]
    second = alice.submits(priority=0)["id"]
    desk.clock.passes(11)
    desk.work()
    assert started(app) == [first, second]


# -- priority -------------------------------------------------------------------------------------


def test_the_higher_priority_goes_first(app: Flask, alice: Person, desks: Any) -> None:
    made = {number: alice.submits(priority=number)["id"] for number in (0, -100, 7, 100, -1)}
    desks(workers=1).work()
    assert started(app) == [made[number] for number in (100, 7, 0, -1, -100)]


def test_at_one_priority_the_older_job_goes_first(app: Flask, alice: Person, desks: Any) -> None:
    made = [alice.submits()["id"] for _ in range(5)]
    desks(workers=1).work()
    assert started(app) == made


def test_types_do_not_matter(app: Flask, alice: Person, desks: Any) -> None:
    kinds = {"test_talker": 0, "test_echo": 0, "test_file": 5, "test_hopeless": 0}
    made = [alice.submits(kind, [], priority=first)["id"] for kind, first in kinds.items()]
    desks(workers=1).work()
    assert started(app) == [made[2], made[0], made[1], made[3]]


def test_a_priority_is_worth_nothing_against_others(
    app: Flask, alice: Person, bob: Person, desks: Any
) -> None:
    enqueues(app, alice.id, *range(5), priority=100)
    (made,) = enqueues(app, bob.id, 0, priority=-100)
    desks(workers=1).work()
    assert started(app).index(made) <= 1


def test_a_retried_job_takes_its_old_place(app: Flask, alice: Person, desks: Any) -> None:
    desk = desks(workers=1)
    old = alice.submits("test_hopeless")["id"]
    desk.work()
    new = alice.submits()["id"]
    ok(alice.post(f"/jobs/{old}/retry"))
    desk.work()
    assert started(app) == [old, old, new]


# -- clocks ---------------------------------------------------------------------------------------


def test_a_clock_that_is_put_forward_makes_jobs_due(alice: Person, desk: Desk) -> None:
    made = alice.submits(run_at=later(desk, 1800))["id"]
    desk.clock.is_set(3600)
    desk.work()
    assert status(alice, made) == "succeeded"


def test_a_clock_that_is_put_back_strands_no_retry(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing", 2)["id"]
    desk.work()
    desk.clock.is_set(-86400)
    desk.clock.passes(5)
    desk.work()
    due = instant(seen(alice, made)["due_at"])
    assert due <= desk.clock.wall + timedelta(minutes=5)
    desk.clock.passes(301)
    desk.work()
    assert status(alice, made) == "succeeded"


def test_a_clock_that_is_put_back_delays_a_delayed_job(alice: Person, desk: Desk) -> None:
    """It was asked to run at a moment, and that has not come by any clock."""
    moment = later(desk, 10)
    made = alice.submits(run_at=moment)["id"]
    desk.clock.is_set(-3600)
    desk.clock.passes(20)
    desk.work()
    shown = seen(alice, made)
    assert (shown["status"], instant(shown["due_at"])) == ("queued", instant(moment))
    desk.clock.passes(3600)
    desk.work()
    assert status(alice, made) == "succeeded"


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_moved_clock_does_not_touch_what_runs(alice: Person, desk: Desk, seconds: float) -> None:
    made = [alice.submits("test_gate", "gate")["id"], alice.submits()["id"]]
    desk.starts("gate")
    desk.clock.is_set(seconds)
    for _ in range(10):
        desk.clock.passes(5)
        desk.tick()
    assert statuses(alice, *made) == ["running", "succeeded"]
    desk.opens("gate")
    assert status(alice, made[0]) == "succeeded"
