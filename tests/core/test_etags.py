"""Entity tags: what one has already is not sent again, and no update is lost."""

from __future__ import annotations

import httpx
import pytest
from flask import Flask

from ..support.people import Person, ok
from ..support.problems import problem
from ..support.races import Act, at_once


@pytest.fixture(params=["project", "workspace", "account", "own account"])
def resource(request: pytest.FixtureRequest, ada: Person, project: int) -> str:
    """Return the path of each resource that has a version; ada may change all of them."""
    paths = {
        "project": f"/projects/{project}",
        "workspace": f"/workspaces/{ada.makes_workspace(project)}",
        "account": f"/users/{ada.id + 1}",
        "own account": "/auth/me",
    }
    return paths[request.param]


def change_of(path: str) -> dict[str, object]:
    return {"role": "admin"} if "users" in path else {"name": "New name"}


def tag_of(person: Person, path: str) -> str:
    return person.get(path).headers["ETag"]


def test_a_resource_has_a_strong_tag(ada: Person, resource: str) -> None:
    tag = tag_of(ada, resource)
    assert (tag[0], tag[-1], len(tag) > 2) == ('"', '"', True)


def test_the_tag_stays_while_nothing_changes(ada: Person, resource: str) -> None:
    assert tag_of(ada, resource) == tag_of(ada, resource)


def test_what_one_has_already_is_304(ada: Person, resource: str) -> None:
    headers = {"If-None-Match": tag_of(ada, resource)}
    assert ada.get(resource, headers=headers).status_code == 304


def test_304_has_the_tag_and_no_body(ada: Person, resource: str) -> None:
    tag = tag_of(ada, resource)
    response = ada.get(resource, headers={"If-None-Match": tag})
    assert (response.headers["ETag"], response.content) == (tag, b"")


def test_a_change_changes_the_tag(ada: Person, resource: str) -> None:
    before = tag_of(ada, resource)
    ok(ada.patch(resource, change_of(resource)))
    assert tag_of(ada, resource) != before


def test_the_answer_to_a_change_has_the_new_tag(ada: Person, resource: str) -> None:
    changed = ada.patch(resource, change_of(resource))
    assert changed.headers["ETag"] == tag_of(ada, resource)


def test_a_change_that_changes_nothing_leaves_the_tag(ada: Person, resource: str) -> None:
    ok(ada.patch(resource, change_of(resource)))
    before = tag_of(ada, resource)
    ok(ada.patch(resource, change_of(resource)))
    assert tag_of(ada, resource) == before


def test_after_a_change_the_old_tag_is_answered_in_full(ada: Person, resource: str) -> None:
    headers = {"If-None-Match": tag_of(ada, resource)}
    ok(ada.patch(resource, change_of(resource)))
    assert ada.get(resource, headers=headers).status_code == 200


def test_a_change_of_the_version_one_has_read_is_made(ada: Person, resource: str) -> None:
    headers = {"If-Match": tag_of(ada, resource)}
    assert ada.patch(resource, change_of(resource), headers=headers).status_code == 200


def test_a_change_of_an_older_version_is_412(ada: Person, resource: str) -> None:
    headers = {"If-Match": tag_of(ada, resource)}
    ok(ada.patch(resource, change_of(resource)))
    problem(ada.patch(resource, change_of(resource), headers=headers), 412)


def test_a_star_matches_any_version_to_change(ada: Person, resource: str) -> None:
    headers = {"If-Match": "*"}
    assert ada.patch(resource, change_of(resource), headers=headers).status_code == 200


def test_a_star_matches_any_version_one_has(ada: Person, resource: str) -> None:
    assert ada.get(resource, headers={"If-None-Match": "*"}).status_code == 304


def test_whoever_wants_another_version_gets_none(ada: Person, resource: str) -> None:
    tag = tag_of(ada, resource)
    for method in ("GET", "HEAD"):
        for wanted, status in ((tag, 200), ("*", 200), ('"other"', 412), (f"W/{tag}", 412)):
            answer = ada.request(method, resource, headers={"If-Match": wanted})
            assert answer.status_code == status, (method, wanted)
    problem(ada.get(resource, headers={"If-Match": '"other"', "If-None-Match": tag}), 412)


