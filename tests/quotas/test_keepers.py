"""Who keeps most, for admins."""

from __future__ import annotations

from ..support.people import Person, ok


def test_an_admin_sees_who_keeps_most(ada: Person, alice: Person, bob: Person) -> None:
    bob.uploads(b"a,b\n" * 10_000)
    project = alice.makes_project()
    alice.uploads(b"x" * 90_000, project_id=project)
    people = ok(ada.get("/usage"))["items"]
    assert [one["name"] for one in people[:2]] == ["Alice", "Bob"]
    sizes = [one["bytes"] for one in people]
    assert sizes == sorted(sizes, reverse=True)
    whole = ok(ada.get(f"/users/{bob.id}/usage"))
    assert whole == ok(bob.get("/auth/me/usage"))
    assert (people[1]["id"], people[1]["bytes"]) == (bob.id, whole["bytes"])
    (one,) = ok(ada.get("/usage?owner=project"))["items"]
    assert one["id"] == project
    assert one["bytes"] == ok(ada.get(f"/projects/{project}/usage"))["bytes"]
    assert ada.get("/users/999999/usage").status_code == 404


def test_pages_go_on_where_the_one_before_ended(ada: Person, alice: Person, bob: Person) -> None:
    every = [one["id"] for one in ok(ada.get("/usage"))["items"]]
    found, cursor = [], ""
    while cursor is not None:
        page = ok(ada.get(f"/usage?limit=2{cursor and f'&cursor={cursor}'}"))
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(found) == sorted(every)
    assert len(found) > 2
