"""What is stored, asked for over HTTP: tables as JSON and CSV, pages, refusals."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from collab.ingest.dead_letters import acts, changing
from collab.ingest.reading.periods import milliseconds
from collab.ingest.store import writer

from ..support.each import each
from ..support.people import ok
from ..support.stored import Row, add_letter, insert

pytestmark = pytest.mark.usefixtures("declared")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(minute: float) -> int:
    return milliseconds(NOON + timedelta(minutes=minute))


@pytest.fixture
def stored(app, project):
    """Store an hour of Monday, 2 March 2026."""
    made = [Row(at(n), "view", f"u{n}", project=project) for n in range(6)]
    made += [Row(at(n + 0.5), "buy", f"u{n}", project=project) for n in range(3)]
    made += [Row(at(10), "=cmd()", "@u", "-s", project=project, late=1)]
    with app.app_context(), writer() as connection:
        insert(connection, made)
    return project


WHEN = "since=2026-03-02T12:00:00Z&until=2026-03-02T13:00:00Z"


def asked(person, what, project, query="", **options):
    return person.get(f"/ingest/{what}?project_id={project}&{WHEN}&{query}", **options)


def test_pages_of_events_lead_from_one_to_the_next(vera, stored):
    first = asked(vera, "events", stored, "limit=6&type=view")
    assert [one["user_id"] for one in first.json()["items"]] == [
        f"u{n}" for n in (5, 4, 3, 2, 1, 0)
    ]
    page, found = f"/api/v1/ingest/events?project_id={stored}&limit=4", []
    while page:
        answer = vera.get(page)
        found += [one["id"] for one in ok(answer)["items"]]
        page = answer.links.get("next", {}).get("url")
    assert sorted(found) == list(range(1, 11))


def test_counts_have_no_gaps_and_late_events_are_in_their_own_minute(vera, stored):
    found = ok(asked(vera, "stats", stored, "bucket=minute&group_by=type"))
    assert (found["events"], found["late"], len(found["items"])) == (10, 1, 60)
    assert found["groups"] == ["view", "buy", "=cmd()"]
    assert found["items"][10] == {
        "time": "2026-03-02T12:10:00Z",
        "events": 1,
        "late": 1,
        "by": {"=cmd()": 1},
    }
    assert found["items"][30]["by"] == {}


def test_a_funnel_says_who_stopped_where(vera, stored):
    found = ok(asked(vera, "funnel", stored, "steps=view,buy&window=1m"))
    assert [(one["type"], one["users"]) for one in found["items"]] == [("view", 6), ("buy", 3)]
    assert (found["window_seconds"], found["complete"]) == (60, True)
    assert ok(asked(vera, "funnel", stored, "steps=view,buy&window=1"))["items"][1]["users"] == 0


def test_sessions_and_cohorts_are_told(vera, stored):
    found = ok(asked(vera, "sessions", stored))
    assert (found["sessions"], found["users"], found["single"]) == (7, 7, 4)
    assert found["items"][0]["session_id"] == "-s"
    cohorts = ok(asked(vera, "retention", stored, "unit=day"))
    assert [(one["users"], one["returned"]) for one in cohorts["items"]] == [(7, [7])]


TABLES = ("events", "stats", "latency", "sessions", "funnel", "retention")


@each(TABLES)
def test_what_is_a_table_is_csv_for_who_prefers_it(what, *, vera, stored):
    steps = "steps=view,%22%3Dcmd()%22&" if what == "funnel" else ""
    query = steps + ("group_by=type" if what == "stats" else "")
    answer = asked(vera, what, stored, query, headers={"Accept": "text/csv, */*;q=0.1"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{what}.csv"'
    assert "Accept" in answer.headers["Vary"]
    assert answer.headers["Collab-Complete"] == "true"
    head, *lines = csv.reader(io.StringIO(answer.text, newline=""))
    assert lines
    assert {len(one) for one in lines} == {len(head)}
    cells = [cell for one in (head, *lines) for cell in one]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "-"))]
    asked_plainly = asked(vera, what, stored, query, headers={"Accept": "*/*"})
    assert asked_plainly.headers["Content-Type"] == "application/json"


@each(
    [
        "events?since=yesterday",
        "events?cursor=WyJ4Il0",
        "stats?bucket=second",
        "stats?bucket=minute&since=2026-01-01T00:00:00Z&until=2026-03-01T00:00:00Z",
        "funnel?steps=view",
        "funnel?steps=view,view",
        "funnel?steps=view,,buy",
        "funnel?steps=a,b,c,d,e,f,g,h,i,j,k",
        "funnel?steps=view,%22buy",
        "funnel?steps=view,buy&window=0",
        "funnel?steps=view,buy&window=91d",
        "funnel?steps=view,buy&window=1w",
        "retention?unit=week&since=2020-01-01T00:00:00Z",
        "sessions?gap_minutes=0",
        "dead-letters?state=lost",
    ]
)
def test_what_can_not_be_answered_is_refused_with_the_reason(address, *, vera, project):
    answer = vera.get(f"/ingest/{address}&project_id={project}")
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


def test_a_funnel_names_types_that_have_commas_as_csv_does(vera, stored):
    found = ok(asked(vera, "funnel", stored, "steps=view,%22Order, done%22"))
    assert [one["type"] for one in found["items"]] == ["view", "Order, done"]


@each(["events", "stats", "sessions", "retention"])
def test_a_time_that_ends_before_it_begins_is_empty(what, *, vera, stored):
    turned = "since=2026-03-02T13:00:00Z&until=2026-03-01T12:00:00Z"
    assert ok(vera.get(f"/ingest/{what}?project_id={stored}&{turned}"))["items"] == []


ENDS = [
    "since=9999-12-31T00:00:00Z&until=9999-12-31T23:59:59.999Z",
    "until=9999-12-31T23:59:59.999Z",
    "until=0001-01-01T00:00:00Z",
    "until=1970-01-01T00:00:01Z",
]


@each(product(["stats", "latency", "sessions", "retention", "events"], ENDS))
def test_the_ends_of_the_calendar_are_times_like_others(what, when, *, vera, project):
    ok(vera.get(f"/ingest/{what}?project_id={project}&{when}"))


def test_corrections_count_among_the_projects_bytes(make_app, instance, alice, project):
    from ..conftest import http_for

    app = make_app(INGEST_QUOTA_MB="1")
    with app.app_context(), writer() as connection:
        connection.execute("INSERT INTO totals (source, project) VALUES (1, ?)", (project,))
        letter = add_letter(connection, project=project)
    owner = alice.at(http_for(app))
    large = {"correction": {"event_type": "click", "data": {"x": "y" * 600_000}}}
    ok(owner.patch(f"/ingest/dead-letters/{letter}", large))
    assert ok(owner.get(f"/ingest/health?project_id={project}"))["flow"]["bytes"] > 600_000
    assert owner.patch(f"/ingest/dead-letters/{letter}", large).status_code == 507
    ok(owner.patch(f"/ingest/dead-letters/{letter}", {"correction": None}))
    assert ok(owner.get(f"/ingest/health?project_id={project}"))["flow"]["bytes"] == 0


def test_health_is_of_the_project(vera, stored):
    found = ok(vera.get(f"/ingest/health?project_id={stored}"))
    assert (found["balanced"], found["flow"]["queued"]) == (True, 0)
    assert found["worker"] == "off: INGEST_WORKER is off"


# -- dead letters -----------------------------------------------------------------------------


@pytest.fixture
def letter(app, project):
    """Keep a dead letter."""
    with app.app_context(), writer() as connection:
        connection.execute(
            "INSERT INTO totals (source, project, received, rejected) VALUES (1, ?, 1, 1)",
            (project,),
        )
        return add_letter(connection, project=project, payload=b'{"a":  1}')


def test_a_letter_is_changed_by_whoever_has_seen_it_last(bob, letter):
    seen = bob.get(f"/ingest/dead-letters/{letter}")
    body = {"correction": {"event_type": "click"}}
    for status in (200, 412):
        headers = {"If-Match": seen.headers["ETag"]}
        answer = bob.patch(f"/ingest/dead-letters/{letter}", body, headers=headers)
        assert answer.status_code == status
    now = ok(bob.get(f"/ingest/dead-letters/{letter}"))
    assert (now["payload"], now["correction"]) == ('{"a":  1}', {"event_type": "click"})
    assert (
        ok(bob.patch(f"/ingest/dead-letters/{letter}", {"correction": None}))["correction"] is None
    )


def test_a_replay_is_told_in_the_activity_and_waits_for_the_worker(bob, letter, project):
    choice = {"project_id": project, "filter": {"stage": "validate"}}
    replayed = ok(bob.post("/ingest/dead-letters/replay", choice))
    assert (replayed["counts"], replayed["more"]) == ({"queued": 1}, False)
    assert ok(bob.post("/ingest/dead-letters/replay", choice))["items"] == []
    flow = ok(bob.get(f"/ingest/health?project_id={project}"))["flow"]
    assert (flow["queued"], flow["rejected"], flow["balanced"]) == (1, 0, True)
    told = ok(bob.get(f"/events?topic=project:{project}"))["items"][-1]
    assert (told["type"], told["data"]["count"]) == ("dead_letters.replayed", 1)
    assert bob.patch(f"/ingest/dead-letters/{letter}", {"correction": {}}).status_code == 409


def test_letters_of_other_projects_can_not_be_named(bob, letter, app):
    other = bob.makes_project()
    for verb in ("replay", "discard"):
        body = {"project_id": other, "ids": [letter]}
        answer = bob.post(f"/ingest/dead-letters/{verb}", body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (404, "#/ids/0")


@each([{}, {"ids": [1], "filter": {}}, {"ids": []}, {"filter": {"x": 1}}])
def test_letters_are_chosen_in_one_way(choice, *, bob, project):
    body = {"project_id": project} | choice
    assert bob.post("/ingest/dead-letters/discard", body).status_code == 422


def test_a_replay_whose_process_died_before_the_log_had_it_is_told_of_once(app, alice, stored):
    with app.app_context():
        with writer() as connection:
            key = add_letter(connection, project=stored)
            changing.replay(connection, [key], at(20), 10**6)
            acts.note(connection, stored, alice.id, "replayed", 1)
        acts.tell_what_is_left()
        assert replays_told(alice, stored) == [], "it may be told of by whoever carries it out"
        acts.tell_what_is_left(left_after_s=0)
        acts.tell_what_is_left(left_after_s=0)
    assert replays_told(alice, stored) == [1]


def test_a_replay_leaves_nothing_to_be_told(app, alice, stored):
    with app.app_context(), writer() as connection:
        key = add_letter(connection, project=stored)
    wanted = {"project_id": stored, "ids": [key]}
    assert ok(alice.post("/ingest/dead-letters/replay", wanted))["counts"] == {"queued": 1}
    with app.app_context():
        assert not acts.tell_what_is_left(left_after_s=0)
    assert replays_told(alice, stored) == [1]


def replays_told(person, project: int) -> list[int]:
    """Return how many letters each replay was of that the log has."""
    found = ok(person.get("/events", params={"topic": f"project:{project}", "limit": 100}))
    return [
        one["data"]["count"] for one in found["items"] if one["type"] == "dead_letters.replayed"
    ]
