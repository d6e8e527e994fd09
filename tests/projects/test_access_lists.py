"""Lists and searches show what one may load, one by one; and the topics that one may follow."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from collab.core.caller import Caller
from collab.core.errors import NotFound
from collab.core.models import utcnow
from collab.core.schemas import MAX_ID
from collab.extensions import db
from collab.jobs.models import Job
from collab.projects.access import (
    Place,
    Role,
    load,
    own_places,
    owned_by,
    place,
    projects_of,
    readable,
)
from collab.projects.models import Project
from collab.tasks.models import Task

from ..support.made_once import made_once
from ..support.people import Person, ok

NAMES = ("ada", "alice", "bob", "charlie", "vera")


@pytest.fixture
def people(request: pytest.FixtureRequest) -> dict[str, Person]:
    return {name: request.getfixturevalue(name) for name in NAMES}


@made_once
def filled(
    ada: Person, alice: Person, bob: Person, charlie: Person, vera: Person, project: int
) -> int:
    """Return a project; everybody who may has something in it, and of their own."""
    for person in (ada, alice, bob, charlie, vera):
        ok(person.post("/tasks", {"title": f"Of {person.name}"}))
        person.submits()
        if person in (alice, bob):
            ok(person.post("/tasks", {"title": "Ours", "project_id": project}))
            person.submits(project_id=project)
    theirs = charlie.makes_project()
    ok(charlie.post("/tasks", {"title": "Elsewhere", "project_id": theirs}))
    return project


def called(person: Person) -> Caller:
    admin = person.name == "ada"
    return Caller(person.id, 1, person.name, person.email, is_admin=admin, token_expires=utcnow())


def loadable(model: Any, who: Caller) -> set[int]:
    """Return the ids of all rows that somebody may read, asked one by one."""
    found = set()
    for key in db.session.scalars(select(model.id)).all():
        try:
            found.add(load(model, key, who).id)
        except NotFound:
            continue
    return found


@pytest.mark.parametrize("model", [Project, Task, Job], ids=lambda one: one.__name__)
def test_what_is_found_is_what_one_may_load(
    model: Any, app: Flask, people: dict[str, Person], filled: int
) -> None:
    # Who has left has no right to what they made there, though it is still theirs.
    left = people["alice"].delete(f"/projects/{filled}/members/{people['bob'].id}")
    assert left.status_code == 204
    with app.app_context():
        for person in people.values():
            who = called(person)
            shown = select(model.id).where(readable(model, who.user_id, who.is_admin))
            assert set(db.session.scalars(shown)) == loadable(model, who), person.name


def test_ones_own_list_has_what_one_made_where_one_still_is(
    app: Flask, people: dict[str, Person], filled: int
) -> None:
    alice, bob = people["alice"], people["bob"]
    assert alice.delete(f"/projects/{filled}/members/{bob.id}").status_code == 204

    def titles(person: Person, project_id: int | None) -> set[str]:
        shown = owned_by(Task, called(person), project_id)
        return set(db.session.scalars(select(Task.title).where(shown)))

    with app.app_context():
        assert titles(bob, None) == {"Of bob"}
        assert titles(alice, None) == {"Of alice", "Ours"}
        assert titles(alice, filled) == {"Ours"}
        with pytest.raises(NotFound):
            titles(bob, filled)


def test_ones_places_are_the_own_topic_and_all_projects_in_their_order(
    app: Flask, people: dict[str, Person], project: int
) -> None:
    alice, bob = people["alice"], people["bob"]
    second = alice.makes_project(bob="viewer")
    people["charlie"].makes_project()
    expected = [
        Place(f"user:{bob.id}", None, Role.OWNER),
        Place(f"project:{project}", project, Role.COLLABORATOR),
        Place(f"project:{second}", second, Role.VIEWER),
    ]
    with app.app_context():
        assert own_places(called(bob)) == expected
        assert set(db.session.scalars(projects_of(called(bob)))) == {project, second}


def test_a_topic_is_a_place_for_whoever_may_follow_it(
    app: Flask, people: dict[str, Person], project: int
) -> None:
    bob, charlie, ada = (called(people[name]) for name in ("bob", "charlie", "ada"))
    job = people["bob"].submits()["id"]
    people["charlie"].makes_project()  # a role elsewhere is none here
    with app.app_context():
        topic = f"project:{project}"
        assert place(topic, bob) == Place(topic, project, Role.COLLABORATOR)
        assert place(topic, ada) == Place(topic, project, Role.OWNER)
        mine = f"user:{bob.user_id}"
        assert place(mine, bob) == Place(mine, None, Role.OWNER)
        assert place(f"job:{job}", bob) == Place(f"job:{job}", None, Role.OWNER)
        assert place("posts", charlie) == Place("posts", None, Role.GUEST)
        assert place("audit", ada) == Place("audit", None, Role.GUEST)
        for who, hidden in ((charlie, topic), (ada, mine), (charlie, f"job:{job}"), (bob, "audit")):
            with pytest.raises(NotFound):
                place(hidden, who)


UNKNOWN = ["", "project", "project:", "project:0", "project:01", "planet:1", "Project:1", "user:1x"]


@pytest.mark.parametrize("topic", [*UNKNOWN, f"project:{MAX_ID + 1}", f"project:{MAX_ID}"])
def test_what_is_no_topic_is_not_found(topic: str, app: Flask, ada: Person) -> None:
    with app.app_context(), pytest.raises(NotFound):
        place(topic, called(ada))
