"""The attempts at a job, the one under way included."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from collab.jobs.context import JobContext
from collab.jobs.engine.attempt import Run, carry_out, stopped

from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.work import attempts, instant


def test_a_job_that_waits_has_no_attempt(alice: Person) -> None:
    assert attempts(alice, alice.submits()["id"]) == []


def test_an_attempt_shows_who_when_and_how(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_hopeless")["id"]
    desk.work()
    (attempt,) = attempts(alice, made)
    error = {"code": "hopeless", "message": "There is no use."}
    wanted = {"number": 1, "outcome": "failed", "worker": desk.worker.name, "error": error}
    assert attempt | wanted == attempt
    assert instant(attempt["started_at"]) <= instant(attempt["finished_at"])


def test_the_running_attempt_is_among_them(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    desk.starts("gate")
    (attempt,) = attempts(alice, made)
    wanted = {"number": 1, "outcome": "running", "worker": desk.worker.name, "finished_at": None}
    assert attempt | wanted | {"error": None} == attempt


@pytest.fixture
def third(alice: Person, desks: Any) -> int:
    """Return a job whose third attempt runs."""
    made = alice.submits("test_gate", "gate")["id"]
    for _ in range(2):
        desk = desks()
        desk.starts("gate")
        desk.scheduler.close()
        desk.hears("gate")
    desks().starts("gate")
    return int(made)


def numbers(person: Person, job_id: int, sort: str, limit: int) -> list[list[int]]:
    """Return the numbers of a job's attempts, page by page."""
    pages: list[list[int]] = []
    query: dict[str, Any] = {"sort": sort, "limit": limit}
    while True:
        page = ok(person.get(f"/jobs/{job_id}/attempts", params=query))
        pages.append([one["number"] for one in page["items"]])
        if page["next_cursor"] is None:
            return pages
        query["cursor"] = page["next_cursor"]


def test_attempts_are_listed_from_the_first(alice: Person, third: int) -> None:
    assert numbers(alice, third, "id", 20) == [[1, 2, 3]]


def test_attempts_are_listed_from_the_last(alice: Person, third: int) -> None:
    assert numbers(alice, third, "-id", 20) == [[3, 2, 1]]


@pytest.mark.parametrize(("sort", "pages"), [("id", [[1], [2], [3]]), ("-id", [[3], [2], [1]])])
def test_a_page_of_attempts_is_no_longer_than_asked(
    alice: Person, third: int, sort: str, pages: list[list[int]]
) -> None:
    assert numbers(alice, third, sort, 1) == pages


# -- one attempt, in a thread of its own ----------------------------------------------------------


def run(type: str = "test_echo") -> Run:
    """Return an attempt that has not begun."""
    context = JobContext(job_id=1, attempt=1, owner_id=1, project_id=None, timeout_s=60)
    job = SimpleNamespace(id=1, attempt=1, type=type, trace=None, payload={}, token=1)
    return Run(job, context)  # type: ignore[arg-type]


def test_what_was_told_to_stop_before_it_began_may_run_elsewhere(app: Flask) -> None:
    told = run()
    told.context.stop("stopping")
    ending = carry_out(app, told)
    assert (ending.outcome, ending.begun, told.begun) == ("handed_back", False, False)


def test_a_type_that_nothing_here_runs_fails_for_good(app: Flask) -> None:
    ending = carry_out(app, run("gone"))
    assert ending.error is not None
    assert (ending.outcome, ending.error["code"], ending.retry) == ("failed", "unknown_type", False)


@pytest.mark.parametrize(
    ("reason", "outcome", "code"),
    [
        ("timeout", "timeout", "timeout"),
        ("stopping", "handed_back", "worker_lost"),
        ("quota", "failed", "quota_spent"),
        ("lost", "worker_lost", "worker_lost"),
        ("cancelled", "cancelled", None),
        (None, "cancelled", None),
    ],
)
def test_how_a_run_ends_is_why_it_was_stopped(
    reason: str | None, outcome: str, code: str | None
) -> None:
    ending = stopped(reason)
    assert (ending.outcome, (ending.error or {}).get("code")) == (outcome, code)
