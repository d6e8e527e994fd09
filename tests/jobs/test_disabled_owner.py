"""Disabling somebody ends all jobs of theirs, and none begins after that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from flask import Flask

from collab.extensions import db
from collab.jobs.on_owner_disabled import MAX_JOBS_PER_TRANSACTION

from ..conftest import http_for
from ..support import databases
from ..support.history import rows
from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.waiting import eventually
from ..support.work import enqueues, kinds, seen

ERROR = {"code": "account_disabled", "message": "The account of its owner was disabled."}


def disables(admin: Person, person: Person, disabled: bool = True) -> Any:
    return ok(admin.patch(f"/users/{person.id}", {"disabled": disabled}))


def how(admin: Person, job_id: int) -> tuple[str, Any]:
    """Return a job's state and its error's code, as an admin sees them."""
    found = seen(admin, job_id)
    return found["status"], found["error"] and found["error"]["code"]


CANCELLED = ("cancelled", "account_disabled")


def test_what_waits_ends_with_the_reason(ada: Person, bob: Person, desk: Desk) -> None:
    later = (desk.clock.wall + timedelta(seconds=3)).isoformat()
    failing = bob.submits("test_failing")["id"]
    desk.work()
    made = [bob.submits()["id"], bob.submits(run_at=later)["id"], failing]
    disables(ada, bob)
    desk.clock.passes(600)
    desk.work()
    assert [how(ada, one) for one in made] == [CANCELLED] * 3
    assert seen(ada, made[1])["error"] == ERROR
    assert seen(ada, made[1])["due_at"] is None


def test_jobs_in_projects_end_too(ada: Person, bob: Person, project: int, desk: Desk) -> None:
    made = bob.submits(project_id=project)["id"]
    disables(ada, bob)
    desk.work()
    assert how(ada, made) == CANCELLED


def test_a_run_stops_and_brings_nothing(ada: Person, bob: Person, desk: Desk) -> None:
    made, deaf = bob.submits("test_gate", "gate")["id"], bob.submits("test_deaf", "deaf")["id"]
    (context, _) = desk.starts("gate", "deaf")
    disables(ada, bob)
    desk.scheduler.look = True  # the commit does that where the runner is
    desk.tick()
    desk.hears("gate")
    desk.opens("deaf")
    assert context.stop_reason == "cancelled"
    assert [how(ada, one) for one in (made, deaf)] == [CANCELLED] * 2


def test_the_log_says_why(app: Flask, ada: Person, bob: Person, desk: Desk) -> None:
    runs = bob.submits("test_gate", "gate")["id"]
    desk.starts("gate")
    waits = bob.submits()["id"]
    disables(ada, bob)
    desk.scheduler.look = True
    desk.tick()
    desk.hears("gate")
    said = [(row.type, row.actor, row.data["reason"]) for row in ended(app, waits, runs)]
    assert said == [
        ("job.cancelled", ada.id, "account_disabled"),
        ("job.cancel_requested", ada.id, "account_disabled"),
        ("job.cancelled", None, "account_disabled"),
    ]


def ended(app: Flask, *job_ids: int) -> list[Any]:
    """Return the rows that tell of the ends of jobs, in their order."""
    topics = {f"job:{one}" for one in job_ids}
    return [row for row in rows(app) if row.topic in topics and "cancel" in row.type]


def test_a_disabling_that_fails_ends_nothing(app: Flask, ada: Person, bob: Person) -> None:
    """Jobs end in the transaction that disables, or not at all."""
    made, own = bob.submits()["id"], ada.submits()["id"]
    with app.app_context():
        fails = databases.trigger(
            "no_disabling", "BEFORE UPDATE OF disabled_at", "users", databases.REFUSE
        )
        db.session.connection().exec_driver_sql(fails)
        db.session.commit()
    assert ada.patch(f"/users/{bob.id}", {"disabled": True}).status_code == 500
    problem(ada.patch(f"/users/{ada.id}", {"disabled": True}), 409)
    assert kinds(app, made) == kinds(app, own) == ["job.queued"]


def test_very_many_end_in_parts(app: Flask, ada: Person, bob: Person) -> None:
    made = enqueues(app, bob.id, *range(MAX_JOBS_PER_TRANSACTION + 1))
    disables(ada, bob)
    assert ok(ada.get(f"/jobs?owner_id={bob.id}&status=queued"))["items"] == []
    assert [how(ada, one) for one in (made[0], made[-1])] == [CANCELLED] * 2


def test_others_jobs_go_on(ada: Person, alice: Person, bob: Person, desk: Desk) -> None:
    made = alice.submits()["id"]
    disables(ada, bob)
    desk.work()
    assert seen(alice, made)["status"] == "succeeded"


def test_nobody_runs_them_again_until_the_account_is_enabled(
    ada: Person, alice: Person, bob: Person, project: int, desk: Desk
) -> None:
    made = bob.submits(project_id=project)["id"]
    disables(ada, bob)
    refused = problem(alice.post(f"/jobs/{made}/retry"), 409)
    disables(ada, bob, disabled=False)
    desk.work()
    assert "disabled" in refused["detail"]
    assert how(ada, made) == CANCELLED, "enabling brings nothing back"
    ok(alice.post(f"/jobs/{made}/retry"))
    desk.work()
    assert how(ada, made) == ("succeeded", None)


def test_what_was_left_behind_is_never_claimed(
    app: Flask, ada: Person, bob: Person, desk: Desk
) -> None:
    """No request can make such a row; a restored database may have one."""
    disables(ada, bob)
    made = enqueues(app, bob.id, 1)[0]
    desk.work()
    assert seen(ada, made)["status"] == "queued"


#: Jobs that are there when the race begins.
RACES = 12


def test_no_job_outlives_disabling_whatever_races_it(
    app: Flask, ada: Person, bob: Person, desks: Callable[..., Desk]
) -> None:
    """People submit and a worker claims while an admin disables: afterwards nothing goes on."""
    desk, stopping = desks(workers=2), threading.Event()

    def works() -> None:
        while not stopping.is_set():
            desk.tick()

    def submits(_: int) -> None:
        with http_for(app) as http:
            person = bob.at(http)
            while person.post("/jobs", {"type": "test_echo", "payload": {}}).status_code == 201:
                pass

    worker = threading.Thread(target=works)
    worker.start()
    with ThreadPoolExecutor(3) as pool:
        going = [pool.submit(submits, one) for one in range(3)]
        eventually(lambda: len(everything(ada, owner_id=bob.id)) > RACES)
        disables(ada, bob)
        for one in going:
            one.result()
    stopping.set()
    worker.join()
    desk.work()
    told = [(row.type, row.actor) for row in rows(app)]
    after = told[told.index(("account.disabled", ada.id)) + 1 :]
    assert {kind for kind, _ in after} <= {"job.cancelled", "access.refused"}, (
        "none began, spoke or succeeded"
    )
    states = {one["status"] for one in everything(ada, owner_id=bob.id)}
    assert states <= {"succeeded", "cancelled"}


def everything(admin: Person, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(admin.get("/jobs", params={"limit": 100} | query))["items"]
    return found
