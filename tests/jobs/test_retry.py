"""Running a job again by request, with all its attempts anew."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from collab.jobs.service import MAX_ATTEMPTS_KEPT

from ..support import jobs
from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.races import at_once, statuses
from ..support.records import Record, recording
from ..support.work import kinds, lines, outcomes, seen, status


def retries(person: Person, job_id: int) -> dict[str, Any]:
    """Retry a job, as it must be possible; return the answer."""
    found: dict[str, Any] = ok(person.post(f"/jobs/{job_id}/retry"))
    return found


ENDED = {"failed": "test_hopeless", "dead": "test_buggy", "cancelled": "test_echo"}


def ended(person: Person, desk: Desk, end: str, **more: Any) -> int:
    """Return a job that has come to an end."""
    made = int(person.submits(ENDED[end], "exit", **more)["id"])
    if end == "cancelled":
        ok(person.post(f"/jobs/{made}/cancel"))
    desk.work()
    assert status(person, made) == end
    return made


@pytest.mark.parametrize("end", ENDED)
def test_a_job_that_did_not_succeed_waits_again(alice: Person, desk: Desk, end: str) -> None:
    answer = retries(alice, ended(alice, desk, end))
    names = ("finished_at", "error", "result", "output", "progress", "progress_message", "due_at")
    assert answer["status"] == "queued"
    assert [answer[name] for name in names] == [None] * len(names)
    assert answer["cancel_requested"] is False


@pytest.mark.parametrize("end", ENDED)
def test_it_runs_again(alice: Person, desk: Desk, end: str) -> None:
    made = ended(alice, desk, end)
    before = seen(alice, made)["attempt"]
    retries(alice, made)
    desk.work()
    assert seen(alice, made)["attempt"] == before + 1


def test_it_may_succeed_then(alice: Person, desk: Desk) -> None:
    made = ended(alice, desk, "cancelled")
    retries(alice, made)
    desk.work()
    assert (status(alice, made), outcomes(alice, made)) == ("succeeded", ["succeeded"])


def test_it_has_all_its_attempts_anew(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing", max_attempts=2)["id"]
    for _ in range(2):
        desk.work()
        desk.clock.passes(600)
    retries(alice, made)
    desk.work()
    assert status(alice, made) == "retry_wait"
    desk.clock.passes(600)
    desk.work()
    assert (status(alice, made), outcomes(alice, made)) == ("dead", ["failed"] * 4)


def test_its_waits_begin_anew(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing", max_attempts=20)["id"]
    for _ in range(20):
        desk.work()
        desk.clock.passes(600)
    retries(alice, made)
    desk.work()
    desk.clock.passes(2)
    desk.work()
    assert seen(alice, made)["attempt"] == 22


def test_it_may_fail_and_leave_something_again(alice: Person, desk: Desk) -> None:
    made = ended(alice, desk, "failed")
    retries(alice, made)
    desk.work()
    assert (seen(alice, made)["result"], status(alice, made)) == ({"before": 1}, "failed")


def test_what_it_said_before_is_kept(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing", max_attempts=1)["id"]
    desk.work()
    retries(alice, made)
    desk.work()
    said = [(line["attempt"], line["text"]) for line in lines(alice, made)]
    assert said == [(1, "attempt 1\n"), (2, "attempt 2\n")]


def test_a_job_that_runs_once_is_run_again_by_request(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_once", "gate", timeout_s=1)["id"]
    desk.starts("gate")
    desk.clock.passes(2)
    desk.tick()
    desk.hears("gate")
    jobs.gates["gate"].set()
    retries(alice, made)
    desk.tick()
    desk.join()
    desk.tick()
    assert (status(alice, made), outcomes(alice, made)) == ("succeeded", ["timeout", "succeeded"])


def test_being_retried_is_told(
    app: Flask, alice: Person, bob: Person, project: int, desk: Desk
) -> None:
    made = ended(alice, desk, "failed", project_id=project)
    with recording(app) as told:
        retries(bob, made)
    data = {"job_id": made, "project_id": project, "job_type": "test_hopeless", "reason": "retried"}
    assert told == [Record("job.queued", f"job:{made}", bob.id, data)]


def test_the_late_result_of_an_older_run_is_not_taken(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    desk.starts("gate")
    ok(alice.post(f"/jobs/{made}/cancel"))
    for _ in range(2):
        desk.clock.passes(1)
        desk.tick()
    retries(alice, made)
    desk.scheduler.closed = True  # so that the next run has not begun yet
    desk.opens("gate")
    assert (status(alice, made), seen(alice, made)["result"]) == ("queued", None)


# -- refused --------------------------------------------------------------------------------------


def test_a_job_that_waits_is_409(alice: Person) -> None:
    made = alice.submits()["id"]
    assert "queued" in problem(alice.post(f"/jobs/{made}/retry"), 409)["detail"]


def test_a_job_that_waits_for_its_retry_is_409(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing")["id"]
    desk.work()
    problem(alice.post(f"/jobs/{made}/retry"), 409)


def test_a_job_that_runs_is_409(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    desk.starts("gate")
    problem(alice.post(f"/jobs/{made}/retry"), 409)


def test_a_job_that_has_succeeded_is_409_and_keeps_its_result(alice: Person, desk: Desk) -> None:
    made = alice.submits(value=7)["id"]
    desk.work()
    problem(alice.post(f"/jobs/{made}/retry"), 409)
    assert seen(alice, made)["result"]["value"] == 7


def test_a_type_that_is_not_available_is_503(app: Flask, alice: Person) -> None:
    made = alice.submits("test_away")["id"]
    ok(alice.post(f"/jobs/{made}/cancel"))
    jobs.away.append("It is out.")
    with recording(app) as told:
        response = alice.post(f"/jobs/{made}/retry")
    assert problem(response, 503)["detail"] == "It is out."
    assert (status(alice, made), told) == ("cancelled", [])


def test_a_type_that_is_gone_is_422(alice: Person, table: Any) -> None:
    made = alice.submits()["id"]
    ok(alice.post(f"/jobs/{made}/cancel"))
    table.execute("UPDATE jobs SET type = 'mining'")
    problem(alice.post(f"/jobs/{made}/retry"), 422)


def test_an_old_tag_is_412(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_hopeless")["id"]
    headers = {"If-Match": alice.get(f"/jobs/{made}").headers["ETag"]}
    desk.work()
    problem(alice.post(f"/jobs/{made}/retry", headers=headers), 412)
    assert status(alice, made) == "failed"


def test_of_many_who_retry_one_succeeds(app: Flask, alice: Person, desk: Desk) -> None:
    made = ended(alice, desk, "failed")
    answers = at_once(app, *[(alice, lambda who: who.post(f"/jobs/{made}/retry"))] * 8)
    assert statuses(answers) == [200] + [409] * 7
    assert kinds(app, made).count("job.queued") == 2


def test_what_is_kept_of_attempts_is_bounded(alice: Person, desk: Desk) -> None:
    made = int(alice.submits("test_hopeless_talker")["id"])
    for _ in range(MAX_ATTEMPTS_KEPT + 5):
        desk.work()
        retries(alice, made)
    numbers = {
        part: {one[name] for one in ok(alice.get(f"/jobs/{made}/{part}?limit=100"))["items"]}
        for part, name in (("attempts", "number"), ("log", "attempt"))
    }
    last = set(range(6, MAX_ATTEMPTS_KEPT + 6))
    assert numbers == {"attempts": last, "log": last}
