"""Making, finding, changing and deleting workspaces, below a project and on their own."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.problems import pointers, problem
from ..support.records import Record, recording


def names(person: Person, path: str = "/workspaces", **query: Any) -> list[str]:
    return [one["name"] for one in ok(person.get(path, params=query))["items"]]


@made_once
def desk(alice: Person, project: int) -> int:
    """Return the id of a workspace with settings."""
    return alice.makes_workspace(project, "Desk", theme="dark", tabs=[1, 2])


# -- making ---------------------------------------------------------------------------------------


def nested_path(project: int) -> tuple[str, dict[str, Any]]:
    return f"/projects/{project}/workspaces", {}


def flat_path(project: int) -> tuple[str, dict[str, Any]]:
    return "/workspaces", {"project_id": project}


@pytest.mark.parametrize("path_of", [nested_path, flat_path])
def test_a_workspace_is_made_below_a_project_or_with_its_id(
    alice: Person, project: int, path_of: Any
) -> None:
    path, body = path_of(project)
    made = ok(alice.post(path, body | {"name": "Desk", "settings": {"theme": "dark"}}))
    wanted = {"name": "Desk", "project_id": project, "settings": {"theme": "dark"}}
    assert made | wanted == made


def test_the_answer_is_what_reading_shows(alice: Person, project: int) -> None:
    made = ok(alice.post(f"/projects/{project}/workspaces", {"name": "Desk"}))
    assert ok(alice.get(f"/workspaces/{made['id']}")) == made


def test_a_workspace_has_no_settings_unless_told_otherwise(alice: Person, project: int) -> None:
    assert ok(alice.post(f"/projects/{project}/workspaces", {"name": "Desk"}))["settings"] == {}


def test_without_a_project_a_workspace_is_422(alice: Person) -> None:
    assert pointers(alice.post("/workspaces", {"name": "Desk"})) == ["#/project_id"]


def test_the_project_is_not_named_twice(alice: Person, project: int) -> None:
    body = {"name": "Desk", "project_id": project}
    assert pointers(alice.post(f"/projects/{project}/workspaces", body)) == ["#/project_id"]


@pytest.mark.parametrize("path_of", [nested_path, flat_path])
def test_a_project_that_is_not_there_is_404(alice: Person, path_of: Any) -> None:
    path, body = path_of(77)
    problem(alice.post(path, body | {"name": "Desk"}), 404)


def test_making_is_recorded_in_the_project(app: Flask, bob: Person, project: int) -> None:
    with recording(app) as told:
        made = bob.makes_workspace(project, "Desk")
    data = {"project_id": project, "workspace_id": made, "name": "Desk"}
    assert told == [Record("workspace.created", f"project:{project}", bob.id, data)]


@pytest.mark.parametrize("name", ["vera", "charlie"])
def test_what_is_refused_is_neither_made_nor_recorded(
    app: Flask, request: pytest.FixtureRequest, alice: Person, project: int, name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    with recording(app) as told:
        response = person.post(f"/projects/{project}/workspaces", {"name": "Mine"})
    assert response.status_code in (403, 404)
    assert (told, names(alice)) == ([], [])


# -- finding --------------------------------------------------------------------------------------


@made_once
def desks(alice: Person, charlie: Person, project: int) -> int:
    """Return another project of alice; there are workspaces in both, and in one of charlie's."""
    other = alice.makes_project("Gemini")
    alice.makes_workspace(project, "b")
    alice.makes_workspace(other, "c")
    alice.makes_workspace(project, "a")
    charlie.makes_workspace(charlie.makes_project(), "d")
    return other


def test_one_sees_the_workspaces_of_all_own_projects(alice: Person, desks: int) -> None:
    assert names(alice) == ["b", "c", "a"]


def test_one_sees_those_of_projects_one_was_added_to(vera: Person, desks: int) -> None:
    assert names(vera) == ["b", "a"]


def test_one_sees_none_of_others(charlie: Person, desks: int) -> None:
    assert names(charlie) == ["d"]


def test_an_admin_lists_the_own_ones(ada: Person, desks: int) -> None:
    assert names(ada) == []


def test_an_admin_lists_those_of_any_project(ada: Person, project: int, desks: int) -> None:
    assert names(ada, project_id=project) == ["b", "a"]


def test_a_project_can_be_picked(alice: Person, desks: int) -> None:
    assert names(alice, project_id=desks) == ["c"]


def test_a_projects_own_list_is_the_same(alice: Person, desks: int) -> None:
    assert names(alice, f"/projects/{desks}/workspaces") == ["c"]


