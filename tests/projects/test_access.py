"""The one table of who may do what, written out again, and how it is read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from collab.core.caller import Caller
from collab.core.errors import Forbidden, NotFound
from collab.core.models import utcnow
from collab.extensions import db
from collab.jobs.models import Job
from collab.projects.access import (
    Right,
    Role,
    check,
    check_grant,
    effective,
    load,
    load_all,
    may,
    role_in,
)
from collab.projects.models import Project
from collab.tasks.models import Task

from ..support.people import Person, ok

ALICE = Caller(7, 1, "Alice", "alice@example.com", is_admin=False, token_expires=utcnow())
ADA = replace(ALICE, user_id=1, is_admin=True)
PROJECT = 3

#: Each role with all that it may, and nothing else.
RIGHTS = {
    Role.NONE: set(),
    Role.GUEST: {Right.READ},
    Role.VIEWER: {Right.READ, Right.APPEAR},
    Role.COLLABORATOR: {Right.READ, Right.APPEAR, Right.WRITE},
    Role.OWNER: {Right.READ, Right.APPEAR, Right.WRITE, Right.MANAGE},
}


@pytest.mark.parametrize("role", Role, ids=lambda one: one.name)
def test_a_role_may_what_the_table_says_and_no_more(role: Role) -> None:
    assert {right for right in Right if may(role, right)} == RIGHTS[role]


@pytest.mark.parametrize("right", Right, ids=lambda one: one.name)
def test_an_outsider_is_not_told_that_there_is_anything(right: Right) -> None:
    with pytest.raises(NotFound):
        check(Role.NONE, right)


@pytest.mark.parametrize("role", [one for one in Role if one], ids=lambda one: one.name)
def test_whoever_may_know_of_it_is_told_which_role_it_needs(role: Role) -> None:
    for right in Right:
        if right in RIGHTS[role]:
            check(role, right)
        else:
            with pytest.raises(Forbidden):
                check(role, right)
    if role < Role.OWNER:
        needs = f"Your role here is {role.name.lower()}; this needs owner."
        with pytest.raises(Forbidden, match=needs):
            check(role, Right.MANAGE)


@pytest.mark.parametrize("role", Role, ids=lambda one: one.name)
def test_nobody_grants_a_role_above_their_own(role: Role) -> None:
    for granted in ("viewer", "collaborator", "owner"):
        if Role[granted.upper()] <= role:
            check_grant(role, granted)
        else:
            with pytest.raises(Forbidden):
                check_grant(role, granted)


def test_an_admin_has_an_owners_rights_whatever_their_role() -> None:
    for name in (None, "viewer", "collaborator", "owner"):
        assert effective(name, ADA) is Role.OWNER
        assert effective(name, ALICE) is Role.named(name)
    assert Role.named(None) is Role.NONE


def test_what_is_in_a_project_is_its_members_and_not_its_makers() -> None:
    assert role_in(Task, PROJECT, ALICE.user_id, None, ALICE) is Role.NONE
    assert role_in(Task, PROJECT, ALICE.user_id, "viewer", ALICE) is Role.VIEWER
    assert role_in(Task, PROJECT, ADA.user_id + 1, None, ADA) is Role.OWNER


def test_what_is_in_no_project_is_its_owners_alone() -> None:
    assert role_in(Job, None, ALICE.user_id, None, ALICE) is Role.OWNER
    assert role_in(Job, None, ALICE.user_id + 1, "owner", ALICE) is Role.NONE
    assert role_in(Job, None, ALICE.user_id, None, ADA) is Role.NONE


def test_an_admin_manages_what_is_in_no_project_where_its_model_says_so() -> None:
    assert (Task.admins_manage, Job.admins_manage) == (True, False)
    assert role_in(Task, None, ALICE.user_id, None, ADA) is Role.OWNER
    assert role_in(Task, None, ADA.user_id, None, ALICE) is Role.NONE


def called(person: Person) -> Caller:
    return replace(ALICE, user_id=person.id, name=person.name, email=person.email)


def test_what_is_loaded_again_is_as_it_is_now(
    app: Flask, alice: Person, bob: Person, project: int
) -> None:
    with app.app_context():
        known = load(Project, project, called(bob))
        db.session.commit()  # the session keeps what it has read
        changed = {"name": "Artemis"}
        ok(alice.patch(f"/projects/{project}", changed, headers={"If-Match": "*"}))
        ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
        again = load(Project, project, called(bob))
        assert again is known
        assert (again.name, again.role) == ("Artemis", "viewer")


def test_several_are_loaded_in_the_order_of_their_ids_list(
    app: Flask, alice: Person, project: int
) -> None:
    others = [alice.makes_project(name) for name in ("Gemini", "Mercury")]
    wanted = [others[1], project, others[0]]
    with app.app_context():
        found = load_all(Project, wanted, called(alice), can=Right.MANAGE)
        assert [one.id for one in found] == wanted
        db.session.rollback()
