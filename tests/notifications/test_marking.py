"""Marking as read, deleting, and preferences."""

from __future__ import annotations

from typing import Any

import pytest

from ..support import history
from ..support.notes import Notes
from ..support.people import Person, ok


@pytest.fixture
def three(notes: Notes, alice: Person, bob: Person) -> list[int]:
    """Return three notifications of bob's, the oldest first."""
    for _ in range(3):
        alice.makes_project(bob="viewer")
    return [one["id"] for one in notes.told(bob, sort="id")]


def unread(who: Person) -> int:
    return int(ok(who.get("/notifications/unread"))["unread"])


def test_one_is_marked_as_read_and_as_unread_again(bob: Person, three: list[int]) -> None:
    read = ok(bob.patch(f"/notifications/{three[0]}", {"read": True}))
    assert (read["read_at"] is not None, unread(bob)) == (True, 2)
    again = ok(bob.patch(f"/notifications/{three[0]}", {"read": False}))
    assert (again["read_at"], unread(bob)) == (None, 3)


def test_reading_twice_keeps_the_first_time_and_tells_once(
    notes: Notes, bob: Person, three: list[int]
) -> None:
    times = {
        ok(bob.patch(f"/notifications/{three[0]}", {"read": True}))["read_at"] for _ in range(2)
    }
    told = [row for row in history.rows(notes.app) if row.type == "notification.read"]
    assert (len(times), len(told)) == (1, 1)


@pytest.mark.parametrize(
    ("what", "left"),
    [
        (lambda ids: {"ids": ids[:1]}, 2),
        (lambda ids: {"ids": [*ids, 10**9]}, 0),
        (lambda ids: {"through": ids[1]}, 1),
        (lambda ids: {"all": True}, 0),
        (lambda ids: {"all": False}, 3),
        (lambda ids: {"ids": ids[2:], "through": ids[0]}, 1),
        (lambda ids: {}, 3),
    ],
)
def test_many_are_marked_at_once(bob: Person, three: list[int], what: Any, left: int) -> None:
    body = ok(bob.post("/notifications/read", what(three)))
    assert (body["unread"], unread(bob)) == (left, left)


def test_what_is_anothers_is_not_marked(charlie: Person, bob: Person, three: list[int]) -> None:
    ok(charlie.post("/notifications/read", {"ids": three, "through": three[-1], "all": True}))
    assert unread(bob) == 3


@pytest.mark.parametrize(
    "body", [{"ids": [0]}, {"ids": ["1"]}, {"ids": [2**63]}, {"through": 0}, {"all": 1}, {"x": 1}]
)
def test_a_bad_body_is_refused(bob: Person, body: dict[str, Any]) -> None:
    assert bob.post("/notifications/read", body).status_code == 422


def test_other_devices_are_told_how_many_are_unread(
    notes: Notes, bob: Person, three: list[int]
) -> None:
    ok(bob.post("/notifications/read", {"through": three[0]}))
    row = history.row_of(notes.app, "notification.read")
    assert (row.topic, row.data["unread"]) == (f"user:{bob.id}", 2)


def test_a_change_of_what_somebody_else_changed_is_refused(bob: Person, three: list[int]) -> None:
    address = f"/notifications/{three[0]}"
    headers = {"If-Match": bob.get(address).headers["ETag"]}
    ok(bob.patch(address, {"read": True}))
    assert bob.patch(address, {"read": False}, headers=headers).status_code == 412
    assert bob.delete(address, headers=headers).status_code == 412


def test_what_is_deleted_is_gone(bob: Person, three: list[int]) -> None:
    address = f"/notifications/{three[0]}"
    ok(bob.delete(address))
    assert (bob.get(address).status_code, unread(bob)) == (404, 2)


# -- preferences ----------------------------------------------------------------------------------


def test_every_kind_is_wanted_at_first(bob: Person) -> None:
    assert set(ok(bob.get("/notifications/preferences")).values()) == {True}


def test_a_muted_kind_is_not_made(notes: Notes, alice: Person, bob: Person, vera: Person) -> None:
    ok(bob.patch("/notifications/preferences", {"invited": False}))
    alice.makes_project(bob="viewer", vera="viewer")
    assert (notes.kinds(bob), notes.kinds(vera)) == ([], ["invited"])


def test_muting_leaves_what_was_made(bob: Person, three: list[int]) -> None:
    ok(bob.patch("/notifications/preferences", {"invited": False}))
    assert unread(bob) == 3


def test_a_patch_keeps_what_it_does_not_name(bob: Person) -> None:
    ok(bob.patch("/notifications/preferences", {"invited": False}))
    body = ok(bob.patch("/notifications/preferences", {"assigned": False}))
    assert [kind for kind, wanted in body.items() if not wanted] == ["invited", "assigned"]


def test_a_put_wants_what_it_does_not_name(bob: Person) -> None:
    ok(bob.patch("/notifications/preferences", {"invited": False}))
    body = ok(bob.put("/notifications/preferences", {"assigned": False}))
    assert [kind for kind, wanted in body.items() if not wanted] == ["assigned"]


def test_a_lost_update_of_preferences_is_refused(bob: Person) -> None:
    headers = {"If-Match": bob.get("/notifications/preferences").headers["ETag"]}
    ok(bob.patch("/notifications/preferences", {"invited": False}, headers=headers))
    again = bob.put("/notifications/preferences", {}, headers=headers)
    assert again.status_code == 412


@pytest.mark.parametrize("body", [{"gossip": False}, {"invited": "no"}, {"invited": None}])
def test_bad_preferences_are_refused(bob: Person, body: dict[str, Any]) -> None:
    assert bob.put("/notifications/preferences", body).status_code == 422
