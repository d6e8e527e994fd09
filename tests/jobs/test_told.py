"""Each step of a job is told in the log, with the commit that makes it and not without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from collab.extensions import db
from collab.jobs import registry, service
from collab.jobs.engine.queue import JobFeed
from collab.jobs.engine.runner import RUNNER
from collab.jobs.engine.scheduler import Scheduler
from collab.jobs.service import Order

from ..support.history import rows
from ..support.jobs import Desk
from ..support.people import Person
from ..support.problems import problem
from ..support.records import recording
from ..support.work import caller_of, instant, kinds, seen

# -- events ---------------------------------------------------------------------------------------


def test_a_failure_and_its_retry_are_told(
    app: Flask, alice: Person, project: int, desk: Desk
) -> None:
    made = alice.submits("test_failing", project_id=project, max_attempts=2)["id"]
    with recording(app) as told:
        desk.work()
        due = seen(alice, made)["due_at"]
        desk.clock.passes(600)
        desk.work()
    assert [one.type for one in told] == [
        *("job.started", "job.output", "job.retry_scheduled"),
        *("job.started", "job.output", "job.died"),
    ]
    assert instant(told[2].data["due_at"]) == instant(due)
    assert {(one.topic, one.actor) for one in told} == {(f"job:{made}", None)}
    assert {one.data["project_id"] for one in told} == {project}


ENDINGS = {
    "test_echo": "job.succeeded",
    "test_hopeless": "job.failed",
    "test_buggy": "job.died",
}


@pytest.mark.parametrize("kind", ENDINGS)
def test_the_end_is_told_once(app: Flask, alice: Person, desk: Desk, kind: str) -> None:
    made = alice.submits(kind, "exit")["id"]
    desk.work()
    assert kinds(app, made) == ["job.queued", "job.started", ENDINGS[kind]]


@pytest.mark.parametrize("kind", ["test_hopeless", "test_buggy"])
def test_a_failure_is_told_with_its_error(app: Flask, alice: Person, desk: Desk, kind: str) -> None:
    made = alice.submits(kind, "exit")["id"]
    with recording(app) as told:
        desk.work()
    assert told[-1].data["error"] == seen(alice, made)["error"]


def test_being_handed_back_is_told(app: Flask, alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    desk.starts("gate")
    with recording(app) as told:
        desk.scheduler.close()
        desk.hears("gate")
    assert (told[0].type, told[0].data["reason"]) == ("job.queued", "handed_back")
    assert told[0].topic == f"job:{made}"


def test_the_log_has_every_event_under_the_jobs_project(
    app: Flask, alice: Person, project: int, desk: Desk
) -> None:
    made = alice.submits("test_talker", [["stdout", "a"]], project_id=project)["id"]
    desk.work()
    assert {row.project_id for row in rows(app, f"job:{made}")} == {project}


# -- commits --------------------------------------------------------------------------------------


def test_a_job_that_is_rolled_back_never_was(
    app: Flask, alice: Person, desk: Desk, table: Any
) -> None:
    with recording(app) as told, app.app_context():
        kind = registry.require("test_echo")
        job, _ = service.enqueue(
            Order(type=kind, payload={"value": 1}, key="k"), caller_of(alice.id)
        )
        db.session.rollback()
    desk.work()
    found = [table.execute(f"SELECT count(*) FROM {name}").fetchone() for name in TABLES]
    assert (told, found) == ([], [(0,)] * len(TABLES))
    problem(alice.get(f"/jobs/{job.id}"), 404)


TABLES = ("jobs", "job_keys", "job_attempts", "job_results", "job_log")


class Wakes:
    """Stands where the runner is, and counts how often it is woken."""

    def __init__(self) -> None:
        self.count = 0

    def wake(self, *, look: bool = False) -> None:
        self.count += 1

    def stop(self) -> None:
        """Have nothing to stop."""


@pytest.mark.parametrize(("end", "woken"), [("commit", 1), ("rollback", 0)])
def test_only_a_commit_wakes_the_runner(app: Flask, alice: Person, end: str, woken: int) -> None:
    wakes = RUNNER.put(app, Wakes())
    with app.app_context():
        kind = registry.require("test_echo")
        service.enqueue(Order(type=kind, payload={"value": 1}), caller_of(alice.id))
        getattr(db.session, end)()
        db.session.commit()
    assert wakes.count == woken


class Quiet(JobFeed):
    """Calls for nothing: only what this process makes has it look for jobs."""

    has_called = False


class CalledMeanwhile(Scheduler):
    """A scheduler that is called between its look at that and what it does then."""

    _called = False
    meets: Callable[[], object] | None = None

    @property
    def called(self) -> bool:  # type: ignore[override]
        seen = self._called
        if self.meets is not None:
            meets, self.meets = self.meets, None
            meets()
            self._called = True
        return seen

    @called.setter
    def called(self, value: bool) -> None:
        self._called = value


def test_a_job_that_is_made_while_a_worker_looks_is_found_with_its_next_look(
    app: Flask, alice: Person, desk: Desk
) -> None:
    scheduler = CalledMeanwhile(app, desk.worker, desk.at_once, workers=1, source=Quiet())
    desk.scheduler = scheduler
    made: list[int] = []
    scheduler.meets = lambda: made.append(alice.submits()["id"])
    for _ in range(3):
        scheduler.tick()
    assert seen(alice, made[0])["status"] == "succeeded"
