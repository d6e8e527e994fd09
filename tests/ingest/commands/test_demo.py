"""Traffic for a demonstration looks like people, and goes through the doors as theirs does."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from random import Random

from collab.ingest.commands import demo
from collab.ingest.commands.traffic import WAYS, Traffic, day_curve

from ...support.people import ok

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_traffic_has_people_sessions_and_a_funnel():
    made = Traffic(Random(1)).take(5000, NOON)
    good = [one for one in made if isinstance(one.get("data"), dict) and "event_type" in one]
    kinds = Counter(one["event_type"] for one in good)
    assert kinds.keys() == WAYS.keys()
    assert kinds["page_view"] > kinds["add_to_cart"] > kinds["checkout"] > kinds["purchase"] > 0
    sessions = defaultdict(set)
    for one in good:
        sessions[one["data"]["session_id"]].add(one["user_id"])
    assert all(len(users) == 1 for users in sessions.values())
    people = {one["user_id"] for one in good}
    assert len(people) < len(sessions), "people come again"


def test_traffic_has_duplicates_late_events_and_broken_ones():
    made = Traffic(Random(2)).take(5000, NOON)
    ids = Counter(one["event_id"] for one in made)
    times = [str(one["timestamp"]) for one in made]
    broken = [one for one in made if "event_type" not in one or one["timestamp"] == "yesterday"]
    assert 20 < sum(count - 1 for count in ids.values()) < 100
    assert 20 < sum(one < "2026-03-02T11:55" for one in times) < 100
    assert 5 < len(broken) < 50


def test_the_same_seed_makes_the_same_traffic():
    assert Traffic(Random(3)).take(50, NOON) == Traffic(Random(3)).take(50, NOON)


def test_an_afternoon_is_busier_than_a_night():
    hours = [day_curve(NOON.replace(hour=hour)) for hour in range(24)]
    assert min(hours) == hours[3]
    assert max(hours) == hours[15]
    assert abs(sum(hours) / 24 - 1) < 0.01


def test_the_demo_sends_to_a_running_server_by_a_key_of_its_own(app, server, alice, project):
    with app.app_context():
        first = demo.write_key(project)
        key = demo.write_key(None)
    assert first != key, "each run has a fresh one"
    told: list[demo.Sent] = []
    sent = demo.run(server.url, key, 100, 0.01, told.append)
    assert sent.events == sent.accepted + sent.rejected > 0
    flow = ok(alice.get(f"/ingest/health?project_id={project}"))["flow"]
    assert flow["received"] == sent.events
    sources = ok(alice.get(f"/ingest/sources?project_id={project}"))["items"]
    assert [one["name"] for one in sources] == [demo.DEMO_SOURCE_NAME]
