"""An erasure is carried through by a job, whatever happens to the job."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Executable, delete, select, update

from collab.core.models import utcnow
from collab.core.personal.declared import Subject
from collab.core.storage.housekeeping import HOUSEKEEPER
from collab.events.models import EventRow
from collab.extensions import db
from collab.jobs.models import LIVE_STATUSES, Job
from collab.maintenance.people import erasing
from collab.maintenance.people.models import Erasure

from ..support.jobs import Clock, Desk
from ..support.people import PASSWORD, Person, ok
from ..support.problems import problem
from .exports import kept, made, ordered
from .zebulonia import traces


def erased(who: Person) -> None:
    """Have somebody erase themself."""
    assert who.delete("/auth/me", json={"password": PASSWORD}).status_code == 204


def erasures(ada: Person) -> list[dict[str, Any]]:
    """Return the jobs that erase people, as an admin sees them, the oldest first."""
    return list(ok(ada.get("/jobs?scope=all&type=erase&sort=id"))["items"])


def keeps_house(app: Flask) -> None:
    HOUSEKEEPER.of(app).do_all()


# -- its beginning and its end --------------------------------------------------------------------


def test_an_erasure_has_a_job_from_its_beginning(zeb: Person, ada: Person) -> None:
    erased(zeb)
    (job,) = erasures(ada)
    assert (job["owner_id"], job["status"], job["withheld"]) == (zeb.id, "queued", True)


def test_its_job_stays_as_the_proof_with_its_events(
    app: Flask, zeb: Person, ada: Person, desk: Desk
) -> None:
    erased(zeb)
    desk.work()
    (job,) = erasures(ada)
    assert job["status"] == "succeeded"
    with app.app_context():
        mine = select(EventRow.type).where(EventRow.topic == f"job:{job['id']}")
        types = db.session.scalars(mine.order_by(EventRow.id)).all()
    assert [one for one in types if one != "job.progressed"] == [
        *("job.queued", "job.started", "job.succeeded"),
    ]


def test_it_goes_with_other_jobs_when_it_is_old(
    app: Flask, zeb: Person, ada: Person, desk: Desk
) -> None:
    erased(zeb)
    desk.work()
    with app.app_context():
        days = timedelta(days=app.config["JOB_RETENTION_DAYS"] + 1)
        db.session.get_one(Job, erasures(ada)[0]["id"]).finished_at = utcnow() - days
        db.session.commit()
    keeps_house(app)
    assert erasures(ada) == []


def test_it_tells_how_far_it_is(app: Flask, zeb: Person, ada: Person, desk: Desk) -> None:
    erased(zeb)
    desk.work()
    (job,) = erasures(ada)
    with app.app_context():
        told = select(EventRow.id).where(
            EventRow.topic == f"job:{job['id']}", EventRow.type == "job.progressed"
        )
        assert db.session.scalars(told).all()


def test_an_export_that_is_kept_goes_at_once(zeb: Person, desk: Desk, instance: Path) -> None:
    made(zeb, desk)
    assert kept(instance)
    erased(zeb)
    assert kept(instance) == []


def test_an_export_that_is_being_made_ends_and_leaves_nothing(
    app: Flask, zeb: Person, desk: Desk, instance: Path
) -> None:
    job = ordered(zeb)["id"]
    half = instance / "exports" / f"{zeb.id}.{job}.1.zip"
    half.parent.mkdir(mode=0o700)
    desk.begin = lambda run: half.write_bytes(b"half of it")
    desk.tick()
    erased(zeb)
    assert kept(instance) == []
    with app.app_context():
        assert db.session.get_one(Job, job).cancel_requested


# -- what does not stop it ------------------------------------------------------------------------


def test_to_be_disabled_again_does_not(zeb: Person, ada: Person, desk: Desk) -> None:
    erased(zeb)
    ok(ada.patch(f"/users/{zeb.id}", {"disabled": False}))
    ok(ada.patch(f"/users/{zeb.id}", {"disabled": True}))
    desk.work()
    assert [one["status"] for one in erasures(ada)] == ["succeeded"]


def test_asked_for_twice_there_is_one_job(ada: Person, zeb: Person) -> None:
    for _ in range(2):
        assert ada.delete(f"/users/{zeb.id}", json={"password": PASSWORD}).status_code == 204
    assert len(erasures(ada)) == 1


@pytest.mark.parametrize("steps", range(1, 20, 3))
def test_a_worker_that_dies_between_two_steps_does_not(
    app: Flask, zeb: Person, desks: Callable[..., Desk], instance: Path, steps: int
) -> None:
    """Whatever step was its last, another one does the rest, and no housekeeper is needed."""
    erased(zeb)
    dying, other = desks(clock=Clock()), desks(clock=Clock())
    dying.begin = lambda run: None  # it never comes back
    dying.tick()
    with app.app_context():
        for _ in range(steps):
            erasing.step(zeb.id)
    dying.dies()
    other.work()
    other.clock.passes(300)
    other.work()
    with app.app_context():
        assert db.session.get(Erasure, zeb.id) is None
        assert db.session.scalars(select(Job.status).where(Job.type == "erase")).all() == [
            "succeeded"
        ]
    keeps_house(app)  # for what is no step of it: bytes that a backup holds
    assert traces(instance) == []


@pytest.mark.sqlite("file")
def test_who_reads_what_was_there_puts_it_off(
    zeb: Person, ada: Person, desk: Desk, instance: Path
) -> None:
    erased(zeb)
    with closing(sqlite3.connect(instance / "collab.db")) as reads:
        reads.execute("BEGIN")
        reads.execute("SELECT count(*) FROM users").fetchone()
        desk.work()
        (job,) = erasures(ada)
        assert (job["status"], job["error"]["code"]) == ("retry_wait", "read_meanwhile")
    desk.clock.passes(300)
    desk.work()
    assert [one["status"] for one in erasures(ada)] == ["succeeded"]


def test_two_at_once_both_come_to_their_end(
    zeb: Person, bob: Person, ada: Person, desk: Desk
) -> None:
    erased(zeb), erased(bob)
    desk.work()
    assert [one["status"] for one in erasures(ada)] == ["succeeded"] * 2


def test_two_runs_of_one_end_it_once(app: Flask, zeb: Person) -> None:
    """One that was thought dead goes on beside the one that took its place."""
    with app.app_context():
        db.session.add(Erasure(user_id=zeb.id, email="", name=""))
        db.session.commit()
        whom = Subject(zeb.id, "", "")
        assert [erasing._end(whom), erasing._end(whom)] == [True, True]
        over = select(EventRow.id).where(EventRow.type == "account.erased")
        assert len(db.session.scalars(over).all()) == 1


# -- what becomes of jobs that do not do it -------------------------------------------------------

LOSSES: dict[str, Callable[[Person, int], Any]] = {
    "an admin cancels it": lambda ada, job: ok(ada.post(f"/jobs/{job}/cancel")),
    "it is dead": lambda ada, job: update(Job).values(status="dead", finished_at=utcnow()),
    "an older version began it": lambda ada, job: delete(Job).where(Job.id == job),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_housekeeper_makes_another_one(
    app: Flask, zeb: Person, ada: Person, desk: Desk, loss: Callable[[Person, int], Any]
) -> None:
    erased(zeb)
    done = loss(ada, erasures(ada)[0]["id"])
    with app.app_context():
        if isinstance(done, Executable):
            db.session.execute(done)
            db.session.commit()
    keeps_house(app)
    keeps_house(app)
    assert [one["status"] in LIVE_STATUSES for one in erasures(ada)].count(True) == 1
    desk.work()
    with app.app_context():
        assert db.session.get(Erasure, zeb.id) is None


def test_where_nothing_is_lost_the_housekeeper_makes_none(
    app: Flask, zeb: Person, ada: Person, desk: Desk
) -> None:
    erased(zeb)
    keeps_house(app)
    desk.work()
    keeps_house(app)
    assert len(erasures(ada)) == 1


# -- whom it obeys --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/jobs", "/schedules"])
def test_nobody_makes_one_by_hand(ada: Person, path: str) -> None:
    when = {"name": "Monthly", "cron": "0 0 1 * *"} if path == "/schedules" else {}
    refused = problem(ada.post(path, {"type": "erase", "payload": {}} | when), 422)
    assert refused["errors"][0]["pointer"] == "#/type"


def test_nobody_tries_one_again_by_hand(ada: Person, zeb: Person) -> None:
    erased(zeb)
    (job,) = erasures(ada)
    ok(ada.post(f"/jobs/{job['id']}/cancel"))
    problem(ada.post(f"/jobs/{job['id']}/retry"), 404)
