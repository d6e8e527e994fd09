"""What Segment's libraries send, and their browser's one: it is taken as it comes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ...support.each import each
from ...support.outlets import Outlet
from ...support.people import ok

pytestmark = pytest.mark.usefixtures("declared")


def track(name: str = "Order Placed", **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "messageId": f"m-{name}", "userId": "u"} | more


def test_a_batch(outlet: Outlet) -> None:
    body = {"batch": [track("a"), {"type": "page", "messageId": "p"}], "sentAt": "2026-01-01"}
    assert ok(outlet.sends(body, "/v1/batch"))["success"] is True
    found = [(one["event_id"], one["type"]) for one in outlet.stored()]
    assert found == [("m-a", "a"), ("p", "page")]


def test_a_batch_with_a_bad_message_is_a_success_and_the_bad_one_a_dead_letter(
    outlet: Outlet,
) -> None:
    every = [5, None, "x", [], {}, {"type": "track"}, {"type": {}}]
    for number, bad in enumerate(every):
        batch = [track(f"a{number}"), bad, track(f"b{number}")]
        answer = outlet.sends({"batch": batch}, "/v1/batch")
        assert (answer.status_code, answer.json()["accepted"]) == (200, 3), bad
    good = [f"{letter}{number}" for number in range(len(every)) for letter in "ab"]
    assert [one["type"] for one in outlet.stored()] == good
    assert [json.loads(payload) for _, payload in outlet.letters()] == every


def test_messages_sent_twice_are_stored_once(outlet: Outlet) -> None:
    for _ in range(2):
        outlet.sends({"batch": [track("a")]}, "/v1/batch")
    assert len(outlet.stored()) == 1


SINGLE = ["track", "identify", "page", "screen", "group", "alias"]


def test_single_messages(outlet: Outlet) -> None:
    paths = {f"/v1/{path}": kind for kind in SINGLE for path in (kind, kind[0])}
    for path in paths:
        message = {"messageId": path, "event": "Went", "userId": "u"}
        assert outlet.sends(message, path).status_code == 200, path
    found = {one["event_id"]: one["type"] for one in outlet.stored()}
    assert found == {path: "Went" if kind == "track" else kind for path, kind in paths.items()}


def test_the_key_may_be_in_the_body_and_is_not_kept(outlet: Outlet) -> None:
    single = track() | {"writeKey": outlet.key}
    batch = {"batch": [track("a") | {"writeKey": outlet.key}], "writeKey": outlet.key}
    for path, body in (("/v1/t", single), ("/v1/b", batch)):
        text = json.dumps(body).encode()
        sent = outlet.http.post(path, content=text, headers={"Content-Type": "text/plain"})
        assert sent.status_code == 200
    assert len(outlet.waiting()) == 2
    assert not any(outlet.key.encode() in body for _, _, body in outlet.waiting())
    assert len(outlet.stored()) == 2


def test_a_batch_as_large_as_any_library_sends_is_taken(outlet: Outlet) -> None:
    """Half a megabyte of the smallest messages that there can be."""
    body = b'{"batch":[' + b",".join([b"{}"] * 160_000) + b"]}"
    assert ok(outlet.sends(body, "/v1/batch"))["accepted"] == 160_000
    assert {events for _, events, _ in outlet.waiting()} == {1000}
    assert sum(events for _, events, _ in outlet.waiting()) == 160_000


def metadata(outlet: Outlet) -> list[Any]:
    """Load all that waits, and return what is stored beside the data of each."""
    outlet.loads()
    return [json.loads(data)["metadata"] for (data,) in outlet.asks("SELECT data FROM events")]


def test_what_a_batch_says_of_all_is_said_of_each_message_that_says_nothing_else(
    outlet: Outlet,
) -> None:
    batch = [track("a"), track("b", context={"ip": "2.2.2.2"}), track("c", context=5), 5]
    shared = {"context": {"ip": "1.1.1.1", "app": "shop"}, "integrations": {"All": False}}
    outlet.sends({"batch": batch} | shared, "/v1/batch")
    first, second = metadata(outlet)
    assert first["context"] == shared["context"]
    assert second["context"] == {"ip": "2.2.2.2", "app": "shop"}
    assert first["integrations"] == second["integrations"] == {"All": False}
    assert len(outlet.letters()) == 2


def test_a_list_is_a_batch_where_batches_are_sent_and_a_member_elsewhere(outlet: Outlet) -> None:
    ok(outlet.sends({"type": "batch", "batch": [track("a")]}, "/v1/batch"))
    ok(outlet.sends(track("b", batch=[1]), "/v1/track"))
    ok(outlet.sends({"event": "c", "batch": [1]}, "/v1/track"))
    assert [one["type"] for one in outlet.stored()] == ["a", "b", "c"]


def test_an_empty_batch_is_a_success(outlet: Outlet) -> None:
    assert ok(outlet.sends({"batch": []}, "/v1/batch"))["accepted"] == 0


@each([{}, {"batch": 5}, {"batch": {}}, {"events": [track()]}])
def test_without_a_list_it_is_400(body: Any, *, outlet: Outlet) -> None:
    assert outlet.sends(body, "/v1/batch").status_code == 400


def test_half_a_character_costs_no_neighbour(outlet: Outlet) -> None:
    body = b'{"batch":[' + json.dumps(track("a")).encode() + b',{"type":"\\ud800"}],"writeKey":"k"}'
    assert outlet.sends(body, "/v1/batch").status_code == 200
    assert [one["type"] for one in outlet.stored()] == ["a"]
    assert len(outlet.letters()) == 1


def test_half_a_character_around_the_messages_stops_nobody(outlet: Outlet) -> None:
    body = b'{"batch":[' + json.dumps(track("a")).encode() + b'],"sentAt":"\\ud800"}'
    assert outlet.sends(body, "/v1/batch").status_code == 200
    assert [one["type"] for one in outlet.stored()] == ["a"]


def test_a_senders_wrong_clock_is_corrected(outlet: Outlet) -> None:
    message = track("a", timestamp="2020-01-01T00:00:00Z")
    outlet.sends({"batch": [message], "sentAt": "2020-01-01T00:00:05Z"}, "/v1/batch")
    (stored,) = outlet.stored()
    assert stored["ts"] > 1_700_000_000_000
