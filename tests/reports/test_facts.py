"""What a report counts, held against plain Python over the same events."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete

from collab.events import log
from collab.events.models import EventRow
from collab.extensions import db
from collab.projects.models import Member
from collab.reports import facts
from collab.reports.facts import MAX_PEOPLE_SHOWN, MAX_ROWS_LISTED, MAX_TYPES_SHOWN
from collab.reports.scope import Period, Scope
from collab.reports.snapshot import snapshot

from ..support.made_once import made_once
from ..support.people import Person
from .making import NOW, Told, context, forget, made, write

TODAY = NOW.date()


SEEDS = range(4)


def random_events(seed: int, alice: Person, bob: Person) -> list[Told]:
    """Return events of 60 days around the last 30, types and people unevenly often, in order."""
    choose = random.Random(seed)
    actors = [alice.id, bob.id, None, *range(900, 912)]
    kinds = [f"kind.n{number}" for number in range(20)]
    found = [
        Told(
            time=NOW + timedelta(seconds=choose.randint(-59 * 86400, 86400)),
            type=choose.choices(kinds, [1.3**-n for n in range(20)])[0],
            actor=choose.choice(actors),
        )
        for _ in range(1500)
    ]
    return sorted(found, key=lambda one: one.time)


def within(events: list[Told], days: int) -> list[Told]:
    first = TODAY - timedelta(days=days - 1)
    return [one for one in events if first <= one.time.date() <= TODAY]


@dataclass(frozen=True)
class Past:
    """A project, and what has happened in it."""

    project: int
    events: list[Told]


@made_once
def projects(app: Flask, alice: Person, bob: Person) -> list[int]:
    """Return projects with random events in the log, in the order of their times."""
    found = [alice.makes_project(f"Past {seed}") for seed in SEEDS]
    forget(app)
    told = [
        replace(one, project=project)
        for seed, project in zip(SEEDS, found, strict=True)
        for one in random_events(seed, alice, bob)
    ]
    write(app, found[0], sorted(told, key=lambda one: one.time))
    return found


@pytest.fixture(params=SEEDS)
def past(request: pytest.FixtureRequest, projects: list[int], alice: Person, bob: Person) -> Past:
    """Return each of them."""
    seed = request.param
    return Past(projects[seed], random_events(seed, alice, bob))


@pytest.mark.parametrize("days", [1, 7, 30, 365])
def test_each_day_has_its_events(app: Flask, alice: Person, past: Past, days: int) -> None:
    counted = Counter(one.time.date() for one in within(past.events, days))
    wanted = [TODAY - timedelta(days=back) for back in reversed(range(days))]
    found = made(app, alice.id, past.project, days).found["activity"]
    assert found.days == [(one, counted[one]) for one in wanted]


def test_types_are_counted_the_most_frequent_first(app: Flask, alice: Person, past: Past) -> None:
    counted = Counter(one.type for one in within(past.events, 30))
    ranked = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    found = made(app, alice.id, past.project).found["types"]
    assert found.shown == ranked[:MAX_TYPES_SHOWN]
    assert found.total == counted.total()
    assert found.other_types == len(ranked) - MAX_TYPES_SHOWN
    assert found.other_events == sum(count for _, count in ranked[MAX_TYPES_SHOWN:])


def test_people_are_counted_the_most_active_first(app: Flask, alice: Person, past: Past) -> None:
    inside = within(past.events, 30)
    counted = Counter(one.actor for one in inside)
    ranked = sorted(counted, key=lambda actor: (-counted[actor], actor or 0))
    last = {one.actor: one.time for one in inside}
    found = made(app, alice.id, past.project).found["people"]
    shown = [(one.user_id, one.events, one.last) for one in found.shown]
    assert shown == [(key, counted[key], last[key]) for key in ranked[:MAX_PEOPLE_SHOWN]]
    assert found.active == len(counted) - 1
    assert found.others == sum(key is not None for key in ranked[MAX_PEOPLE_SHOWN:])


def test_events_of_other_projects_are_not_counted(app: Flask, alice: Person, quiet: int) -> None:
    other = alice.makes_project("Other")
    write(app, other, [Told(NOW)] * 3)
    write(app, quiet, [Told(NOW)])
    assert made(app, alice.id, quiet).found["types"].shown == [("activity", 1)]


# -- days -----------------------------------------------------------------------------------------


def counts(app: Flask, owner: Person, project: int, days: int) -> list[int]:
    return [count for _, count in made(app, owner.id, project, days).found["activity"].days]


MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def test_days_begin_at_midnight_utc(app: Flask, alice: Person, quiet: int) -> None:
    write(app, quiet, [Told(MIDNIGHT - MOMENT), Told(MIDNIGHT), Told(MIDNIGHT + MOMENT)])
    assert counts(app, alice, quiet, 2) == [1, 2]


def test_the_period_begins_with_its_first_midnight(app: Flask, alice: Person, quiet: int) -> None:
    write(app, quiet, [Told(MIDNIGHT - MOMENT), Told(MIDNIGHT)])
    assert counts(app, alice, quiet, 1) == [1]


def test_the_period_ends_before_the_next_midnight(app: Flask, alice: Person, quiet: int) -> None:
    tomorrow = MIDNIGHT + timedelta(days=1)
    write(app, quiet, [Told(tomorrow - MOMENT), Told(tomorrow)])
    assert counts(app, alice, quiet, 1) == [1]


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (MIDNIGHT - MOMENT, date(2026, 11, 19)),
        (MIDNIGHT, date(2026, 11, 20)),
        (datetime.fromisoformat("2026-11-20T01:30:00+02:00"), date(2026, 11, 19)),
    ],
)
def test_today_is_the_day_in_utc(now: datetime, last: date) -> None:
    assert Period.ending(now, 1) == Period(last, last)


def test_a_year_has_its_365_days_in_order() -> None:
    days = Period.ending(NOW, 365).days
    assert (len(days), days[0], days[-1]) == (365, date(2025, 11, 21), TODAY)
    assert days == sorted(set(days))


def test_events_out_of_order_are_counted_all_the_same(
    app: Flask, alice: Person, quiet: int
) -> None:
    start = Period.ending(NOW, 30).start
    write(app, quiet, [Told(start), Told(start - timedelta(hours=23)), Told(start + MOMENT)])
    assert sum(counts(app, alice, quiet, 30)) == 2


def test_old_events_are_passed_over_by_id(app: Flask, quiet: int) -> None:
    write(app, quiet, [Told(NOW - timedelta(days=50))] * 500 + [Told(NOW)])
    with app.app_context(), db.engine.connect() as connection:
        scope = Scope.of(connection, quiet, Period.ending(NOW, 30))
        assert scope.after == log.last_id() - 1


@pytest.mark.sqlite("plans")
def test_counting_goes_by_the_index_of_the_project(app: Flask, quiet: int) -> None:
    with app.app_context(), db.engine.connect() as connection:
        query = Scope.of(connection, quiet, Period.ending(NOW, 30)).events(EventRow.id)
        compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
    assert "ix_events_project_id_id (project_id=? AND id>?)" in str(plan)


def test_it_is_told_where_a_pruned_log_begins(app: Flask, alice: Person, quiet: int) -> None:
    since = NOW - timedelta(days=10)
    write(app, quiet, [Told(NOW - timedelta(days=20)), Told(since)])
    with app.app_context():
        log.prune(timedelta(days=15), NOW)
    assert made(app, alice.id, quiet).found["activity"].kept_since == since
    assert made(app, alice.id, quiet, 5).found["activity"].kept_since is None


def test_of_a_log_that_was_never_pruned_nothing_is_told(
    app: Flask, alice: Person, quiet: int
) -> None:
    write(app, quiet, [Told(NOW)])
    assert made(app, alice.id, quiet).found["activity"].kept_since is None


# -- people, members, workspaces ------------------------------------------------------------------


def test_people_have_their_name_and_role(
    app: Flask, alice: Person, charlie: Person, quiet: int
) -> None:
    actors = [alice.id, alice.id, alice.id, charlie.id, charlie.id, 999]
    write(app, quiet, [Told(NOW, actor=one) for one in actors] + [Told(NOW)] * 4)
    shown = made(app, alice.id, quiet).found["people"].shown
    assert [(one.label, one.role, one.events) for one in shown] == [
        ("The service", None, 4),
        ("Alice", "owner", 3),
        ("Charlie", None, 2),
        ("Deleted account 999", None, 1),
    ]


def test_members_are_listed_owners_first(
    app: Flask, alice: Person, bob: Person, vera: Person, project: int
) -> None:
    found = made(app, alice.id, project).found["members"]
    assert [(name, role) for name, role, _ in found.listed] == [
        ("Alice", "owner"),
        ("Bob", "collaborator"),
        ("Vera", "viewer"),
    ]
    assert found.roles == {"owner": 1, "collaborator": 1, "viewer": 1}


def test_workspaces_have_the_events_on_their_topic(app: Flask, alice: Person, quiet: int) -> None:
    desk = alice.makes_workspace(quiet, "desk")
    alice.makes_workspace(quiet, "Attic")
    topic = f"workspace:{desk}"
    write(app, quiet, [Told(NOW - timedelta(days=40), topic=topic)] + [Told(NOW, topic=topic)] * 2)
    found = made(app, alice.id, quiet).found["workspaces"]
    assert [(name, events) for name, _, events in found.listed] == [("Attic", 0), ("desk", 2)]


def test_of_many_workspaces_the_first_are_listed_and_the_rest_counted(
    app: Flask, alice: Person, quiet: int
) -> None:
    for number in range(MAX_ROWS_LISTED + 3):
        alice.makes_workspace(quiet, f"w{number:03}")
    found = made(app, alice.id, quiet).found["workspaces"]
    assert (found.total, len(found.listed), found.others) == (
        MAX_ROWS_LISTED + 3,
        MAX_ROWS_LISTED,
        3,
    )


def test_what_is_written_while_a_report_reads_is_in_none_of_its_sections(
    app: Flask, alice: Person, quiet: int
) -> None:
    with app.app_context(), snapshot(context(alice.id, quiet)) as connection:
        scope = Scope.of(connection, quiet, Period.ending(NOW, 30))
        before = facts.activity(scope).total
        write(app, quiet, [Told(NOW)])
        alice.makes_workspace(quiet, "late")
        assert facts.types(scope).total == before == 0
        assert facts.workspaces(scope).total == 0


def test_a_project_without_anything_has_zeros(app: Flask, ada: Person, quiet: int) -> None:
    with app.app_context():
        db.session.execute(delete(Member))
        db.session.commit()
    found = made(app, ada.id, quiet).found
    assert (found["activity"].total, found["types"].total, found["people"].active) == (0, 0, 0)
    assert (found["members"].total, found["workspaces"].total) == (0, 0)
