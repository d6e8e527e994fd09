"""What of a run is on the disk before it goes on: of what runs at most once, that it has begun."""

from __future__ import annotations

import pytest
from flask import Flask

from collab.core.transactions.disk import DISK, Disk
from collab.extensions import db
from collab.jobs.engine.attempt import Run

from ..support.jobs import Desk
from ..support.people import Person


@pytest.mark.sqlite("file")
@pytest.mark.parametrize(("kind", "syncs"), [("test_once", 1), ("test_gate", 0)])
def test_what_runs_at_most_once_begins_when_the_disk_knows(
    app: Flask, desk: Desk, alice: Person, kind: str, syncs: int
) -> None:
    alice.submits(kind, value=1)
    made, known = [0], []

    def sync() -> None:
        made[0] += 1

    def begin(run: Run) -> None:
        known.append((run.job.type, made[0]))

    with app.app_context():
        db.engine.dispose()
    DISK.put(app, Disk(sync))
    desk.begin = begin
    desk.tick()
    assert known == [(kind, syncs)]
