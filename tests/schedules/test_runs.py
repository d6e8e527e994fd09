"""What schedules make: jobs in their owner's name, each time once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ..support.people import Person, ok
from ..support.problems import problem
from ..support.schedules import Hours, jobs_of, runs_of, shows, statuses


def nominal(run: dict[str, str]) -> str:
    return run["nominal_at"]


def test_each_time_makes_one_job_which_runs(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice, value=7)
    first = hours.now.replace(second=0) + timedelta(minutes=1)
    hours.minutes(3)
    wanted = [(first + timedelta(minutes=one)).isoformat() for one in range(3)]
    assert [nominal(run).replace("Z", "+00:00") for run in runs_of(alice, made)] == wanted
    assert statuses(alice, made) == ["succeeded"] * 3
    jobs = jobs_of(alice, made)
    assert [job["id"] for job in jobs] == [run["job_id"] for run in runs_of(alice, made)]
    assert {job["status"] for job in jobs} == {"succeeded"}
    assert ok(alice.get(f"/jobs/{jobs[0]['id']}"))["result"] == {"value": 7, "attempt": 1}


def test_looking_again_makes_nothing_more(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice)
    hours.passes(60)
    hours.tick()
    hours.tick()
    assert len(jobs_of(alice, made)) == 1


def test_a_projects_job_is_the_projects(
    alice: Person, bob: Person, project: int, hours: Hours
) -> None:
    made = hours.makes(bob, project_id=project, priority=3, timeout_s=9, max_attempts=2)
    hours.minutes(1)
    (job,) = ok(alice.get("/jobs", params={"project_id": project, "schedule_id": made}))["items"]
    shown = (
        job["owner_id"],
        job["project_id"],
        job["priority"],
        job["timeout_s"],
        job["max_attempts"],
    )
    assert shown == (bob.id, project, 3, 9, 2)


# -- overlap --------------------------------------------------------------------------------------


def gated(hours: Hours, alice: Person, gate: str, **more: str) -> int:
    return hours.makes(alice, value=gate, type="test_gate", **more)


def test_a_time_that_comes_while_the_run_before_goes_on_is_skipped(
    alice: Person, hours: Hours
) -> None:
    made = gated(hours, alice, "skip", overlap="skip")
    hours.passes(60)
    hours.desk.starts("skip")
    hours.passes(60)
    assert [(run["status"], run["reason"]) for run in runs_of(alice, made)] == [
        ("running", None),
        ("skipped", "overlap"),
    ]
    hours.desk.opens("skip")
    hours.passes(60)
    assert statuses(alice, made) == ["succeeded", "skipped", "running"]


def test_runs_that_queue_go_one_after_another(alice: Person, hours: Hours) -> None:
    made = gated(hours, alice, "queue", overlap="queue")
    hours.passes(60)
    hours.desk.starts("queue")
    hours.passes(60)
    hours.passes(60)
    assert statuses(alice, made) == ["running", "waiting", "waiting"]
    hours.desk.opens("queue")
    hours.tick()
    assert statuses(alice, made) == ["succeeded", "running", "waiting"]
    hours.work()
    hours.work()
    assert statuses(alice, made) == ["succeeded"] * 3


def test_a_queue_has_an_end(alice: Person, hours: Hours) -> None:
    made = gated(hours, alice, "many", overlap="queue")
    for _ in range(27):
        hours.passes(60)
    counts = [statuses(alice, made).count(one) for one in ("running", "waiting", "skipped")]
    assert counts == [1, 24, 2]
    assert runs_of(alice, made)[-1]["reason"] == "queue_full"


def test_the_run_before_is_cancelled_and_the_newest_takes_its_place(
    alice: Person, hours: Hours
) -> None:
    made = gated(hours, alice, "cancel", overlap="cancel")
    hours.passes(60)
    hours.desk.starts("cancel")
    hours.passes(60)
    hours.passes(60)
    assert [(run["status"], run["reason"]) for run in runs_of(alice, made)] == [
        ("running", None),
        ("skipped", "superseded"),
        ("waiting", None),
    ]
    hours.desk.tick()
    hours.desk.hears("cancel")
    hours.tick()
    assert statuses(alice, made) == ["cancelled", "skipped", "running"]


# -- missed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("skip", [("skipped", "missed")]),
        ("once", [("skipped", "missed"), ("succeeded", None)]),
        ("all", [("succeeded", None)] * 3),
    ],
)
def test_what_was_missed_is_made_up_for_as_the_policy_says(
    policy: str, shown: list[tuple[str, str | None]], alice: Person, hours: Hours
) -> None:
    hours.clock.wall = hours.now.replace(minute=5) + timedelta(hours=1)
    made = hours.makes(alice, "*/20 * * * *", missed=policy)
    ok(alice.post(f"/schedules/{made}/run"))
    for _ in range(2):
        hours.work()
    hours.passes(3600)
    for _ in range(4):
        hours.work()
    after = runs_of(alice, made)[1:]
    assert [(run["status"], run["reason"]) for run in after] == shown


def test_of_a_years_missed_minutes_the_newest_24_are_made_up_for(
    alice: Person, hours: Hours
) -> None:
    made = hours.makes(alice, missed="all")
    hours.passes(366 * 86_400)
    newest = hours.now.replace(second=0)
    shown = runs_of(alice, made)
    assert shown[0]["reason"] == "missed"
    assert nominal(shown[-1]).replace("Z", "+00:00") == newest.isoformat()
    # One is left out and stands for all; then those that are made up for, and the one on time.
    assert [run["status"] for run in shown] == ["skipped", "running", *["waiting"] * 23, "skipped"]


def test_a_run_that_is_a_little_late_is_on_time(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice, "0 * * * *", missed="skip")
    due = hours.now.replace(minute=0, second=0) + timedelta(hours=1)
    hours.clock.wall = due + timedelta(seconds=59)
    hours.work()
    hours.work()
    assert statuses(alice, made) == ["succeeded"]


# -- the clock ------------------------------------------------------------------------------------


def test_a_clock_that_is_put_back_runs_no_time_twice(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice)
    hours.minutes(5)
    hours.clock.is_set(-180)
    hours.minutes(3)
    assert len(runs_of(alice, made)) == 5
    hours.minutes(2)
    times = [nominal(run) for run in runs_of(alice, made)]
    assert len(times) == len(set(times)) == 7


def test_a_clock_that_was_years_ahead_strands_no_schedule(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice, missed="skip")
    right = hours.now
    hours.clock.is_set(3 * 366 * 86_400)
    hours.minutes(1)
    hours.clock.is_set(-3 * 366 * 86_400)
    hours.tick()
    before = len(jobs_of(alice, made))
    hours.minutes(2)
    assert len(jobs_of(alice, made)) == before + 2
    assert shows(alice, made)["next_at"] < (right + timedelta(hours=1)).isoformat()


# -- by hand --------------------------------------------------------------------------------------


def test_a_schedule_runs_now_besides_its_times(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice, "0 0 1 1 *")
    ok(alice.post(f"/schedules/{made}/pause"))
    run = ok(alice.post(f"/schedules/{made}/run"))
    assert (run["status"], run["nominal_at"]) == ("running", None)
    hours.work()
    assert statuses(alice, made) == ["succeeded"]


def test_running_now_minds_the_run_that_goes_on(alice: Person, hours: Hours) -> None:
    made = gated(hours, alice, "now")
    ok(alice.post(f"/schedules/{made}/run"))
    refused = problem(alice.post(f"/schedules/{made}/run"), 409)
    assert "has not ended" in refused["detail"]
    ok(alice.patch(f"/schedules/{made}", {"overlap": "queue"}))
    assert ok(alice.post(f"/schedules/{made}/run"))["status"] == "waiting"
    assert statuses(alice, made) == ["running", "waiting"]