@pytest.mark.parametrize("path", ["/workspaces", "/projects/1/workspaces"])
def test_workspaces_are_sorted_by_name(alice: Person, desks: int, path: str) -> None:
    assert names(alice, path, sort="-name") == sorted(names(alice, path), reverse=True)


def test_a_project_one_is_not_in_is_404(charlie: Person, project: int, desks: int) -> None:
    problem(charlie.get(f"/workspaces?project_id={project}"), 404)


def test_a_workspace_one_may_not_know_of_is_404(charlie: Person, desk: int) -> None:
    problem(charlie.get(f"/workspaces/{desk}"), 404)


# -- changing -------------------------------------------------------------------------------------


def test_a_change_leaves_the_rest(bob: Person, desk: int) -> None:
    changed = ok(bob.patch(f"/workspaces/{desk}", {"name": "New"}))
    assert (changed["name"], changed["settings"]) == ("New", {"theme": "dark", "tabs": [1, 2]})


def test_settings_are_changed_as_a_whole(bob: Person, desk: int) -> None:
    changed = ok(bob.patch(f"/workspaces/{desk}", {"settings": {"zoom": 2}}))
    assert changed["settings"] == {"zoom": 2}


def test_a_replacement_leaves_nothing(bob: Person, desk: int) -> None:
    changed = ok(bob.put(f"/workspaces/{desk}", {"name": "New"}))
    assert (changed["name"], changed["settings"]) == ("New", {})


def test_a_replacement_needs_a_name(bob: Person, desk: int) -> None:
    assert pointers(bob.put(f"/workspaces/{desk}", {"settings": {}})) == ["#/name"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_workspace_stays_in_its_project(alice: Person, desk: int, method: str) -> None:
    body = {"name": "x", "project_id": alice.makes_project()}
    response = alice.request(method, f"/workspaces/{desk}", json=body)
    assert pointers(response) == ["#/project_id"]


def test_a_change_moves_the_time_of_the_last_change(bob: Person, desk: int) -> None:
    before = ok(bob.get(f"/workspaces/{desk}"))["updated_at"]
    assert ok(bob.patch(f"/workspaces/{desk}", {"name": "New"}))["updated_at"] > before


def test_a_change_is_recorded_with_what_is_new(
    app: Flask, bob: Person, project: int, desk: int
) -> None:
    with recording(app) as told:
        ok(bob.put(f"/workspaces/{desk}", {"name": "Desk", "settings": {"zoom": 2}}))
    changes = {"settings": {"zoom": 2}}
    data = {"project_id": project, "workspace_id": desk, "changes": changes}
    assert told == [Record("workspace.updated", f"project:{project}", bob.id, data)]


def test_a_change_of_nothing_is_not_recorded(app: Flask, bob: Person, desk: int) -> None:
    with recording(app) as told:
        ok(bob.patch(f"/workspaces/{desk}", {"name": "Desk"}))
    assert told == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_viewer_changes_nothing(
    app: Flask, alice: Person, vera: Person, desk: int, method: str
) -> None:
    before = ok(alice.get(f"/workspaces/{desk}"))
    with recording(app) as told:
        problem(vera.request(method, f"/workspaces/{desk}", json={"name": "Mine"}), 403)
    assert (told, ok(alice.get(f"/workspaces/{desk}"))) == ([], before)


# -- deleting -------------------------------------------------------------------------------------


def test_a_deleted_workspace_is_gone(bob: Person, alice: Person, desk: int) -> None:
    assert bob.delete(f"/workspaces/{desk}").status_code == 204
    problem(alice.get(f"/workspaces/{desk}"), 404)
    assert names(alice) == []


def test_deleting_twice_is_404(bob: Person, desk: int) -> None:
    bob.delete(f"/workspaces/{desk}")
    problem(bob.delete(f"/workspaces/{desk}"), 404)


def test_a_deleted_workspace_has_no_topic(alice: Person, desk: int) -> None:
    alice.delete(f"/workspaces/{desk}")
    problem(alice.get(f"/events?topic=workspace:{desk}"), 404)


def test_its_project_is_unharmed(alice: Person, project: int, desk: int) -> None:
    alice.delete(f"/workspaces/{desk}")
    assert alice.get(f"/projects/{project}").status_code == 200


def test_deleting_is_recorded(app: Flask, bob: Person, project: int, desk: int) -> None:
    with recording(app) as told:
        bob.delete(f"/workspaces/{desk}")
    data = {"project_id": project, "workspace_id": desk}
    assert told == [Record("workspace.deleted", f"project:{project}", bob.id, data)]
