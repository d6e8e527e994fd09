"""What is kept is shown: to each person what they keep, to members what their project does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from collab.extensions import db

from ..conftest import http_for
from ..support.history import fill
from ..support.people import Person, ok


def kept(who: Person, place: str = "/auth/me/usage") -> dict[str, Any]:
    found: dict[str, Any] = ok(who.get(place))
    assert found["bytes"] == sum(one["bytes"] for one in found["kinds"])
    return found


def of(usage: dict[str, Any], kind: str) -> tuple[int, int]:
    """Return the bytes and the rows of a kind."""
    found = {one["kind"]: (one["bytes"], one["count"]) for one in usage["kinds"]}
    return found.get(kind, (0, 0))


def test_what_is_in_a_project_counts_to_it_and_to_who_brought_it(
    alice: Person, bob: Person, project: int
) -> None:
    bob.uploads(b"12345", project_id=project)
    assert of(kept(alice, f"/projects/{project}/usage"), "uploads") == (5, 1)
    assert of(kept(bob), "uploads") == (5, 1)
    assert of(kept(alice), "uploads") == (0, 0)


def test_what_is_in_no_project_counts_to_its_owner_alone(alice: Person, project: int) -> None:
    before = kept(alice, f"/projects/{project}/usage")
    alice.uploads(b"12345")
    assert kept(alice, f"/projects/{project}/usage") == before
    assert of(kept(alice), "uploads") == (5, 1)


def test_bytes_that_are_replaced_count_to_who_replaced_them(
    alice: Person, bob: Person, project: int
) -> None:
    made = alice.sends_file(alice.makes_workspace(project), "a.bin", b"\0" * 1000)
    assert of(kept(alice), "files") == (1000, 1)
    ok(bob.request("PUT", f"/files/{made['id']}/content", content=b"\0" * 300))
    assert of(kept(alice), "files") == (0, 0)
    assert of(kept(bob), "files") == (300, 1)


def test_a_teammates_edits_count_to_them(alice: Person, bob: Person, project: int) -> None:
    text = alice.makes_text(project, "short")
    before = of(kept(bob), "history")[0]
    edit = {"base_version": 1, "edits": [{"insert": "x" * 5000}]}
    ok(bob.patch(f"/files/{text}/content", edit))
    assert of(kept(bob), "history")[0] >= before + 10_000  # as a delta, and for the CRDT


def test_the_limits_are_shown(make_app: Callable[..., Flask], alice: Person, project: int) -> None:
    app = make_app(
        PERSON_QUOTA_MB="3", PROJECT_QUOTA_MB="5", UPLOAD_QUOTA_MB="2", FILE_QUOTA_MB="4"
    )
    with http_for(app) as http:
        me = alice.at(http)
        me.uploads(b"1")
        me.makes_text(project, "words")
        mine, theirs = kept(me), kept(me, f"/projects/{project}/usage")
    assert (mine["limit"], theirs["limit"]) == (3 * 2**20, 5 * 2**20)
    own = {one["kind"]: one["limit"] for one in mine["kinds"]} | {
        one["kind"]: one["limit"] for one in theirs["kinds"] if one["kind"] == "files"
    }
    assert (own["uploads"], own["files"], own["events"]) == (2 * 2**20, 4 * 2**20, None)


@pytest.mark.sqlite("plans")
def test_looking_costs_the_same_however_much_is_kept(
    app: Flask, alice: Person, project: int
) -> None:
    steps: list[int] = []

    def counted(statement: str) -> int:
        """Return how many steps of SQLite's machine an answer takes."""
        steps.clear()
        ok(alice.get(statement))
        return sum(steps)

    def watch(connection: Any, *rest: Any) -> None:
        driver = connection.connection.dbapi_connection
        driver.set_progress_handler(lambda: steps.append(1) or 0, 1)

    place = f"/projects/{project}/usage"
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", watch)
        try:
            ok(alice.get(place))
            few = counted(place)
            fill(app, project, 3000)
            assert counted(place) <= few + 50
        finally:
            event.remove(db.engine, "before_cursor_execute", watch)
