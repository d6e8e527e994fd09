"""Every way from one state of a job to another, and what is written about it."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.jobs.engine.lifecycle import BACKOFF_BASE, BACKOFF_CAP, backoff
from collab.jobs.engine.scheduler import STOP_S

from ..support.jobs import Desk
from ..support.people import Person
from ..support.work import instant, outcomes, seen, status


def is_clear(shown: dict[str, Any]) -> bool:
    """Tell whether no worker holds a job."""
    return shown["lease_owner"] is None and shown["lease_until"] is None


# -- success --------------------------------------------------------------------------------------


def test_a_job_that_returns_has_succeeded(alice: Person, desk: Desk) -> None:
    made = alice.submits(value=7)["id"]
    desk.work()
    shown = seen(alice, made)
    wanted = {"status": "succeeded", "result": {"value": 7, "attempt": 1}, "progress": 1.0}
    assert shown | wanted | {"error": None, "attempt": 1, "output": None} == shown
    assert is_clear(shown)


def test_its_times_are_in_order(alice: Person, desk: Desk) -> None:
    made = alice.submits()["id"]
    desk.clock.passes(5)
    desk.work()
    shown = seen(alice, made)
    names = ("created_at", "started_at", "finished_at")
    assert all(a <= b for a, b in pairwise(instant(shown[name]) for name in names))


def test_a_running_job_names_its_worker(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    desk.starts("gate")
    shown = seen(alice, made)
    assert (shown["status"], shown["lease_owner"]) == ("running", desk.worker.name)
    assert instant(shown["lease_until"]) == desk.clock.wall + timedelta(seconds=30)


def test_each_step_of_a_job_has_a_tag_of_its_own(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    tags = [alice.get(f"/jobs/{made}").headers["ETag"]]
    desk.starts("gate")
    tags.append(alice.get(f"/jobs/{made}").headers["ETag"])
    desk.opens("gate")
    tags.append(alice.get(f"/jobs/{made}").headers["ETag"])
    assert len(set(tags)) == 3


def test_what_a_job_made_is_shown_with_it(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_file")["id"]
    desk.work()
    output = seen(alice, made)["output"]
    assert output | {"content_type": "text/plain", "filename": "made.txt", "size": 4} == output
    assert alice.get(output["url"]).content == b"made"


# -- retries --------------------------------------------------------------------------------------


def test_a_failed_attempt_is_tried_again(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing", 2)["id"]
    desk.work()
    shown = seen(alice, made)
    assert (shown["status"], shown["error"]) == (
        "retry_wait",
        {"code": "unlucky", "message": "attempt 1 failed"},
    )
    assert is_clear(shown)


def test_the_second_attempt_may_succeed(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing", 2)["id"]
    desk.work()
    desk.clock.passes(3)
    desk.work()
    shown = seen(alice, made)
    assert (shown["status"], shown["result"], shown["error"]) == (
        "succeeded",
        {"attempt": 2},
        None,
    )
    assert outcomes(alice, made) == ["failed", "succeeded"]


def test_a_retry_waits_until_it_is_due(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing")["id"]
    desk.work()
    due = instant(seen(alice, made)["due_at"])
    assert desk.clock.wall <= due <= desk.clock.wall + BACKOFF_BASE
    desk.clock.passes((due - desk.clock.wall).total_seconds() - 0.001)
    desk.work()
    assert seen(alice, made)["attempt"] == 1
    desk.clock.passes(0.002)
    desk.work()
    assert seen(alice, made)["attempt"] == 2


def test_a_job_is_dead_when_its_attempts_are_spent(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing")["id"]
    for _ in range(5):
        desk.work()
        desk.clock.passes(600)
    shown = seen(alice, made)
    assert (shown["status"], shown["attempt"], shown["due_at"]) == ("dead", 3, None)
    assert shown["error"] == {"code": "unlucky", "message": "attempt 3 failed"}
    assert outcomes(alice, made) == ["failed"] * 3


def test_with_one_attempt_a_job_is_dead_at_once(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing", max_attempts=1)["id"]
    desk.work()
    assert status(alice, made) == "dead"


@given(failures=st.integers(1, 2000), at=st.floats(0, 1, exclude_max=True))
def test_the_backoff_is_anywhere_below_an_exponential_ceiling(failures: int, at: float) -> None:
    ceiling = min(
        BACKOFF_CAP.total_seconds(), BACKOFF_BASE.total_seconds() * 2.0 ** min(failures - 1, 60)
    )
    waits = backoff(failures, lambda: at).total_seconds()
    assert waits == pytest.approx(ceiling * at, abs=1e-6)
    assert 0 <= waits <= 300


def test_the_backoff_is_jittered(alice: Person) -> None:
    assert len({backoff(3) for _ in range(20)}) > 1


def test_the_waits_grow_with_the_failures() -> None:
    ceilings = [backoff(n, lambda: 1.0).total_seconds() for n in range(1, 11)]
    assert ceilings == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


# -- failures -------------------------------------------------------------------------------------


def test_a_fatal_error_ends_a_job_at_once(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_hopeless")["id"]
    desk.work()
    shown = seen(alice, made)
    assert (shown["status"], shown["attempt"]) == ("failed", 1)
    assert shown["error"] == {"code": "hopeless", "message": "There is no use."}


def test_a_failed_job_keeps_what_there_was_before(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_hopeless")["id"]
    desk.work()
    assert seen(alice, made)["result"] == {"before": 1}


@pytest.mark.parametrize(
    ("value", "message"), [("exit", "SystemExit: 3"), ("key", "KeyError: 'nothing'")]
)
def test_what_a_handler_raises_is_the_jobs_error(
    alice: Person, desk: Desk, value: str, message: str
) -> None:
    made = alice.submits("test_buggy", value)["id"]
    desk.work()
    shown = seen(alice, made)
    assert (shown["status"], shown["error"]) == ("dead", {"code": "error", "message": message})


def test_what_a_handler_raises_is_tried_again(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_buggy", "exit", max_attempts=2)["id"]
    desk.work()
    assert status(alice, made) == "retry_wait"


def test_a_type_that_is_gone_waits_for_a_worker_that_has_it(
    alice: Person, desk: Desk, table: Any
) -> None:
    made = alice.submits()["id"]
    table.execute("UPDATE jobs SET type = 'mining'")
    desk.work()
    assert status(alice, made) == "queued"


# -- handed back ----------------------------------------------------------------------------------


def test_a_worker_that_closes_hands_its_jobs_back(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate", max_attempts=1)["id"]
    desk.starts("gate")
    desk.scheduler.close()
    desk.hears("gate")
    assert (status(alice, made), outcomes(alice, made)) == ("queued", ["handed_back"])


def test_an_attempt_that_was_handed_back_does_not_count(alice: Person, desks: Any) -> None:
    made = alice.submits("test_gate", "gate", max_attempts=1)["id"]
    for _ in range(3):
        desk = desks()
        desk.starts("gate")
        desk.scheduler.close()
        desk.hears("gate")
    desk = desks()
    desk.starts("gate")
    desk.opens("gate")
    assert (status(alice, made), seen(alice, made)["attempt"]) == ("succeeded", 4)


def test_a_closed_worker_takes_nothing_more(alice: Person, desk: Desk) -> None:
    made = alice.submits()["id"]
    desk.scheduler.close()
    desk.tick()
    assert status(alice, made) == "queued"


def test_a_job_that_runs_once_is_lost_with_its_closed_worker(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_once", "gate")["id"]
    desk.starts("gate")
    desk.scheduler.close()
    desk.hears("gate")
    shown = seen(alice, made)
    assert (shown["status"], shown["error"]["code"]) == ("failed", "worker_lost")


def test_a_deaf_job_is_handed_back_without_its_code(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    desk.starts("gate")
    desk.scheduler.close()
    desk.tick()
    desk.clock.passes(STOP_S + 0.01)
    desk.tick()
    assert status(alice, made) == "queued"


def never_begun(desk: Desk) -> None:
    """Let the desk take jobs that no thread begins with."""

    def begin(run: Any) -> None:
        run.withdraw = lambda: True

    desk.begin = begin


@pytest.mark.parametrize("kind", ["test_gate", "test_once"])
def test_a_job_that_was_taken_and_never_begun_is_handed_back(
    alice: Person, desk: Desk, kind: str
) -> None:
    made = alice.submits(kind, "gate")["id"]
    never_begun(desk)
    desk.tick()
    desk.scheduler.close()
    desk.tick()
    assert (status(alice, made), outcomes(alice, made)) == ("queued", ["handed_back"])


@pytest.mark.parametrize("kind", ["test_gate", "test_once"])
def test_a_job_that_waits_long_for_a_thread_is_handed_back(
    alice: Person, desk: Desk, kind: str
) -> None:
    made = alice.submits(kind, "gate", run_at="1999-01-01T00:00:00Z")["id"]
    never_begun(desk)
    desk.tick()
    desk.clock.passes(0.2)
    desk.scheduler.closed = True
    desk.tick()
    assert (status(alice, made), seen(alice, made)["error"]) == ("queued", None)
