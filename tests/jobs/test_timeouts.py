"""A run has its time; a deaf one loses its job, but not its place."""

from __future__ import annotations

from typing import Any

from flask import Flask

from collab.jobs.engine.scheduler import STOP_S

from ..support.jobs import Desk
from ..support.people import Person
from ..support.records import recording
from ..support.work import outcomes, seen, status


def test_a_run_that_is_out_of_time_is_tried_again(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate", timeout_s=10)["id"]
    desk.starts("gate")
    desk.clock.passes(10)
    desk.tick()
    desk.hears("gate")
    shown = seen(alice, made)
    assert (shown["status"], shown["error"]["code"]) == ("retry_wait", "timeout")
    assert outcomes(alice, made) == ["timeout"]


def test_a_run_goes_on_until_its_time_is_over(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate", timeout_s=10)["id"]
    (context,) = desk.starts("gate")
    desk.clock.passes(9.99)
    desk.tick()
    assert (context.cancelled, 0 < context.remaining_s < 0.02) == (False, True)
    desk.opens("gate")
    assert status(alice, made) == "succeeded"


def test_the_wall_clock_does_not_count(alice: Person, desk: Desk) -> None:
    alice.submits("test_gate", "gate", timeout_s=10)
    (context,) = desk.starts("gate")
    desk.clock.is_set(3600)
    desk.tick()
    assert not context.cancelled


def test_a_job_that_is_always_too_late_is_dead_in_the_end(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate", timeout_s=10, max_attempts=1)["id"]
    desk.starts("gate")
    desk.clock.passes(10)
    desk.tick()
    desk.hears("gate")
    shown = seen(alice, made)
    assert (shown["status"], shown["error"]["code"]) == ("dead", "timeout")


def test_a_job_that_runs_once_fails_when_it_is_late(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_once", "gate", timeout_s=10)["id"]
    desk.starts("gate")
    desk.clock.passes(10)
    desk.tick()
    desk.hears("gate")
    assert (status(alice, made), outcomes(alice, made)) == ("failed", ["timeout"])


def test_a_deaf_run_ends_without_its_code(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_deaf", "gate", timeout_s=10)["id"]
    desk.starts("gate")
    desk.clock.passes(10)
    desk.tick()
    desk.clock.passes(STOP_S + 0.01)
    desk.tick()
    assert status(alice, made) == "retry_wait"


def test_a_deaf_runs_late_result_changes_nothing(app: Flask, alice: Person, desk: Desk) -> None:
    made = alice.submits("test_deaf", "gate", timeout_s=10, max_attempts=1)["id"]
    desk.starts("gate")
    desk.clock.passes(10)
    desk.tick()
    desk.clock.passes(STOP_S + 0.01)
    desk.tick()
    before = seen(alice, made)
    with recording(app) as told:
        desk.opens("gate")
    assert (before["status"], seen(alice, made), told) == ("dead", before, [])


def test_a_deaf_run_keeps_its_place(alice: Person, desks: Any) -> None:
    desk = desks(workers=1)
    alice.submits("test_deaf", "gate", timeout_s=10)
    desk.starts("gate")
    desk.clock.passes(10)
    desk.tick()
    desk.clock.passes(STOP_S + 0.01)
    waiting = alice.submits()["id"]
    desk.tick()
    assert status(alice, waiting) == "queued"
    desk.opens("gate")
    desk.join()
    desk.tick()
    assert status(alice, waiting) == "succeeded"
