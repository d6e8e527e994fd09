"""The one table of who may do what, written out again, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from collab.core.caller import Caller
from collab.core.errors import Forbidden, NotFound
from collab.core.idempotency import RIGHTS_USED
from collab.core.models import utcnow
from collab.extensions import db
from collab.jobs.models import Job
from collab.projects.access import (
    Right,
    Role,
    admit,
    check,
    check_grant,
    effective,
    load,
    load_all,
    may,
    place,
    role_in,
)
from collab.projects.models import Project
from collab.tasks.models import Task

from ..support import databases
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
    app: Flask, instance: Path, bob: Person, project: int
) -> None:
    with app.app_context():
        known = load(Project, project, called(bob))
        db.session.commit()  # the session keeps what it has read
        other = databases.opened(instance)  # a process of its own, of which this one hears nothing
        other.execute("UPDATE projects SET version = 99")
        other.execute("UPDATE members SET role = 'viewer' WHERE role = 'collaborator'")
        other.commit()
        other.close()
        again = load(Project, project, called(bob))
        assert again is known
        assert (again.version, again.role) == (99, "viewer")


def test_several_are_loaded_in_the_order_of_their_ids_list(
    app: Flask, alice: Person, project: int
) -> None:
    others = [alice.makes_project(name) for name in ("Gemini", "Mercury")]
    wanted = [others[1], project, others[0]]
    with app.app_context():
        found = load_all(Project, wanted, called(alice), can=Right.MANAGE)
        assert [(one.id, one.role) for one in found] == [(key, "owner") for key in wanted]
        db.session.rollback()


def test_of_several_those_are_pointed_at_that_are_refused(
    app: Flask, alice: Person, charlie: Person, vera: Person, project: int
) -> None:
    theirs = charlie.makes_project()
    with app.app_context():
        with pytest.raises(NotFound) as unknown:
            load_all(Project, [project, theirs, 999], called(vera), can=Right.READ)
        hidden = {"detail": "There is nothing here, or nothing that you may see."}
        assert unknown.value.errors == [hidden | {"pointer": f"#/ids/{at}"} for at in (1, 2)]
        with pytest.raises(Forbidden) as refused:
            load_all(Project, [project], called(vera), can=Right.WRITE)
        low = {"detail": "Your role does not allow this.", "pointer": "#/ids/0"}
        assert refused.value.errors == [low]
        db.session.rollback()


def test_making_something_asks_for_the_role_in_its_project(
    app: Flask, ada: Person, bob: Person, charlie: Person, vera: Person, project: int
) -> None:
    with app.app_context():
        admit(None, called(charlie))
        admit(project, called(bob))
        admit(project, replace(called(ada), is_admin=True))
        admit(project, called(vera), can=Right.READ)
        with pytest.raises(Forbidden):
            admit(project, called(vera))
        for who, where in ((charlie, project), (bob, 999)):
            with pytest.raises(NotFound):
                admit(where, called(who))
        with pytest.raises(NotFound):
            admit(999, replace(called(ada), is_admin=True))
        db.session.rollback()


def test_a_right_that_was_used_is_noted_for_answers_that_are_given_again(
    app: Flask, bob: Person, project: int
) -> None:
    with app.app_context():
        noted = db.session().info[RIGHTS_USED] = []
        load(Project, project, called(bob))
        load_all(Project, [project], called(bob), can=Right.WRITE)
        admit(project, called(bob))
        place(f"project:{project}", called(bob), can=Right.APPEAR)
        db.session.rollback()
    assert noted == [
        ("projects", project, "read"),
        ("projects", project, "write"),
        ("projects", project, "write"),
        ("topic", f"project:{project}", "appear"),
    ]


def test_a_persons_own_is_theirs_alone_and_an_admins_where_its_model_says_so(
    app: Flask, ada: Person, alice: Person, bob: Person
) -> None:
    task = ok(alice.post("/tasks", {"title": "Mine"}))["id"]
    with app.app_context():
        admin = replace(called(ada), is_admin=True)
        for who in (called(alice), admin):
            assert load(Task, task, who, can=Right.MANAGE).id == task
        for key in (task, task + 1):
            with pytest.raises(NotFound):
                load(Task, key, called(bob))
        db.session.rollback()


def is_locked(instance: Path) -> bool:
    """Return whether somebody is writing."""
    other = databases.opened(instance, timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    except databases.LOCKED:
        return True
    finally:
        other.close()
    return False


#: The ways to ask for a right, each for something in a project.
ASKED: dict[str, Callable[[int, Caller, Right], object]] = {
    "load": lambda key, who, right: load(Project, key, who, can=right),
    "load_all": lambda key, who, right: load_all(Project, [key], who, can=right),
    "admit": lambda key, who, right: admit(key, who, can=right),
}


@pytest.mark.parametrize("way", ASKED)
def test_nobody_writes_between_the_look_for_a_right_to_change_and_the_commit(
    way: str, app: Flask, instance: Path, bob: Person, project: int
) -> None:
    with app.app_context():
        ASKED[way](project, called(bob), Right.WRITE)
        assert is_locked(instance)
        db.session.rollback()


@pytest.mark.parametrize("way", ["load", "admit"])
def test_who_only_reads_keeps_nobody_from_writing(
    way: str, app: Flask, instance: Path, bob: Person, project: int
) -> None:
    with app.app_context():
        ASKED[way](project, called(bob), Right.READ)
        assert not is_locked(instance)
        db.session.rollback()
