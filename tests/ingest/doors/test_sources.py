"""Sources and their keys: shown once, rotated with an overlap, revoked, switched off, deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from collab.core.models import utcnow
from collab.core.storage.housekeeping import HOUSEKEEPER
from collab.extensions import db
from collab.ingest.models import Source

from ...conftest import http_for
from ...support.each import each
from ...support.outlets import Outlet
from ...support.people import Person, ok
from ...support.problems import problem

EVENT = {"event_type": "click"}

pytestmark = pytest.mark.usefixtures("declared")


def test_a_key_is_shown_once(outlet: Outlet, alice: Person) -> None:
    shown = ok(alice.get(outlet.path)), *ok(sources_of(outlet, alice))["items"]
    assert all(outlet.key not in str(one) for one in shown)
    assert {one["key_hint"] for one in shown} == {outlet.key[-4:]}


def test_a_key_is_not_stored(outlet: Outlet) -> None:
    """Nor is it in the answer that is kept for a request which may come again."""
    again = {"Idempotency-Key": "k"}
    rotated = ok(outlet.owner.post(f"{outlet.path}/rotate", headers=again))["write_key"]
    assert ok(outlet.owner.post(f"{outlet.path}/rotate", headers=again))["write_key"] == rotated
    outlet.sends(EVENT)
    for path in outlet.folder.rglob("*"):
        kept = path.read_bytes() if path.is_file() else b""
        assert not any(key.encode() in kept for key in (outlet.key, rotated)), path


def sources_of(outlet: Outlet, who: Person):
    return who.get(f"/ingest/sources?project_id={outlet.project}")


def rotated(outlet: Outlet, seconds: int | None = None) -> str:
    body = None if seconds is None else {"overlap_seconds": seconds}
    return ok(outlet.owner.post(f"{outlet.path}/rotate", body))["write_key"]


def test_after_a_rotation_both_keys_are_good(outlet: Outlet) -> None:
    old, outlet.key = outlet.key, rotated(outlet)
    assert outlet.sends(EVENT).status_code == 202
    outlet.key = old
    assert outlet.sends(EVENT).status_code == 202


def test_without_an_overlap_the_old_key_ends_at_once(outlet: Outlet) -> None:
    outlet.sends(EVENT)  # it is known, and cached
    rotated(outlet, 0)
    problem_of_a_key(outlet.sends(EVENT))


def problem_of_a_key(response) -> None:
    assert response.status_code == 401, response.text
    assert response.json()["type"] == "/problems/wrong-write-key"


def test_after_its_overlap_the_old_key_ends(app: Flask, outlet: Outlet) -> None:
    rotated(outlet, 60)
    assert outlet.sends(EVENT).status_code == 202
    with app.app_context():
        db.session.get_one(Source, outlet.id).previous_until = utcnow() - timedelta(seconds=1)
        db.session.commit()
    ok(outlet.owner.patch(outlet.path, {"name": "Shop"}))  # what is cached is read again
    problem_of_a_key(outlet.sends(EVENT))


def test_of_two_rotations_the_first_key_is_gone(outlet: Outlet) -> None:
    rotated(outlet)
    rotated(outlet)
    problem_of_a_key(outlet.sends(EVENT))


def test_a_revoked_key_ends_at_once_and_a_rotation_makes_a_new_one(outlet: Outlet) -> None:
    assert outlet.sends(EVENT).status_code == 202
    revoked = ok(outlet.owner.post(f"{outlet.path}/revoke"))
    assert revoked["key_hint"] is None
    problem_of_a_key(outlet.sends(EVENT))
    outlet.key = rotated(outlet)
    assert outlet.sends(EVENT).status_code == 202


def test_the_key_before_can_be_revoked_alone(outlet: Outlet) -> None:
    old, new = outlet.key, rotated(outlet)
    ok(outlet.owner.post(f"{outlet.path}/revoke", {"keys": "previous"}))
    problem_of_a_key(outlet.sends(EVENT))
    outlet.key = new
    assert (old != new, outlet.sends(EVENT).status_code) == (True, 202)


def test_a_source_that_is_switched_off_is_403_until_it_is_on_again(outlet: Outlet) -> None:
    ok(outlet.owner.patch(outlet.path, {"enabled": False}))
    refused = outlet.sends(EVENT)
    assert (refused.status_code, refused.json()["code"]) == (403, "source_off")
    named = f"/ingest?source_id={outlet.id}"
    assert outlet.owner.post(named, EVENT).status_code == 403
    ok(outlet.owner.patch(outlet.path, {"enabled": True}))
    assert outlet.sends(EVENT).status_code == 202


def test_a_deleted_source_has_no_key(outlet: Outlet) -> None:
    assert outlet.owner.delete(outlet.path).status_code == 204
    problem_of_a_key(outlet.sends(EVENT))


def test_a_deleted_project_ends_its_keys(outlet: Outlet) -> None:
    outlet.sends(EVENT)
    assert outlet.owner.delete(f"/projects/{outlet.project}").status_code == 204
    problem_of_a_key(outlet.sends(EVENT))


def test_when_a_source_was_used_is_in_lists_and_changes_no_version(
    app: Flask, outlet: Outlet, alice: Person
) -> None:
    tag = alice.get(outlet.path).headers["ETag"]
    outlet.sends(EVENT)
    HOUSEKEEPER.of(app).do_all()
    (listed,) = ok(sources_of(outlet, alice))["items"]
    assert listed["last_used_at"] is not None
    assert alice.get(outlet.path).headers["ETag"] == tag


def test_a_change_of_an_older_version_is_412(outlet: Outlet) -> None:
    tag = outlet.owner.get(outlet.path).headers["ETag"]
    ok(outlet.owner.patch(outlet.path, {"name": "Shop"}))
    late = outlet.owner.patch(outlet.path, {"name": "x"}, headers={"If-Match": tag})
    problem(late, 412)


@each(
    [
        ([{"op": "explode"}], "Rule 0"),
        ([{"op": "drop", "path": "data.a"}, {"op": "mask", "path": "x"}], "Rule 1"),
        ([{"op": "drop", "path": "data.a"}] * 1000, "at most"),
    ]
)
def test_a_bad_rule_is_422_and_said(rules: list[object], words: str, *, outlet: Outlet) -> None:
    refused = outlet.owner.patch(outlet.path, {"rules": rules})
    assert words in problem(refused, 422)["errors"][0]["detail"]


def test_a_sources_rules_are_carried_out(outlet: Outlet) -> None:
    rules = [{"op": "drop", "path": "data.secret"}]
    ok(outlet.owner.patch(outlet.path, {"rules": rules}))
    outlet.sends(EVENT | {"data": {"secret": "x", "page": "/"}})
    (stored,) = outlet.stored()
    assert stored["data"] == {"page": "/"}


def test_a_name_is_given_once_in_a_project(outlet: Outlet, alice: Person) -> None:
    body = {"project_id": outlet.project, "name": "Web site"}
    problem(alice.post("/ingest/sources", body), 409)
    other = ok(alice.post("/ingest/sources", body | {"name": "Shop"}))
    problem(alice.patch(f"/ingest/sources/{other['id']}", {"name": "Web site"}), 409)


def test_a_request_repeated_with_its_key_makes_one_source(alice: Person, project: int) -> None:
    body, headers = {"project_id": project, "name": "Web"}, {"Idempotency-Key": "k"}
    first, second = (alice.post("/ingest/sources", body, headers=headers) for _ in range(2))
    assert first.json() == second.json()


def test_what_happens_to_a_source_is_told_without_its_key(outlet: Outlet, alice: Person) -> None:
    key = rotated(outlet)
    ok(alice.post(f"{outlet.path}/revoke"))
    ok(alice.patch(outlet.path, {"enabled": False}))
    alice.delete(outlet.path)
    told = ok(alice.get(f"/events?project_id={outlet.project}"))["items"]
    kinds = [one["type"] for one in told if one["type"].startswith("source.")]
    assert kinds == [f"source.{word}" for word in ("created", "key_rotated", "key_revoked")] + [
        "source.updated",
        "source.deleted",
    ]
    assert not any(secret in str(told) for secret in (key, outlet.key))


def test_switched_off_the_doors_are_404(
    make_app: Callable[..., Flask], alice: Person, project: int
) -> None:
    person = alice.at(http_for(make_app(FEATURE_INGEST="off")))
    problem(person.get(f"/ingest/sources?project_id={project}"), 404)
    assert person.http.post("/v1/batch", json={"batch": []}).status_code == 404


def test_a_project_has_so_many_sources_and_no_more(
    app: Flask, outlet: Outlet, alice: Person
) -> None:
    with app.app_context():
        db.session.add_all(Source(project_id=outlet.project, name=f"S{n}") for n in range(98))
        db.session.commit()
    ok(alice.post("/ingest/sources", {"project_id": outlet.project, "name": "The hundredth"}))
    body = {"project_id": outlet.project, "name": "One more"}
    problem(alice.post("/ingest/sources", body), 409)
