"""An admin has an owner's rights in every project, without being in it."""

from __future__ import annotations

import pytest

from ..support.people import Person, ok
from ..support.problems import problem


def test_an_admin_lists_the_projects_of_everybody(ada: Person, alice: Person, bob: Person) -> None:
    ids = [alice.makes_project(), bob.makes_project()]
    assert [one["id"] for one in ok(ada.get("/projects?scope=all"))["items"]] == ids


def test_without_asking_an_admin_lists_the_own_projects(ada: Person, project: int) -> None:
    own = ada.makes_project("Hers")
    assert [one["id"] for one in ok(ada.get("/projects"))["items"]] == [own]


def test_an_admin_who_is_no_member_has_no_role(ada: Person, project: int) -> None:
    assert ok(ada.get(f"/projects/{project}"))["role"] is None


def test_the_list_of_all_shows_the_admins_own_roles(ada: Person, project: int) -> None:
    ada.makes_project("Hers")
    roles = [one["role"] for one in ok(ada.get("/projects?scope=all"))["items"]]
    assert roles == [None, "owner"]


def test_the_list_of_all_can_be_searched(ada: Person, project: int, bob: Person) -> None:
    bob.makes_project("Gemini")
    items = ok(ada.get("/projects?scope=all&q=gem"))["items"]
    assert [one["name"] for one in items] == ["Gemini"]


def test_an_admin_may_grant_an_owners_role(ada: Person, project: int, charlie: Person) -> None:
    assert ada.invites(project, charlie.email, "owner")["role"] == "owner"


def test_an_admin_may_join(ada: Person, project: int) -> None:
    ada.invites(project, ada.email, "viewer")
    assert ok(ada.get(f"/projects/{project}"))["role"] == "viewer"


def test_an_admin_who_is_a_viewer_keeps_an_owners_rights(ada: Person, project: int) -> None:
    ada.invites(project, ada.email, "viewer")
    assert ada.patch(f"/projects/{project}", {"name": "x"}).status_code == 200


def test_an_admin_is_not_counted_as_an_owner(ada: Person, alice: Person, project: int) -> None:
    path = f"/projects/{project}/members/{alice.id}"
    problem(ada.patch(path, {"role": "viewer"}), 409)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_who_is_admin_no_longer_loses_the_rights_at_once(
    ada: Person, alice: Person, project: int, method: str
) -> None:
    ok(ada.patch(f"/users/{alice.id}", {"role": "admin"}))
    ok(alice.patch(f"/users/{ada.id}", {"role": "user"}))
    problem(ada.request(method, f"/projects/{project}", json={"name": "x"}), 404)
