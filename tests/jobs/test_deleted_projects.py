"""A project's jobs go with it, those that run included, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..support.history import rows
from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.work import status, statuses

TABLES = ("jobs", "job_keys", "job_attempts", "job_results", "job_log")


def counts(table: Any) -> list[int]:
    return [table.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES]


def test_a_projects_jobs_go_with_it(alice: Person, project: int, desk: Desk, table: Any) -> None:
    for kind in ("test_file", "test_failing"):
        alice.submits(kind, project_id=project, idempotency_key="k")
    desk.work()
    waits = alice.submits(project_id=project)["id"]
    assert 0 not in counts(table)
    alice.delete(f"/projects/{project}")
    assert counts(table) == [0] * len(TABLES)
    problem(alice.get(f"/jobs/{waits}"), 404)
    assert ok(alice.get("/jobs"))["items"] == []


def test_a_personal_job_stays(alice: Person, project: int, desk: Desk) -> None:
    mine = alice.submits()["id"]
    alice.submits(project_id=project)
    alice.delete(f"/projects/{project}")
    desk.work()
    assert statuses(alice, mine) == ["succeeded"]


def test_a_running_job_of_a_deleted_project_is_told_to_stop(
    alice: Person, project: int, desk: Desk
) -> None:
    alice.submits("test_gate", "gate", project_id=project)
    (context,) = desk.starts("gate")
    alice.delete(f"/projects/{project}")
    desk.clock.passes(0.5)
    desk.tick()
    desk.hears("gate")
    assert (context.stop_reason, desk.scheduler.runs) == ("lost", {})


@pytest.mark.parametrize("kind", ["test_gate", "test_deaf", "test_once"])
def test_nothing_is_written_of_a_run_whose_project_was_deleted(
    app: Flask, alice: Person, project: int, desk: Desk, table: Any, kind: str
) -> None:
    made = alice.submits(kind, "gate", project_id=project)["id"]
    (context,) = desk.starts("gate")
    context.progress(0.5)
    alice.delete(f"/projects/{project}")
    context.output("stdout", "too late")
    before = len(rows(app, f"job:{made}"))
    desk.opens("gate")
    assert (counts(table), desk.scheduler.runs) == ([0] * len(TABLES), {})
    assert len(rows(app, f"job:{made}")) == before


def test_many_runs_that_end_after_their_project_leave_the_others_alone(
    alice: Person, bob: Person, project: int, desk: Desk
) -> None:
    for person, gate in ((alice, "a"), (bob, "b")):
        person.submits("test_gate", gate, project_id=project)
    mine, other = (who.submits("test_gate", who.name)["id"] for who in (alice, bob))
    desk.starts("a", "b", "alice", "bob")
    alice.delete(f"/projects/{project}")
    desk.opens("a", "b", "alice", "bob")
    assert (status(alice, mine), status(bob, other)) == ("succeeded", "succeeded")


def test_a_deleted_projects_place_is_free_for_others(
    alice: Person, project: int, desks: Callable[..., Desk]
) -> None:
    desk = desks(workers=1)
    alice.submits("test_gate", "gate", project_id=project)
    desk.starts("gate")
    mine = alice.submits()["id"]
    alice.delete(f"/projects/{project}")
    desk.clock.passes(0.5)
    desk.tick()
    desk.begin = desk.at_once
    desk.hears("gate")
    desk.work()
    assert status(alice, mine) == "succeeded"
