"""The service with its store in PostgreSQL and its inbox in Redis: one way through all of it."""

from __future__ import annotations

from ..support.people import ok
from ..support.waiting import eventually


def test_events_come_in_are_read_and_rejected_ones_replayed(
    quiet,
    over,
    alice,
    project,
    postgres_store,
    redis,
):
    server = quiet(INGEST_WORKER="process", INGEST_DATABASE_URL=postgres_store, REDIS_URL=redis.url)
    person, mine = over(server, alice), f"project_id={project}"

    def stored() -> int:
        found = ok(person.get(f"/ingest/health?{mine}"))
        assert found["balanced"]
        return int(found["flow"]["stored"])

    events = [{"event_type": "view", "user_id": "u"}, {"event_type": "buy", "user_id": "u"}, {}]
    assert ok(person.post(f"/ingest?{mine}", events))["accepted"] == 2
    eventually(lambda: stored() == 2)
    assert [one["type"] for one in ok(person.get(f"/ingest/events?{mine}"))["items"]] != []
    assert ok(person.get(f"/ingest/stats?{mine}&group_by=type"))["events"] == 2
    steps = ok(person.get(f"/ingest/funnel?{mine}&steps=view,buy"))["items"]
    assert [one["users"] for one in steps] == [1, 1]
    assert ok(person.get(f"/ingest/sessions?{mine}"))["sessions"] == 1
    assert len(ok(person.get(f"/ingest/retention?{mine}"))["items"]) > 0
    (letter,) = ok(person.get(f"/ingest/dead-letters?{mine}"))["items"]
    ok(
        person.patch(
            f"/ingest/dead-letters/{letter['id']}", {"correction": {"event_type": "mended"}}
        )
    )
    wanted = {"project_id": project, "ids": [letter["id"]]}
    assert ok(person.post("/ingest/dead-letters/replay", wanted))["counts"] == {"queued": 1}
    eventually(lambda: stored() == 3)
