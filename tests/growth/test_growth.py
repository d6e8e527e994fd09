"""Requests cost the same in a small database and in a large one, in steps of SQLite.

Steps are counted, not time: they are the same on every machine. Each documented GET route is asked
with each of its parameters, so that a new route or a new way to sort is looked at by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from collab.extensions import db

from .asked import addresses
from .worlds import Work, World
from .written import CHANGES

pytestmark = pytest.mark.sqlite("plans")

Worlds = tuple[World, World]

#: What a request may take in the large database: so many times that of the small one, and more.
FACTOR, SLACK = 2, 3000

#: Steps that a request may take beyond that, by the beginning of its address, and why.
MORE = {
    "/api/v1/projects?": (90_000, "a person's projects, put in order by what no index has"),
    "/api/v1/workspaces": (120_000, "the same of all workspaces of a person's projects"),
    "/api/v1/events": (200_000, "a look into the index for each project of a person"),
    "/api/v1/activity": (600_000, "the same"),
    "/api/v1/users/3/activity": (220_000, "reads 10,000 rows of the log at the most"),
    "/api/v1/projects/1/activity": (220_000, "the same"),
    "/api/v1/audit": (120_000, "the same"),
    "/api/v1/users?q=": (40_000, "admins look for a part of a name in all accounts"),
    "/api/v1/collections?q=": (30_000, "the same in a person's own"),
    "/api/v1/search": (160_000, "ranks 1,000 candidates of each kind, by titles the newest 2,000"),
    "/api/v1/workspaces/2/tree": (30_000, "shows all files, 10,000 at the most"),
    "/api/v1/workspaces/2/files?kind": (30_000, "looks through them"),
    "/metrics": (140_000, "counts jobs and schedules by state, for whoever watches the service"),
    "/api/v1/installation": (100_000, "counts accounts, projects and sessions, for admins"),
    "/api/v1/jobs/1/log": (30_000, "looks through the log of one job, which is bounded"),
    "/api/v1/notifications": (20_000, "1,000 are kept of a person"),
    "read ": (60_000, "1,000 are kept of a person"),
    "PATCH a notification": (20_000, "the same"),
    "DELETE a notification": (20_000, "the same"),
    "end all sessions": (450_000, "ends each, and tells it"),
    "POST a file": (30_000, "counts a workspace's files, 10,000 at the most"),
    "DELETE an empty project": (8_000, "takes a name out of the full-text index"),
    "move a task": (3_000, "the neighbour is not there in the small database"),
}

#: Tables that stay small, or are read through on purpose.
READ_THROUGH = {
    "flag_overrides",
    "event_log_state",
    "alembic_version",
    "log_readers",
    "webhooks",  # a few a project, counted for whoever watches the service
}


def bound(what: str, few: int) -> int:
    """Return how many steps a request may take."""
    best = max((one for one in MORE if what.startswith(one)), key=len, default=None)
    return FACTOR * few + SLACK + (MORE[best][0] if best else 0)


@dataclass
class Compared:
    """What was asked for in both worlds, the statuses and the work."""

    what: str
    statuses: list[int]
    work: list[Work]

    @property
    def sent(self) -> Counter[str]:
        """Return the statements of the small world, and how often each was sent."""
        return Counter(statement for statement, _ in self.work[0].statements)


def compare(worlds: Worlds, name: str, known: dict[str, Compared]) -> list[Compared]:
    """Let somebody ask for everything, in the small world and in the large one.

    Who sends no statement but those that are known of an address reads as much in the large world,
    so what costs half of the time is left out there.
    """
    found = []
    document = worlds[0].http.get("/api/openapi.json").json()
    asked = [addresses(document, world.ids) for world in worlds]
    for pair in zip(*asked, strict=True):
        one = Compared(pair[1], [], [])
        for world, address in zip(worlds, pair, strict=True):
            with world.measured() as done:
                one.statuses.append(world.who(name).get(address).status_code)
            one.work.append(done)
            if one.what in known and one.sent <= known[one.what].sent and one.statuses == [200]:
                break
        found.append(one)
    return found


@pytest.fixture(scope="module")
def of_alice(worlds: Worlds) -> list[Compared]:
    """Return what alice asked for, who is in all that there is."""
    return compare(worlds, "alice", {})


@pytest.fixture(scope="module", params=["alice", "ada"])
def compared(
    request: pytest.FixtureRequest, worlds: Worlds, of_alice: list[Compared]
) -> list[Compared]:
    """Return what alice asked for, or ada, an admin, whose statements are others."""
    known = {one.what: one for one in of_alice if one.statuses == [200, 200]}
    return of_alice if request.param == "alice" else compare(worlds, "ada", known)


def test_what_a_request_reads_does_not_grow_with_what_there_is(compared: list[Compared]) -> None:
    steps = {one.what: [done.steps for done in one.work] for one in compared}
    grown = {what: both for what, both in steps.items() if both[-1] > bound(what, both[0])}
    statuses = {one.what: one.statuses for one in compared}
    unlike = {what: both for what, both in statuses.items() if len(set(both)) > 1}
    refused = {what: both for what, both in statuses.items() if both[0] >= 500}
    assert (grown, unlike, refused) == ({}, {}, {})
    assert sum(set(both) == {200} for both in statuses.values()) > 200
    assert sum(both == [200, 200] for both in statuses.values()) > 70


def test_what_a_change_costs_does_not_grow_with_what_there_is(worlds: Worlds) -> None:
    grown, failed = {}, {}
    for what, change in CHANGES.items():
        steps, statuses = [], []
        for world in worlds:
            send = change(world)
            with world.measured() as done:
                statuses.append(send().status_code)
            steps.append(done.steps)
        if steps[1] > bound(what, steps[0]):
            grown[what] = steps
        if statuses[1] >= 400:
            failed[what] = statuses
    assert (grown, failed) == ({}, {})


def scanned(plans: dict[str, list[str]]) -> dict[str, str]:
    """Return the statements that read a whole table, in no order of an index."""
    found = {}
    for statement, plan in plans.items():
        for line in plan:
            table = re.fullmatch(r"SCAN (\w+)", line)
            if table and table[1] in db.metadata.tables and table[1] not in READ_THROUGH:
                found[" ".join(statement.split())[:200]] = line
    return found


@pytest.mark.parametrize("compared", ["alice"], indirect=True)  # admins count what there is
def test_no_request_reads_through_a_table(worlds: Worlds, compared: list[Compared]) -> None:
    sent = [statement for one in compared for statement in one.work[1].statements]
    assert len(sent) > len(compared) / 2
    assert scanned(worlds[1].plans(sent)) == {}


def test_every_foreign_key_has_an_index(worlds: Worlds) -> None:
    """Or a deletion reads all rows that could hold it, under the writer's lock."""
    missing = []
    with worlds[0].app.app_context():
        tables = db.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        for table in tables.all():
            first = first_columns(table)
            keys = db.session.execute(text(f"PRAGMA foreign_key_list({table})")).all()
            missing += [f"{table}.{key[3]}" for key in keys if key[3] not in first]
    assert missing == []


def first_columns(table: str) -> set[Any]:
    """Return the columns by which an index of a table, or its primary key, begins."""
    found = set()
    for index in db.session.execute(text(f"PRAGMA index_list({table})")).all():
        if not index[4]:
            found.add(db.session.execute(text(f"PRAGMA index_info({index[1]})")).first()[2])
    columns = db.session.execute(text(f"PRAGMA table_info({table})")).all()
    return found | {column[1] for column in columns if column[5] == 1}


def test_the_counter_counts(worlds: Worlds) -> None:
    """Or it would prove nothing: reading through a table costs what there is in it."""
    steps = []
    for world in worlds:
        with world.measured() as done, world.app.app_context():
            db.session.execute(text("SELECT sum(length(type)) FROM events")).one()
        steps.append(done.steps)
    assert steps[1] > 15 * steps[0]


def test_a_scan_is_found(worlds: Worlds) -> None:
    with worlds[0].measured() as done, worlds[0].app.app_context():
        db.session.execute(text("SELECT id FROM events WHERE address = 'x'")).all()
    assert len(scanned(worlds[0].plans(done.statements))) == 1
