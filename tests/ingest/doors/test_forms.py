"""Every form in which events are sent, and what the pipeline makes of it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from collab.core.errors import Malformed
from collab.core.http.representations.coding import BYTE_ORDER_MARK
from collab.ingest.doors.forms import attribute

from ...support.each import each
from ...support.outlets import Outlet
from ...support.people import Person, ok
from ...support.problems import pointers

pytestmark = pytest.mark.usefixtures("declared")

SEED_EVENT = {
    "event_id": "uuid",
    "event_type": "user_action",
    "timestamp": "2024-01-01T00:00:00Z",
    "user_id": "user123",
    "data": {"action": "click", "page": "/home", "session_id": "session456"},
    "metadata": {"source": "web", "version": "1.0"},
}
CLOUD = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order.placed"}
BINARY = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/shop", "ce-type": "order.placed"}


def types(outlet: Outlet) -> list[str]:
    return [one["type"] for one in outlet.stored()]


# -- plain events ---------------------------------------------------------------------------------


def test_one_event(outlet: Outlet) -> None:
    answer = outlet.sends(SEED_EVENT)
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "rejected": 0, "receipt": "1", "events": []}
    (stored,) = outlet.stored()
    assert (stored["event_id"], stored["type"], stored["user_id"]) == (
        "uuid",
        "user_action",
        "user123",
    )
    assert stored["data"] == SEED_EVENT["data"]


@pytest.mark.parametrize("around", [lambda some: some, lambda some: {"events": some}])
def test_several_events(outlet: Outlet, around: Any) -> None:
    events = [{"event_type": f"t{number}"} for number in range(3)]
    assert ok(outlet.sends(around(events)))["accepted"] == 3
    assert types(outlet) == ["t0", "t1", "t2"]


def test_a_thousand_are_taken_and_one_more_is_not(outlet: Outlet) -> None:
    assert ok(outlet.sends([{"event_type": "t"}] * 1000))["accepted"] == 1000
    assert outlet.sends([{"event_type": "t"}] * 1001).status_code == 422
    assert len(outlet.stored()) == 1000


def test_a_bad_one_costs_no_neighbour(outlet: Outlet) -> None:
    bad = {"event_id": "bad", "data": {}}
    answer = ok(outlet.sends([{"event_type": "t"}] * 500 + [bad] + [{"event_type": "t"}] * 499))
    assert (answer["accepted"], answer["rejected"]) == (999, 1)
    assert answer["events"] == [
        {
            "index": 500,
            "event_id": "bad",
            "verdict": "rejected",
            "reason": "`event_type` is missing.",
        }
    ]
    assert len(outlet.stored()) == 999
    ((_, payload),) = outlet.letters()
    assert json.loads(payload) == bad


def test_an_event_with_a_list_in_it_is_one_event(outlet: Outlet) -> None:
    assert ok(outlet.sends({"event_type": "t", "events": [1, 2]}))["accepted"] == 1
    (stored,) = outlet.stored()
    assert stored["metadata"]["events"] == [1, 2]


def test_a_bad_event_with_a_list_in_it_is_kept_whole(outlet: Outlet) -> None:
    bad = {"event_type": 0.5, "events": [{"event_type": "t"}]}
    outlet.sends(bad)
    ((_, payload),) = outlet.letters()
    assert json.loads(payload) == bad


def nested(levels: int, begin: bytes, end: bytes) -> bytes:
    return b'{"event_type":"deep","data":{"x":' + begin * levels + b"1" + end * levels + b"}}"


def test_an_event_that_is_too_deep_is_rejected_and_stops_nobody(outlet: Outlet) -> None:
    """It could be read, and not be written again: the worker fell over it again and again."""
    pairs = ((b'{"a":', b"}"), (b"[", b"]"))
    taken = [nested(190, *pair) for pair in pairs]
    rejected = [nested(levels, *pair) for levels in (250, 900) for pair in pairs]
    for deep in taken + rejected:
        body = b'[{"event_type":"a"},' + deep + b',{"event_type":"b"}]'
        answer = ok(outlet.sends(body, Content_Type="application/json"))
        assert answer["accepted"] == (3 if deep in taken else 2)
    assert types(outlet) == ["a", "deep", "b"] * len(taken) + ["a", "b"] * len(rejected)
    assert [payload for _, payload in outlet.letters()] == rejected


@each([b"NaN", b"-Infinity", b"1e999"])
def test_what_is_no_number_is_rejected_and_does_not_become_null(
    number: bytes, *, outlet: Outlet
) -> None:
    body = b'[{"event_type":"a"},{"event_type":"b","data":{"x":' + number + b"}}]"
    assert ok(outlet.sends(body))["rejected"] == 1
    assert {*types(outlet)} == {"a"}


def test_a_body_that_is_too_deep_to_be_read_is_400(outlet: Outlet) -> None:
    assert outlet.sends(b"[" * 5000 + b"]" * 5000).status_code == 400


@each(["utf-16", "utf-32", "utf-16-le"])
def test_what_is_not_utf8_is_400(encoding: str, *, outlet: Outlet) -> None:
    body = json.dumps([5, {"event_type": "t"}]).encode(encoding)
    assert outlet.sends(body).status_code == 400


MOMENTS = {
    "2026-03-02t09:00:00z": datetime(2026, 3, 2, 9, tzinfo=UTC),
    "2026-03-02T09:00:00.123456789Z": datetime(2026, 3, 2, 9, 0, 0, 123_000, UTC),
    "2017-01-01T00:59:60+01:00": datetime(2017, 1, 1, tzinfo=UTC),
}


def test_an_event_may_have_any_time_of_rfc_3339(outlet: Outlet) -> None:
    for time in MOMENTS:
        outlet.sends({"event_type": "a", "timestamp": time})
        outlet.sends(CLOUD | {"id": time, "time": time})
    wanted = [int(moment.timestamp() * 1000) for moment in MOMENTS.values() for _ in range(2)]
    assert [one["ts"] for one in outlet.stored()] == wanted


@each(["9999-12-31T23:59:60Z", "2026-03-02T09:00:60Z", 5, "now", []])
def test_an_event_of_another_time_is_rejected(time: Any, *, outlet: Outlet) -> None:
    assert ok(outlet.sends({"event_type": "a", "timestamp": time}))["rejected"] == 1
    assert outlet.stored() == []


def test_an_empty_list_is_nothing(outlet: Outlet) -> None:
    empty = {"accepted": 0, "rejected": 0, "receipt": None, "events": []}
    assert ok(outlet.sends([])) == empty
    assert outlet.waiting() == []


@each([b"", b" ", b"{", b"nothing", b'"text"', b"5", b"\xff", b"[1,"])
def test_what_is_no_event_at_all_is_400(body: bytes, *, outlet: Outlet) -> None:
    refused = outlet.sends(body, Content_Type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_request")


@each(["", "text/plain;charset=UTF-8", "application/vnd.a+json"])
def test_json_of_other_names_is_json(type_: str, *, outlet: Outlet) -> None:
    headers = {"Content_Type": type_} if type_ else {}
    assert outlet.sends(b'{"event_type": "t"}', **headers).status_code == 202


@each(["application/x-www-form-urlencoded", "image/png", "application/cloudevents+xml"])
def test_what_is_sent_as_something_else_is_415(type_: str, *, outlet: Outlet) -> None:
    assert outlet.sends(b'{"event_type": "t"}', Content_Type=type_).status_code == 415


def test_an_event_without_an_id_is_known_by_its_receipt(outlet: Outlet) -> None:
    receipt = ok(outlet.sends([{"event_type": "a"}, {"event_type": "b"}]))["receipt"]
    assert [one["event_id"] for one in outlet.stored()] == [f"{receipt}:0", f"{receipt}:1"]


# -- a line each ----------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", ["application/x-ndjson", "application/jsonl"])
def test_lines(outlet: Outlet, type_: str) -> None:
    body = b'{"event_type": "a"}\r\n\n{"event_type": "b"}'
    assert ok(outlet.sends(body, Content_Type=type_))["accepted"] == 2
    assert types(outlet) == ["a", "b"]


def test_a_line_that_is_no_json_costs_no_neighbour(outlet: Outlet) -> None:
    wrong = [b'{"event_type":', b"\xff\xfe", b'{"a":1},{"b":2}', b'],{"event_type":"x"},[']
    for line in wrong:
        body = b'{"event_type": "a"}\n' + line + b'\n{"event_type": "b"}\n'
        answer = ok(outlet.sends(body, Content_Type="application/x-ndjson"))
        assert (answer["accepted"], [one["index"] for one in answer["events"]]) == (2, [1]), line
    assert types(outlet) == ["a", "b"] * len(wrong)
    payloads = [json.loads(payload) for _, payload in outlet.letters()]
    assert payloads == [line.decode("utf-8", "backslashreplace") for line in wrong]


def test_lines_of_cloudevents(outlet: Outlet) -> None:
    ways = [b"", b"{broken\n", b"5\n", b"{}\n", BYTE_ORDER_MARK]
    for number, before in enumerate(ways):
        body = before + (json.dumps(CLOUD | {"id": f"{number}"}) + "\n").encode()
        outlet.sends(body, Content_Type="application/x-ndjson")
    assert types(outlet) == ["order.placed"] * len(ways)


def test_a_byte_order_mark_costs_no_event(outlet: Outlet) -> None:
    event = BYTE_ORDER_MARK + b'{"event_type": "a"}'
    for media_type in ("application/x-ndjson", "application/json"):
        assert ok(outlet.sends(event, Content_Type=media_type))["accepted"] == 1
    ok(outlet.sends(event, Content_Type="application/json", **BINARY))
    assert [(one["type"], one["data"]) for one in outlet.stored()] == [
        ("a", {}),
        ("a", {}),
        ("order.placed", {"event_type": "a"}),
    ]


# -- CloudEvents ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (CLOUD, "application/cloudevents+json; charset=utf-8"),
        ([CLOUD], "application/cloudevents-batch+json"),
        (CLOUD, "application/json"),
    ],
    ids=["structured", "batch", "by its looks"],
)
def test_structured_cloudevents(outlet: Outlet, body: Any, type_: str) -> None:
    assert ok(outlet.sends(body, Content_Type=type_))["accepted"] == 1
    assert types(outlet) == ["order.placed"]


def test_an_empty_batch_of_cloudevents_is_nothing(outlet: Outlet) -> None:
    assert ok(outlet.sends([], Content_Type="application/cloudevents-batch+json"))["accepted"] == 0


def data_of(outlet: Outlet, body: bytes, **headers: str) -> Any:
    sent = outlet.sends(body, **BINARY, **headers)
    assert ok(sent)["accepted"] == 1, sent.text
    (stored,) = outlet.stored()
    assert stored["type"] == "order.placed"
    return stored["data"]


@pytest.mark.parametrize("headers", [{}, {"Content_Type": "application/json"}])
def test_binary_mode_with_and_without_a_type(outlet: Outlet, headers: dict[str, str]) -> None:
    assert data_of(outlet, b'{"order": 17}', **headers) == {"order": 17}


def test_binary_mode_with_text(outlet: Outlet) -> None:
    assert data_of(outlet, "grüße".encode(), Content_Type="text/plain") == {"value": "grüße"}


def test_binary_mode_with_bytes(outlet: Outlet) -> None:
    made = data_of(outlet, b"\x89PNG\xff", Content_Type="image/png")
    assert made == {"base64": base64.b64encode(b"\x89PNG\xff").decode()}


def test_binary_mode_without_data(outlet: Outlet) -> None:
    assert data_of(outlet, b"") == {}


def test_binary_mode_whose_json_is_none_is_400(outlet: Outlet) -> None:
    broken = outlet.sends(b"{", **BINARY, Content_Type="application/json")
    assert broken.status_code == 400


def test_binary_mode_that_lacks_an_attribute_is_rejected(outlet: Outlet) -> None:
    headers = {name: value for name, value in BINARY.items() if name != "ce-source"}
    (verdict,) = ok(outlet.sends(b"{}", **headers))["events"]
    assert "source" in verdict["reason"]


def test_extensions_in_headers_are_kept(outlet: Outlet) -> None:
    outlet.sends(b"{}", **BINARY, **{"ce-partitionkey": "k%C3%A4se"})
    (stored,) = outlet.stored()
    assert stored["metadata"]["partitionkey"] == "käse"


@each(
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ('"a \\"quoted\\" one"', 'a "quoted" one'),
        ("100%", "100%"),
        ('"', '"'),
        ("", ""),
    ]
)
def test_attributes_are_read_as_the_binding_writes_them(sent: str, meant: str) -> None:
    assert attribute("ce-subject", sent) == meant


def test_an_attribute_that_is_no_utf8_is_malformed() -> None:
    with pytest.raises(Malformed):
        attribute("ce-subject", "%FF")


# -- who sends ------------------------------------------------------------------------------------


@each(["bearer", "basic", "header"])
def test_a_key_is_sent_in_three_ways(way: str, *, outlet: Outlet) -> None:
    basic = base64.b64encode(f"{outlet.key}:".encode()).decode()
    headers = {
        "bearer": {"Authorization": f"Bearer {outlet.key}"},
        "basic": {"Authorization": f"Basic {basic}"},
        "header": {"X-Write-Key": outlet.key},
    }[way]
    assert outlet.http.post("/api/ingest", json=SEED_EVENT, headers=headers).status_code == 202


def test_a_person_sends_to_a_project_and_its_source_is_made_once(
    outlet: Outlet, bob: Person
) -> None:
    for _ in range(2):
        ok(bob.post(f"/ingest?project_id={outlet.project}", {"event_type": "t"}))
    listed = ok(bob.get(f"/ingest/sources?project_id={outlet.project}"))["items"]
    assert [one["name"] for one in listed] == ["Web site", "API"]
    assert listed[1]["key_hint"] is None
    assert {one["metadata"]["account"] for one in outlet.stored()} == {bob.id}


def test_a_person_says_where_to(outlet: Outlet, bob: Person) -> None:
    assert pointers(bob.post("/ingest", SEED_EVENT)) == ["#/query/source_id"]
    both = f"/ingest?source_id={outlet.id}&project_id={outlet.project}"
    assert bob.post(both, SEED_EVENT).status_code == 422


def test_a_key_sends_to_its_own_source_only(outlet: Outlet) -> None:
    elsewhere = outlet.sends(SEED_EVENT, f"/api/v1/ingest?source_id={outlet.id + 1}")
    assert elsewhere.status_code == 422
    assert outlet.sends(SEED_EVENT, f"/api/v1/ingest?source_id={outlet.id}").status_code == 202


@each(["", "x", "collab_wk_", "collab_wk_" + "a" * 40, "ä", "\x7f"])
def test_a_wrong_key_is_401_as_libraries_read_it(key: str, *, outlet: Outlet) -> None:
    basic = base64.b64encode(f"{key}:".encode()).decode()
    refused = outlet.http.post(
        "/v1/batch", json={"batch": []}, headers={"Authorization": f"Basic {basic}"}
    )
    assert refused.status_code == 401
    body = refused.json()
    assert (body["code"], body["message"]) == ("wrong_write_key", body["detail"])
