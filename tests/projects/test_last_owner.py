"""A project always has an owner."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from flask import Flask

from ..support.people import Person, ok
from ..support.problems import problem
from ..support.races import at_once, statuses

#: What two owners may do to each other, or to themselves, that leaves the project without one.
Blow = Callable[[Person, str], httpx.Response]
BLOWS: dict[str, Blow] = {
    "demote": lambda who, path: who.patch(path, {"role": "viewer"}),
    "remove": lambda who, path: who.delete(path),
}


def owners(person: Person, project: int) -> list[str]:
    items = ok(person.get(f"/projects/{project}/members"))["items"]
    return [one["name"] for one in items if one["role"] == "owner"]


@pytest.mark.parametrize("blow", BLOWS)
@pytest.mark.parametrize("name", ["alice", "ada"])
def test_the_last_owner_stays(
    request: pytest.FixtureRequest, alice: Person, project: int, name: str, blow: str
) -> None:
    person: Person = request.getfixturevalue(name)
    problem(BLOWS[blow](person, f"/projects/{project}/members/{alice.id}"), 409)
    assert owners(alice, project) == ["Alice"]


def test_collaborators_do_not_count_as_owners(alice: Person, project: int) -> None:
    problem(alice.delete(f"/projects/{project}/members/{alice.id}"), 409)


def test_owners_of_other_projects_do_not_count(alice: Person, bob: Person, project: int) -> None:
    bob.makes_project(alice="owner")
    problem(alice.delete(f"/projects/{project}/members/{alice.id}"), 409)


def test_the_last_owner_may_be_told_to_stay_owner(alice: Person, project: int) -> None:
    response = alice.patch(f"/projects/{project}/members/{alice.id}", {"role": "owner"})
    assert response.status_code == 200


@pytest.mark.parametrize("blow", BLOWS)
def test_of_two_owners_one_may_go(alice: Person, project: int, bob: Person, blow: str) -> None:
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "owner"}))
    BLOWS[blow](alice, f"/projects/{project}/members/{alice.id}")
    assert owners(bob, project) == ["Bob"]


@pytest.mark.parametrize("round_", range(3))
@pytest.mark.parametrize("whom", ["themself", "the other"])
@pytest.mark.parametrize("blow", BLOWS)
def test_of_two_owners_at_once_one_stays(
    app: Flask, alice: Person, bob: Person, ada: Person, blow: str, whom: str, round_: int
) -> None:
    project = alice.makes_project(bob="owner")
    targets = (alice, bob) if whom == "themself" else (bob, alice)

    def strike(target: Person) -> Callable[[Person], httpx.Response]:
        return lambda who: BLOWS[blow](who, f"/projects/{project}/members/{target.id}")

    answers = at_once(app, (alice, strike(targets[0])), (bob, strike(targets[1])))
    assert statuses(answers)[0] < 300 <= statuses(answers)[1] < 500
    assert len(owners(ada, project)) == 1


def test_of_five_owners_that_leave_at_once_one_stays(
    app: Flask, alice: Person, bob: Person, vera: Person, charlie: Person, ada: Person
) -> None:
    everybody = {one.name: one for one in (bob, vera, charlie, ada)}
    project = alice.makes_project(**dict.fromkeys(everybody, "owner"))
    leave = lambda who: who.delete(f"/projects/{project}/members/{who.id}")  # noqa: E731
    answers = at_once(app, *((one, leave) for one in (alice, *everybody.values())))
    assert statuses(answers) == [204] * 4 + [409]
    assert len(owners(ada, project)) == 1
