"""How often a source may send, whom wrong keys count for, and what a full inbox or quota says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from ...conftest import http_for
from ...support.outlets import Outlet
from ...support.people import Person

EVENT = {"event_type": "t"}


@pytest.fixture
def limited(make_app: Callable[..., Flask], alice: Person, project: int) -> Callable[..., Outlet]:
    """Return a maker of sources in an application with settings of its own."""

    def make(**settings: str) -> Outlet:
        app = make_app(**settings)
        return Outlet(app, alice.at(http_for(app)), project)

    return make


def statuses(outlet: Outlet, times: int, path: str = "/api/v1/ingest") -> list[int]:
    return [outlet.sends(EVENT, path).status_code for _ in range(times)]


def test_a_source_is_not_held_by_the_limit_of_people(limited: Callable[..., Outlet]) -> None:
    outlet = limited(RATE_LIMIT="3 per minute")
    assert statuses(outlet, 6) == [202] * 6
    assert statuses(outlet, 6, "/v1/track") == [200] * 6


def test_a_source_has_a_limit_of_its_own(limited: Callable[..., Outlet]) -> None:
    outlet = limited(INGEST_RATE_LIMIT="2 per minute")
    assert statuses(outlet, 2) == [202, 202]
    refused = outlet.sends(EVENT)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_wrong_keys_count_for_the_address_and_good_ones_go_on(
    limited: Callable[..., Outlet],
) -> None:
    outlet = limited(RATE_LIMIT="5 per minute")
    good, outlet.key = outlet.key, "collab_wk_" + "x" * 40
    assert statuses(outlet, 6) == [401] * 5 + [429]
    outlet.key = good
    assert statuses(outlet, 2) == [202, 202]


def test_wrong_keys_in_bodies_count_for_the_address_before_more_is_read(
    limited: Callable[..., Outlet],
) -> None:
    outlet = limited(RATE_LIMIT="3 per minute")

    def sends(key: str) -> int:
        body = {"batch": [], "writeKey": key}
        return outlet.http.post("/v1/b", json=body).status_code

    assert [sends("wrong") for _ in range(4)] == [401, 401, 401, 429]
    assert sends(outlet.key) == 429
    assert statuses(outlet, 2, "/v1/track") == [200, 200]


def test_what_is_no_body_at_all_counts_for_the_address_too(limited: Callable[..., Outlet]) -> None:
    outlet = limited(RATE_LIMIT="3 per minute")

    def sends(content: bytes) -> int:
        return outlet.http.post("/v1/b", content=content).status_code

    assert [sends(b"{") for _ in range(4)] == [400, 400, 400, 429]


def test_good_keys_in_bodies_are_not_counted(limited: Callable[..., Outlet]) -> None:
    outlet = limited(RATE_LIMIT="2 per minute")
    body = {"batch": [EVENT], "writeKey": outlet.key}
    found = [outlet.http.post("/v1/b", json=body).status_code for _ in range(6)]
    assert found == [200] * 6


def test_people_have_their_own_limit_here_too(limited: Callable[..., Outlet]) -> None:
    outlet = limited(RATE_LIMIT="4 per minute")
    path = f"/ingest?source_id={outlet.id}"
    found = [outlet.owner.post(path, EVENT).status_code for _ in range(4)]
    assert found == [202, 202, 202, 429]  # making the source was one


def test_a_full_inbox_is_429_and_says_when(limited: Callable[..., Outlet]) -> None:
    outlet = limited(INGEST_QUEUE_MB="1")
    large = {"event_type": "t", "data": {"text": "x" * 200_000}}
    answers = [outlet.sends({"batch": [large]}, "/v1/batch") for _ in range(6)]
    refused = answers[-1]
    assert (refused.status_code, refused.json()["code"]) == (429, "inbox_full")
    assert int(refused.headers["Retry-After"]) >= 1
    taken = sum(one.status_code == 200 for one in answers)
    assert len(outlet.waiting()) == taken
    assert outlet.loads() == taken


def test_a_spent_quota_is_507(limited: Callable[..., Outlet]) -> None:
    outlet = limited(INGEST_QUOTA_MB="1")
    large = {"event_type": "t", "data": {"text": "x" * 600_000}}
    assert outlet.sends(large).status_code == 202
    refused = outlet.sends(large)
    assert (refused.status_code, refused.json()["code"]) == (507, "events_quota_spent")
    assert refused.json()["limit"] == 2**20


def test_a_disk_without_room_is_507(limited: Callable[..., Outlet]) -> None:
    outlet = limited()
    outlet.app.config["MIN_FREE_MB"] = 10_000_000
    assert outlet.sends(EVENT).status_code == 507
    assert outlet.waiting() == []
