"""Several processes see to one database, and one of them is killed: each time comes once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flask import Flask

from collab.core.models import utcnow
from collab.extensions import db
from collab.schedules.models import Schedule

from ..support import databases
from ..support.people import Person
from ..support.schedules import Hours, jobs_of, keeper, runs_of
from ..support.servers import ProcessServer
from ..support.waiting import PATIENCE, eventually

#: Schedules that are due at once when a server is killed.
DUE_AT_ONCE = 60


def test_processes_that_come_at_once_make_each_job_once(
    alice: Person, make_app: Callable[..., Flask], hours: Hours
) -> None:
    made = [hours.makes(alice, missed="all") for _ in range(3)]
    keepers = [hours.keeper, *(keeper(make_app(), hours.clock) for _ in range(2))]
    for _ in range(5):
        hours.clock.passes(60)
        start = threading.Barrier(len(keepers))
        with ThreadPoolExecutor(len(keepers)) as pool:
            list(pool.map(lambda one, at=start: (at.wait(PATIENCE), one.tick()), keepers))
        hours.work()
    for one in made:
        times = [run["nominal_at"] for run in runs_of(alice, one)]
        assert len(times) == len(set(times)) == 5
        assert len(jobs_of(alice, one)) == 5


def due_at_once(app: Flask, person: Person) -> None:
    """Make schedules that are due in this minute, and then not for a year."""
    now = utcnow().replace(second=0, microsecond=0)
    values = {
        "owner_id": person.id,
        "name": "Once a year",
        "cron": f"{now.minute} {now.hour} {now.day} {now.month} *",
        "time_zone": "UTC",
        "missed": "all",
        "overlap": "skip",
        "type": "function",
        "payload": {"name": "word_count", "event": {}},
        "next_at": now,
    }
    with app.app_context():
        db.session.add_all([Schedule(**values) for _ in range(DUE_AT_ONCE)])
        db.session.commit()


def test_a_server_that_is_killed_loses_no_time_and_doubles_none(
    app: Flask, instance: Path, alice: Person, process: Callable[..., ProcessServer]
) -> None:
    server = process(JOB_WORKERS="0", SQLITE_SYNCHRONOUS="normal")
    table = databases.opened(instance)

    def count(query: str) -> int:
        return int(table.execute(f"SELECT count(*) FROM {query}").fetchone()[0])

    due_at_once(app, alice)
    eventually(lambda: count("schedule_runs") > 0)
    server.kill()
    killed_at = count("schedule_runs")
    server.start()
    tomorrow = databases.from_now(days=1)
    eventually(lambda: count(f"schedules WHERE next_at < '{tomorrow}'") == 0)
    assert 0 < killed_at <= DUE_AT_ONCE
    assert count("schedule_runs") == count("jobs") == DUE_AT_ONCE
    assert count("(SELECT DISTINCT schedule_id FROM schedule_runs) AS told") == DUE_AT_ONCE
    assert count("jobs JOIN schedule_runs ON schedule_runs.job_id = jobs.id") == DUE_AT_ONCE
    table.close()