def test_one_of_several_tags_is_enough(alice: Person, project: int) -> None:
    tag = tag_of(alice, f"/projects/{project}")
    headers = {"If-None-Match": f'"x", {tag}, "y"'}
    assert alice.get(f"/projects/{project}", headers=headers).status_code == 304


def test_a_weak_tag_is_good_for_reading(alice: Person, project: int) -> None:
    headers = {"If-None-Match": "W/" + tag_of(alice, f"/projects/{project}")}
    assert alice.get(f"/projects/{project}", headers=headers).status_code == 304


def test_a_weak_tag_is_no_good_for_changing(alice: Person, project: int) -> None:
    headers = {"If-Match": "W/" + tag_of(alice, f"/projects/{project}")}
    problem(alice.patch(f"/projects/{project}", {"name": "x"}, headers=headers), 412)


def test_what_is_made_has_the_tag_that_reading_shows(alice: Person) -> None:
    made = alice.post("/projects", {"name": "x"})
    assert made.headers["ETag"] == tag_of(alice, f"/projects/{made.json()['id']}")


def test_the_tag_of_a_project_differs_by_the_readers_role(
    alice: Person, bob: Person, vera: Person, ada: Person, project: int
) -> None:
    people = (alice, bob, vera, ada)
    assert len({tag_of(one, f"/projects/{project}") for one in people}) == len(people)


def test_a_change_of_the_readers_role_is_not_304(alice: Person, vera: Person, project: int) -> None:
    headers = {"If-None-Match": tag_of(vera, f"/projects/{project}")}
    ok(alice.patch(f"/projects/{project}/members/{vera.id}", {"role": "collaborator"}))
    assert ok(vera.get(f"/projects/{project}", headers=headers))["role"] == "collaborator"


def test_who_may_not_change_learns_nothing_of_the_version(vera: Person, project: int) -> None:
    response = vera.patch(f"/projects/{project}", {"name": "x"}, headers={"If-Match": '"0"'})
    problem(response, 403)


@pytest.mark.parametrize("kind", ["projects", "workspaces"])
def test_deleting_an_older_version_is_412(alice: Person, project: int, kind: str) -> None:
    key = project if kind == "projects" else alice.makes_workspace(project)
    headers = {"If-Match": tag_of(alice, f"/{kind}/{key}")}
    ok(alice.patch(f"/{kind}/{key}", {"name": "x"}))
    problem(alice.delete(f"/{kind}/{key}", headers=headers), 412)


def test_replacing_an_older_version_is_412(alice: Person, project: int) -> None:
    headers = {"If-Match": tag_of(alice, f"/projects/{project}")}
    ok(alice.patch(f"/projects/{project}", {"name": "x"}))
    problem(alice.put(f"/projects/{project}", {"name": "y"}, headers=headers), 412)


RACERS = 8


@pytest.fixture
def race(app: Flask, alice: Person, project: int) -> list[httpx.Response]:
    """Return the answers to changes that were all made of the same version, at once."""
    path = f"/projects/{project}"
    headers = {"If-Match": tag_of(alice, path)}

    def change(number: int) -> Act:
        return lambda who: who.patch(path, {"name": f"number {number}"}, headers=headers)

    return at_once(app, *((alice, change(number)) for number in range(RACERS)))


def test_of_changes_to_one_version_at_once_one_is_made(race: list[httpx.Response]) -> None:
    assert sorted(one.status_code for one in race) == [200] + [412] * (RACERS - 1)


def test_the_change_that_was_answered_with_200_is_the_one_that_stays(
    race: list[httpx.Response], alice: Person, project: int
) -> None:
    made = next(one.json() for one in race if one.status_code == 200)
    assert ok(alice.get(f"/projects/{project}")) == made
