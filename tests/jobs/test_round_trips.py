"""How often a job has somebody wait for PostgreSQL's server: that takes longer than its work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from collab import create_app
from collab.extensions import db
from collab.jobs import registry, service
from collab.jobs.engine.queue import QUEUE
from collab.jobs.order import Order
from collab.jobs.procrastinate.deliveries import Deliveries

from ..conftest import SETTINGS, close, migrated
from ..support.jobs import Desk, bring_types
from ..support.postgres import PostgresServer
from ..support.round_trips import RoundTrips, counted
from ..support.work import caller_of

#: BEGIN with the lock; the row; its event with the queue's entry; quotas with texts; COMMIT; and
#: the flush.
TRIPS_OF_A_SUBMIT = 8
#: BEGIN, the end of the job before; what waits; the next of the line; the claim; what was
#: delivered; all else that is written; quotas with texts; COMMIT.
TRIPS_OF_A_TICK = 12


@pytest.fixture
def trips(cluster: PostgresServer, tmp_path: Path) -> Iterator[tuple[Flask, int, RoundTrips]]:
    """Return an application, who uses it, and what counts the round trips of its connections."""
    people = migrated(cluster, "round_trips", tmp_path, ("ada",))
    with counted(cluster.url("round_trips"), tmp_path) as (url, count):
        where = {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": url}
        app = bring_types(create_app(SETTINGS | where))
        yield app, people["ada"].id, count
        close(app)


def submits(app: Flask, who: int) -> int:
    with app.app_context():
        order = Order(registry.require("test_echo"), {"value": 1})
        job, _ = service.submit(order, caller_of(who))
        db.session.remove()
        return job.id


def test_a_submit_waits_for_the_server_few_times(trips: tuple[Flask, int, RoundTrips]) -> None:
    app, who, counted_trips = trips
    submits(app, who)  # connections are made, and statements compiled
    before = counted_trips.count
    submits(app, who)
    assert counted_trips.count - before == TRIPS_OF_A_SUBMIT


def test_a_tick_that_ends_a_job_and_claims_one_waits_few_times(
    trips: tuple[Flask, int, RoundTrips],
) -> None:
    app, who, counted_trips = trips
    deliveries = Deliveries(app, QUEUE.of(app), "", [], 4, lambda: None)
    desk = Desk(app, source=deliveries)
    for job_id in [submits(app, who), submits(app, who)]:
        deliveries.take(job_id)
        before = counted_trips.count
        desk.tick()
    assert counted_trips.count - before == TRIPS_OF_A_TICK
    desk.close()
