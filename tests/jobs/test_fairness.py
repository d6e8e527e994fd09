"""Nobody's jobs hold back another's, however many they are and however long they take."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any

import pytest
from flask import Flask

from collab.core.database import take_write_lock
from collab.extensions import db
from collab.jobs.engine import claiming

from ..support.history import rows
from ..support.jobs import Desk
from ..support.people import Person
from ..support.statements import Statements
from ..support.work import enqueues, people, status, statuses


def owners_started(app: Flask, table: sqlite3.Connection) -> list[int]:
    """Return whose jobs were started, in the order of starting."""
    owner = dict(table.execute("SELECT id, owner_id FROM jobs").fetchall())
    return [owner[row.data["job_id"]] for row in rows(app) if row.type == "job.started"]


# -- many jobs ------------------------------------------------------------------------------------


def test_a_thousand_jobs_do_not_hold_back_another_persons_one(
    app: Flask, alice: Person, bob: Person, desks: Any, table: Any
) -> None:
    enqueues(app, alice.id, *range(1000))
    enqueues(app, bob.id, 0)
    desk = desks(workers=1)
    desk.tick()
    desk.tick()
    assert bob.id in owners_started(app, table)[:2]


def test_whoever_comes_later_is_served_next(
    app: Flask, alice: Person, bob: Person, desks: Any, table: Any
) -> None:
    desk = desks(workers=1)
    enqueues(app, alice.id, *range(100))
    desk.tick()
    (made,) = enqueues(app, bob.id, 0)
    desk.tick()
    desk.tick()
    assert status(bob, made) == "succeeded"
    assert len(owners_started(app, table)) < 100


def test_many_people_take_turns(app: Flask, desks: Any, table: Any) -> None:
    crowd = people(app, 20)
    for who in crowd:
        enqueues(app, who, *range(10))
    desks(workers=2).work()
    served = owners_started(app, table)
    assert len(served) == 200
    for end in range(20, 201, 20):
        counts = Counter(dict.fromkeys(crowd, 0) | Counter(served[:end]))
        assert max(counts.values()) - min(counts.values()) <= 2


def test_everybodys_last_job_runs(app: Flask, desks: Any, table: Any) -> None:
    made = [job for who in people(app, 40) for job in enqueues(app, who, 1, 2, 3)]
    desks(workers=3).work()
    done = table.execute("SELECT count(*) FROM jobs WHERE status = 'succeeded'").fetchone()
    assert done == (len(made),)


# -- long jobs ------------------------------------------------------------------------------------


def test_a_place_is_left_for_others(app: Flask, alice: Person, bob: Person, desks: Any) -> None:
    desk = desks(workers=4)
    mine = enqueues(app, alice.id, *range(8), kind="test_gate")
    desk.starts(0, 1, 2)
    assert statuses(alice, *mine) == ["running"] * 3 + ["queued"] * 5
    (made,) = enqueues(app, bob.id, "quick")
    desk.tick()
    desk.hears("quick")
    assert status(bob, made) == "succeeded"


def test_the_place_that_is_left_is_nobodys_for_long(
    app: Flask, alice: Person, bob: Person, charlie: Person, desks: Any
) -> None:
    desk = desks(workers=4)
    enqueues(app, alice.id, *range(8), kind="test_gate")
    bobs = enqueues(app, bob.id, "b1", "b2", kind="test_gate")
    desk.starts("b1")
    assert sorted(statuses(bob, *bobs)) == ["running", "running"]
    (made,) = enqueues(app, charlie.id, "quick")
    desk.opens(0)
    desk.hears("quick")
    assert status(charlie, made) == "succeeded"


def test_with_one_worker_anybody_may_have_it(app: Flask, alice: Person, desks: Any) -> None:
    made = enqueues(app, alice.id, 1, 2)
    desks(workers=1).work()
    assert statuses(alice, *made) == ["succeeded"] * 2


# -- types ----------------------------------------------------------------------------------------


def test_no_more_of_a_type_run_at_once_than_may(app: Flask, alice: Person, desk: Desk) -> None:
    made = enqueues(app, alice.id, *"abc", kind="test_single")
    desk.starts("a")
    desk.tick()
    assert statuses(alice, *made) == ["running", "queued", "queued"]
    desk.opens("a")
    assert statuses(alice, *made) == ["succeeded", "running", "queued"]


def test_a_full_type_does_not_hold_back_others(app: Flask, alice: Person, desk: Desk) -> None:
    enqueues(app, alice.id, *range(200), kind="test_single")
    (made,) = enqueues(app, alice.id, "quick")
    desk.starts(0)
    desk.tick()
    desk.hears("quick")
    assert status(alice, made) == "succeeded"


def test_people_who_wait_for_a_full_type_do_not_hold_back_others(
    app: Flask, alice: Person, desks: Any
) -> None:
    desk = desks(workers=2)
    for who in people(app, 100):
        enqueues(app, who, who, kind="test_single")
    desk.begin = desk.in_a_thread
    desk.tick()
    (made,) = enqueues(app, alice.id, "quick")
    desk.tick()
    desk.hears("quick")
    assert status(alice, made) == "succeeded"


def test_people_whose_jobs_nothing_here_runs_do_not_hold_back_others(
    app: Flask, alice: Person, desks: Any, table: Any
) -> None:
    for who in people(app, 100):
        enqueues(app, who, 1)
    table.execute("UPDATE jobs SET type = 'mining', owner_id = owner_id")
    (made,) = enqueues(app, alice.id, "quick")
    table.execute("UPDATE jobs SET owner_id = (SELECT max(id) FROM users) WHERE id = ?", (made,))
    desks(workers=1).work()
    assert table.execute("SELECT status FROM jobs WHERE id = ?", (made,)).fetchone() == (
        "succeeded",
    )


# -- many -----------------------------------------------------------------------------------------


def plans(statements: Statements, table: sqlite3.Connection) -> dict[str, list[str]]:
    """Return how the database goes about each statement on jobs."""
    found = {}
    for statement, parameters in statements.seen:
        if "jobs" in statement and statement.split()[0] in ("SELECT", "WITH", "UPDATE"):
            one = parameters[0] if isinstance(parameters, list) else parameters
            plan = table.execute(f"EXPLAIN QUERY PLAN {statement}", one).fetchall()
            found[statement] = [row[3] for row in plan]
    return found


@pytest.fixture
def ticked(app: Flask, alice: Person, bob: Person, desk: Desk) -> Statements:
    """Return what a worker executes while jobs wait, run, speak, fail, end and are swept."""
    for kind in ("test_echo", "test_failing", "test_hopeless"):
        enqueues(app, alice.id, *range(50), kind=kind)
        enqueues(app, bob.id, *range(50), kind=kind)
    with Statements(app) as statements:
        for _ in range(6):
            desk.tick()
            desk.clock.passes(6)
    return statements


@pytest.mark.sqlite("plans")
def test_no_statement_of_a_worker_walks_over_all_jobs(
    ticked: Statements, table: sqlite3.Connection
) -> None:
    walks = {
        statement: plan
        for statement, plan in plans(ticked, table).items()
        if any(step.startswith("SCAN jobs") and "ix_jobs_" not in step for step in plan)
    }
    assert (walks, len(ticked.seen) > 20) == ({}, True)


@pytest.mark.sqlite("plans")
def test_the_next_job_is_found_in_the_index_of_what_is_ready(
    ticked: Statements, table: sqlite3.Connection
) -> None:
    found = plans(ticked, table).items()
    choosing = [plan for statement, plan in found if "ORDER BY jobs.rank" in statement]
    steps = [step for plan in choosing for step in plan if "jobs" in step]
    assert steps
    assert all("ix_jobs_ready (owner_id=? AND type=?)" in step for step in steps)


@pytest.mark.sqlite("plans")
def test_who_waits_for_what_is_found_by_one_look_each(
    ticked: Statements, table: sqlite3.Connection
) -> None:
    plan = next(
        plan for statement, plan in plans(ticked, table).items() if "RECURSIVE" in statement
    )
    looks = [step for step in plan if "jobs" in step]
    by_index = [step for step in looks if "PRIMARY KEY" not in step]
    assert looks
    assert all("ix_jobs_ready" in step or "ix_jobs_due" in step for step in by_index)
    assert any("ix_jobs_ready ((owner_id,type,rank)>(?,?,?))" in step for step in looks)


@pytest.mark.sqlite("plans")
def test_to_see_who_waits_takes_no_longer_for_a_long_line(app: Flask, alice: Person) -> None:
    """The plan does not tell it: to look past a line, SQLite may walk over what is equal."""
    looked = []
    for more in (10, 500):
        enqueues(app, alice.id, *range(more))
        looked.append(steps_of_a_look(app))
    assert looked[1] <= looked[0] + 1  # a tick of the counter may fall on either side


def steps_of_a_look(app: Flask) -> int:
    """Return how many tens of instructions SQLite carries out to see what waits."""
    steps: list[None] = []
    with app.app_context():
        take_write_lock()
        driver: Any = db.session.connection().connection.driver_connection
        driver.set_progress_handler(lambda: steps.append(None), 10)
        assert claiming.look().lines
        driver.set_progress_handler(None, 0)
        db.session.rollback()
    return len(steps)
