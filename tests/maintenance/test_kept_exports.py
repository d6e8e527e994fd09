"""For how long an export is there, and what runs that come to nothing leave: nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from collab.core.models import utcnow
from collab.core.storage.housekeeping import HOUSEKEEPER
from collab.extensions import db
from collab.jobs.context import JobContext, Stopped
from collab.maintenance.people import keeping
from collab.maintenance.people.models import Export

from ..support import databases
from ..support.jobs import Desk
from ..support.people import Person
from ..support.problems import problem
from .exports import fetch, kept, made, opened, ordered

# -- how long it is there -------------------------------------------------------------------------


def test_a_new_one_takes_the_place_of_the_one_before(
    zeb: Person, desk: Desk, instance: Path
) -> None:
    first, second = made(zeb, desk)["id"], made(zeb, desk)["id"]
    assert kept(instance) == [f"{zeb.id}.{second}.1.zip"]
    assert first != second


def test_it_goes_after_some_time(app: Flask, zeb: Person, desk: Desk, instance: Path) -> None:
    made(zeb, desk)
    HOUSEKEEPER.of(app).do_all()
    assert fetch(zeb).status_code == 200
    with app.app_context():
        db.session.get_one(Export, zeb.id).made_at -= keeping.life()
        db.session.commit()
    problem(fetch(zeb), 404)
    HOUSEKEEPER.of(app).do_all()
    assert kept(instance) == []
    with app.app_context():
        assert db.session.get(Export, zeb.id) is None


def test_it_outlives_its_job(app: Flask, zeb: Person, desk: Desk, instance: Path) -> None:
    job = made(zeb, desk)["id"]
    with closing(databases.opened(instance)) as database:
        days = timedelta(days=app.config["JOB_RETENTION_DAYS"] + 1)
        long_ago = utcnow().replace(tzinfo=None) - days
        database.execute(f"UPDATE jobs SET finished_at = '{long_ago}' WHERE id = {job}")
        database.commit()
    HOUSEKEEPER.of(app).do_all()
    problem(zeb.get(f"/jobs/{job}"), 404)
    assert fetch(zeb).status_code == 200


def test_one_whose_file_is_not_there_can_be_ordered_again(
    zeb: Person, desk: Desk, instance: Path
) -> None:
    """As after a restore: no backup has exports."""
    made(zeb, desk)
    for path in (instance / "exports").iterdir():
        path.unlink()
    problem(fetch(zeb), 404)
    made(zeb, desk)
    assert fetch(zeb).status_code == 200


def test_only_the_server_itself_can_read_the_files(zeb: Person, desk: Desk, instance: Path) -> None:
    made(zeb, desk)
    (file,) = (instance / "exports").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


# -- runs that come to nothing --------------------------------------------------------------------


@pytest.fixture
def run(zeb: Person) -> JobContext:
    """Return a run of a job that nobody has claimed."""
    job = ordered(zeb)["id"]
    return JobContext(job_id=job, attempt=1, owner_id=zeb.id, project_id=None, timeout_s=60)


def test_a_run_that_nobody_wants_any_more_leaves_no_file(
    app: Flask, run: JobContext, zeb: Person, instance: Path
) -> None:
    """Its job was cancelled, or another worker has it: not even at its very end does it count."""
    with app.app_context():
        with pytest.raises(Stopped), keeping.new_file(run) as file:
            file.write(b"all")
        assert db.session.get(Export, zeb.id) is None
    assert kept(instance) == []


def test_what_a_killed_run_has_left_goes(
    app: Flask, zeb: Person, desks: Callable[..., Desk], instance: Path
) -> None:
    """While it runs its file stays; another worker then makes the export from the beginning."""
    dying, other = desks(), desks()
    job = ordered(zeb)["id"]
    half = instance / "exports" / f"{zeb.id}.{job}.1.zip"
    half.parent.mkdir(mode=0o700)
    dying.begin = lambda run: half.write_bytes(b"half of it")  # and it never comes back
    dying.tick()
    HOUSEKEEPER.of(app).do_all()
    assert half.exists()
    dying.dies()
    other.work()
    other.clock.passes(300)
    other.work()
    HOUSEKEEPER.of(app).do_all()
    assert kept(instance) == [f"{zeb.id}.{job}.2.zip"]
    with opened(fetch(zeb)) as archive:
        assert archive.testzip() is None


def test_what_others_have_put_there_stays(
    app: Flask, zeb: Person, desk: Desk, instance: Path
) -> None:
    made(zeb, desk)
    (instance / "exports" / "notes.txt").write_text("mine")
    HOUSEKEEPER.of(app).do_all()
    assert "notes.txt" in kept(instance)
