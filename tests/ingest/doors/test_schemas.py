"""Schemas of event types: registered once a version, and every event of the type is held to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from collab.ingest.doors import verdicts as module
from collab.ingest.doors.verdicts import Sources

from ...support.outlets import Outlet
from ...support.people import Person, ok
from ...support.problems import problem

ACTION = {"type": "object", "required": ["action"]}
GOOD = {"event_type": "click", "data": {"action": "go"}}
BAD = {"event_type": "click", "event_id": "b", "data": {}}

pytestmark = pytest.mark.usefixtures("declared")


def registers(who: Person, project: int, schema: Any = ACTION, **more: Any) -> Any:
    body = {"project_id": project, "event_type": "click", "schema": schema} | more
    return who.post("/ingest/schemas", body)


def test_what_does_not_fit_is_told_at_once_and_becomes_a_dead_letter(outlet: Outlet) -> None:
    ok(registers(outlet.owner, outlet.project))
    answer = ok(outlet.sends([GOOD, BAD, GOOD]))
    assert (answer["accepted"], answer["rejected"]) == (2, 1)
    (verdict,) = answer["events"]
    assert (verdict["index"], verdict["event_id"], verdict["verdict"]) == (1, "b", "rejected")
    assert "action" in verdict["reason"]
    assert [reason for reason, _ in outlet.letters()] == [verdict["reason"]]


def test_a_schema_is_in_force_at_once_and_no_longer_when_it_is_deleted(outlet: Outlet) -> None:
    assert ok(outlet.sends(BAD))["rejected"] == 0
    made = ok(registers(outlet.owner, outlet.project))
    assert ok(outlet.sends(BAD))["rejected"] == 1
    assert outlet.owner.delete(f"/ingest/schemas/{made['id']}").status_code == 204
    assert ok(outlet.sends(BAD))["rejected"] == 0


def test_each_version_has_its_schema(outlet: Outlet) -> None:
    ok(registers(outlet.owner, outlet.project, {"required": ["a"]}, event_version="1"))
    ok(registers(outlet.owner, outlet.project, {"required": ["b"]}))
    event = {"event_type": "click", "data": {"a": 1}}
    assert ok(outlet.sends(event | {"metadata": {"version": "1"}}))["rejected"] == 0
    assert ok(outlet.sends(event | {"metadata": {"version": "2"}}))["rejected"] == 1


def test_a_version_is_registered_once(outlet: Outlet, alice: Person) -> None:
    ok(registers(alice, outlet.project))
    problem(registers(alice, outlet.project), 409)
    ok(registers(alice, outlet.project, event_version="2"))


def test_a_source_may_refuse_types_without_a_schema(outlet: Outlet) -> None:
    ok(registers(outlet.owner, outlet.project))
    ok(outlet.owner.patch(outlet.path, {"unknown_types": "reject"}))
    assert ok(outlet.sends([GOOD, {"event_type": "other"}]))["rejected"] == 1


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nothing"},
        {"pattern": "x" * 2000},
        {"$ref": "https://example.com/schema"},
        {"properties": {"a": {"pattern": "("}}},
    ],
    ids=["no schema", "long pattern", "elsewhere", "bad pattern"],
)
def test_a_bad_schema_is_422(outlet: Outlet, schema: dict[str, Any]) -> None:
    refused = registers(outlet.owner, outlet.project, schema)
    assert problem(refused, 422)["errors"][0]["pointer"] == "#/schema"


def test_schemas_are_listed_by_type_and_shown(outlet: Outlet, alice: Person) -> None:
    made = ok(registers(alice, outlet.project))
    ok(registers(alice, outlet.project, event_type="view"))
    page = ok(alice.get(f"/ingest/schemas?project_id={outlet.project}&event_type=click"))
    assert page["items"] == [made] == [ok(alice.get(f"/ingest/schemas/{made['id']}"))]
    assert made["schema"] == ACTION


# -- what is remembered ---------------------------------------------------------------------------


def test_a_source_that_was_deleted_meanwhile_is_one_of_no_project(app: Flask) -> None:
    with app.app_context():
        assert Sources(app).of(2**40).project == 0


def test_only_so_many_checks_are_remembered_and_the_rest_is_made_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_KNOWN_CHECKS", 1)
    sources = Sources(app)
    first, second = (SimpleNamespace(id=key, schema=ACTION) for key in (1, 2))
    known = sources._check(first)
    assert sources._check(first) is known
    sources._check(second)
    assert list(sources._checks) == [2]
    assert "action" in (sources._check(first)({}) or "")


def test_what_takes_long_is_left_for_the_worker_but_the_first_is_always_checked(
    app: Flask, outlet: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", -1.0)
    answer = ok(outlet.sends([{}, {}, {}]))
    assert [one["index"] for one in answer["events"]] == [0]


def test_a_version_without_a_schema_of_its_own_needs_one_of_all(outlet: Outlet) -> None:
    ok(registers(outlet.owner, outlet.project, event_version="1"))
    answer = ok(outlet.sends(GOOD | {"metadata": {"version": "2"}}))
    assert "no schema for version '2'" in answer["events"][0]["reason"]
