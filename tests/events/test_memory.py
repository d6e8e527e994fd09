"""Whatever the rows of the log hold, a request reads a bounded number of their bytes at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from collab.core.caller import Caller
from collab.core.lists.reading import PAGE_BYTES
from collab.core.models import utcnow
from collab.events import log
from collab.events.models import EventRow
from collab.extensions import db
from collab.projects.access import Place, Role
from collab.realtime.http_door.sse import StreamFollower

from ..support.memory import CROWD, MIB, pages, peak_of
from ..support.people import Person, ok

ROWS = 20
#: What is not connected is watched by none.


@pytest.fixture
def crowded(app: Flask, alice: Person, project: int) -> list[int]:
    """Return the ids of events that would take 120 MB if they were made of objects at once."""
    where = {"topic": f"project:{project}", "project_id": project, "actor": alice.id}
    with app.app_context():
        before = log.last_id()
        for _ in range(ROWS):
            row = where | {"type": "crowd.came", "data": CROWD}
            db.session.execute(insert(EventRow).values(row))
        db.session.commit()
        return list(range(before + 1, before + 1 + ROWS))


def listed(person: Person, path: str, **query: Any) -> Callable[[], list[int]]:
    return lambda: [
        int(one["id"]) for page in pages(person, path, **query) for one in page["items"]
    ]


@pytest.mark.parametrize("sort", ["id", "-id"])
def test_a_page_of_events_is_bounded_by_bytes_and_no_event_is_left_out(
    alice: Person, project: int, crowded: list[int], sort: str
) -> None:
    query = {"topic": f"project:{project}", "type": "crowd.came", "limit": 100, "sort": sort}

    assert peak_of(lambda: alice.get("/events", params=query)) < 6 * MIB
    first = ok(alice.get("/events", params=query))["items"]
    assert 1 <= len(first) < ROWS
    assert first[0]["data"] == CROWD
    assert sorted(listed(alice, "/events", **query)()) == crowded


def test_feeds_and_the_audit_are_bounded_by_bytes(
    ada: Person, alice: Person, project: int, crowded: list[int]
) -> None:
    for person, path in ((alice, f"/projects/{project}/activity"), (ada, "/audit")):
        query: dict[str, Any] = {"type": "crowd.came", "limit": 100}
        assert peak_of(partial(person.get, path, params=query)) < 6 * MIB
        assert listed(person, path, **query)() == crowded[::-1]


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_an_export_is_made_a_bounded_piece_at_a_time(
    app: Flask, ada: Person, crowded: list[int], name: str
) -> None:
    headers = {"Authorization": f"Bearer {ada.token}"}

    path = f"/api/v1/audit/export?type=crowd&format={name}"
    sizes: list[int] = []

    def export() -> None:
        answer = app.test_client().get(path, headers=headers, buffered=False)
        sizes.extend(len(piece) for piece in answer.response)

    assert peak_of(export) < 4 * MIB
    assert sum(sizes) > ROWS * 240_000
    assert max(sizes) < PAGE_BYTES


def test_catching_up_holds_a_bounded_piece_whatever_was_missed(
    app: Flask, alice: Person, project: int, crowded: list[int]
) -> None:
    follower = StreamFollower(Caller(alice.id, 1, "", "", False, utcnow()), None)
    place = Place(f"project:{project}", project, Role.VIEWER)
    follower.topics = {place.topic: project}
    sizes = []

    def catch_up() -> None:
        pieces = follower.missed({place.topic: crowded[-1]}, crowded[0] - 1, False)
        sizes.extend((len(piece), last_id) for piece, last_id in pieces)

    with app.app_context():
        assert peak_of(catch_up) < 4 * MIB
    assert [last_id for _, last_id in sizes] == crowded
    assert max(size for size, _ in sizes) < PAGE_BYTES


def test_the_broadcaster_reads_a_bounded_piece_at_a_time(app: Flask, crowded: list[int]) -> None:
    with app.app_context():
        seen: list[int] = []
        batch = log.read_after(crowded[0] - 1)
        while seen.extend(row.id for row in batch.rows) or batch.more:
            assert len(batch.rows) == 1
            batch = log.read_after(seen[-1])
    assert seen == crowded
