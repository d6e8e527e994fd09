"""Who is in a project, and as what."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from collab.core.errors import Forbidden
from collab.extensions import db
from collab.projects import access, members
from collab.projects.models import Member, Project

from ..support.people import Person, ok
from ..support.problems import pointers, problem
from ..support.races import at_once, statuses
from ..support.records import Record, recording
from ..support.texts import caller_of


def roles(person: Person, project: int) -> dict[str, str]:
    """Return everybody's role by name, as somebody sees them."""
    items = ok(person.get(f"/projects/{project}/members"))["items"]
    return {one["name"].lower(): one["role"] for one in items}


def member(project: int, person: Person) -> str:
    return f"/projects/{project}/members/{person.id}"


def adds(person: Person, project: int, email: str, **role: str) -> None:
    ok(person.post(f"/projects/{project}/members", {"email": email} | role))


# -- adding ---------------------------------------------------------------------------------------


def test_whoever_has_an_account_is_added_at_once(
    alice: Person, charlie: Person, project: int
) -> None:
    made = alice.invites(project, charlie.email, "viewer")
    assert (made["status"], made["user_id"], made["invitation_id"]) == ("member", charlie.id, None)


def test_an_added_person_sees_the_project(alice: Person, charlie: Person, project: int) -> None:
    alice.invites(project, charlie.email, "viewer")
    assert ok(charlie.get(f"/projects/{project}"))["role"] == "viewer"


def test_one_is_added_as_a_collaborator_unless_told_otherwise(
    alice: Person, charlie: Person, project: int
) -> None:
    adds(alice, project, charlie.email)
    assert roles(alice, project)["charlie"] == "collaborator"


def test_an_address_is_the_same_in_capitals(alice: Person, charlie: Person, project: int) -> None:
    assert alice.invites(project, charlie.email.upper())["user_id"] == charlie.id


@pytest.mark.parametrize("email", ["bob@example.com", "BOB@example.com", "alice@example.com"])
def test_who_is_a_member_already_is_409(alice: Person, project: int, email: str) -> None:
    problem(alice.post(f"/projects/{project}/members", {"email": email, "role": "owner"}), 409)


def test_a_second_invitation_does_not_change_the_role(alice: Person, project: int) -> None:
    alice.post(f"/projects/{project}/members", {"email": "vera@example.com", "role": "owner"})
    assert roles(alice, project)["vera"] == "viewer"


def test_adding_is_recorded(app: Flask, alice: Person, charlie: Person, project: int) -> None:
    with recording(app) as told:
        alice.invites(project, charlie.email, "viewer")
    data = {"project_id": project, "user_id": charlie.id, "role": "viewer"}
    assert told == [Record("member.added", f"project:{project}", alice.id, data)]


def test_of_several_that_add_one_person_at_once_one_does(
    app: Flask, alice: Person, charlie: Person, project: int
) -> None:
    path, body = f"/projects/{project}/members", {"email": charlie.email, "role": "viewer"}
    answers = at_once(app, *[(alice, lambda who: who.post(path, body))] * 8)
    assert statuses(answers) == [201] + [409] * 7


# -- nobody grants above their own ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["bob", "vera"])
@pytest.mark.parametrize("role", ["viewer", "collaborator", "owner"])
def test_a_member_invites_nobody(
    request: pytest.FixtureRequest, project: int, name: str, role: str
) -> None:
    person: Person = request.getfixturevalue(name)
    body = {"email": "charlie@example.com", "role": role}
    problem(person.post(f"/projects/{project}/members", body), 403)


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_a_member_does_not_raise_themself(
    request: pytest.FixtureRequest, alice: Person, project: int, name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    before = roles(alice, project)
    problem(person.patch(member(project, person), {"role": "owner"}), 403)
    assert roles(alice, project) == before


def test_an_outsider_does_not_let_themself_in(alice: Person, charlie: Person, project: int) -> None:
    body = {"email": charlie.email, "role": "owner"}
    problem(charlie.post(f"/projects/{project}/members", body), 404)


def test_an_owner_of_another_project_does_not_let_themself_in(
    charlie: Person, project: int
) -> None:
    charlie.makes_project()
    problem(charlie.post(f"/projects/{project}/members", {"email": charlie.email}), 404)


def test_what_is_refused_is_not_recorded(app: Flask, bob: Person, project: int) -> None:
    with recording(app) as told:
        bob.post(f"/projects/{project}/members", {"email": "charlie@example.com"})
        bob.patch(member(project, bob), {"role": "owner"})
    assert told == []


# -- the list -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alice", "bob", "vera", "ada"])
def test_every_member_sees_who_is_in_the_project(
    request: pytest.FixtureRequest, project: int, name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    wanted = {"alice": "owner", "bob": "collaborator", "vera": "viewer"}
    assert roles(person, project) == wanted


def test_the_latest_member_can_come_first(alice: Person, vera: Person, project: int) -> None:
    items = ok(alice.get(f"/projects/{project}/members?sort=-created_at"))["items"]
    assert items[0]["user_id"] == vera.id


# -- changing a role ------------------------------------------------------------------------------


def test_a_new_role_counts_at_once(alice: Person, vera: Person, project: int) -> None:
    ok(alice.patch(member(project, vera), {"role": "collaborator"}))
    assert vera.makes_workspace(project)


def test_a_lower_role_counts_at_once(alice: Person, bob: Person, project: int) -> None:
    ok(alice.patch(member(project, bob), {"role": "viewer"}))
    problem(bob.post(f"/projects/{project}/workspaces", {"name": "x"}), 403)


def test_an_owner_may_make_another(alice: Person, bob: Person, project: int) -> None:
    ok(alice.patch(member(project, bob), {"role": "owner"}))
    assert bob.patch(f"/projects/{project}", {"name": "x"}).status_code == 200


def test_an_owner_may_step_down_when_there_is_another(
    alice: Person, bob: Person, project: int
) -> None:
    ok(alice.patch(member(project, bob), {"role": "owner"}))
    assert ok(alice.patch(member(project, alice), {"role": "viewer"}))["role"] == "viewer"


def test_a_new_role_is_recorded(app: Flask, alice: Person, bob: Person, project: int) -> None:
    with recording(app) as told:
        ok(alice.patch(member(project, bob), {"role": "viewer"}))
    data = {"project_id": project, "user_id": bob.id, "role": "viewer"}
    assert told == [Record("member.role_changed", f"project:{project}", alice.id, data)]


def test_the_same_role_again_is_not_recorded(
    app: Flask, alice: Person, bob: Person, project: int
) -> None:
    with recording(app) as told:
        ok(alice.patch(member(project, bob), {"role": "collaborator"}))
    assert told == []


@pytest.mark.parametrize("body", [{}, {"role": None}, {"role": "admin"}, {"role": "Owner"}])
def test_a_role_that_does_not_exist_is_422(
    alice: Person, bob: Person, project: int, body: dict[str, str]
) -> None:
    assert pointers(alice.patch(member(project, bob), body)) == ["#/role"]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_who_is_no_member_is_404(alice: Person, charlie: Person, project: int, method: str) -> None:
    body = {"role": "viewer"}
    problem(alice.request(method, member(project, charlie), json=body), 404)


def test_a_member_of_another_project_is_404(alice: Person, charlie: Person, project: int) -> None:
    alice.makes_project(charlie="viewer")
    problem(alice.patch(member(project, charlie), {"role": "owner"}), 404)


# -- removing and leaving -------------------------------------------------------------------------


def test_a_removed_member_finds_nothing(alice: Person, bob: Person, project: int) -> None:
    assert alice.delete(member(project, bob)).status_code == 204
    problem(bob.get(f"/projects/{project}"), 404)


def test_a_removed_member_writes_nothing(alice: Person, bob: Person, project: int) -> None:
    desk = bob.makes_workspace(project)
    alice.delete(member(project, bob))
    problem(bob.patch(f"/workspaces/{desk}", {"name": "x"}), 404)


def test_what_a_removed_member_made_stays(alice: Person, bob: Person, project: int) -> None:
    desk = bob.makes_workspace(project)
    alice.delete(member(project, bob))
    assert alice.get(f"/workspaces/{desk}").status_code == 200


def test_a_removed_member_can_be_added_again(alice: Person, bob: Person, project: int) -> None:
    alice.delete(member(project, bob))
    assert alice.invites(project, bob.email, "viewer")["role"] == "viewer"


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_a_member_may_leave(
    request: pytest.FixtureRequest, alice: Person, project: int, name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    assert person.delete(member(project, person)).status_code == 204
    assert name not in roles(alice, project)


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_a_member_removes_nobody_else(
    request: pytest.FixtureRequest, alice: Person, project: int, name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    problem(person.delete(member(project, alice)), 403)


def test_an_outsider_removes_nobody(charlie: Person, bob: Person, project: int) -> None:
    problem(charlie.delete(member(project, bob)), 404)


def test_leaving_a_project_one_is_not_in_is_404(charlie: Person, project: int) -> None:
    problem(charlie.delete(member(project, charlie)), 404)


def test_removing_is_recorded(app: Flask, alice: Person, bob: Person, project: int) -> None:
    with recording(app) as told:
        alice.delete(member(project, bob))
    data = {"project_id": project, "user_id": bob.id}
    assert told == [Record("member.removed", f"project:{project}", alice.id, data)]


def test_leaving_is_recorded_as_ones_own_doing(app: Flask, bob: Person, project: int) -> None:
    with recording(app) as told:
        bob.delete(member(project, bob))
    assert [(one.type, one.actor) for one in told] == [("member.removed", bob.id)]


def test_a_removal_that_is_refused_is_not_recorded(
    app: Flask, alice: Person, vera: Person, project: int
) -> None:
    with recording(app) as told:
        vera.delete(member(project, alice))
        alice.delete(member(project, alice))
    assert told == []


def test_a_member_has_an_etag_and_refuses_a_lost_update(alice, project, bob):
    path = f"/projects/{project}/members/{bob.id}"
    tag = alice.get(path).headers["ETag"]
    assert alice.get(path, headers={"If-None-Match": tag}).status_code == 304

    first = alice.patch(path, {"role": "viewer"}, headers={"If-Match": tag})
    second = alice.patch(path, {"role": "owner"}, headers={"If-Match": tag})

    assert (first.status_code, second.status_code) == (200, 412)
    assert first.headers["ETag"] != tag


# -- what viewers may not -------------------------------------------------------------------------


def test_what_goes_on_for_who_becomes_a_viewer_is_ended_in_parts(
    make_app: Callable[..., Flask], alice: Person, bob: Person, project: int
) -> None:
    app = make_app()
    left, asked = [True, True, False], []

    def end_some(*who: int) -> bool:
        asked.append(who)
        return left.pop(0)

    members.on_demotion(app, end_some)
    with app.app_context():
        caller = caller_of(alice)
        made = access.load(Project, project, caller, can=access.Right.MANAGE)
        member = members.change_role(made, members.load(made, bob.id), "viewer", caller)
        assert member.role == "viewer"
    assert asked == [(project, bob.id, alice.id)] * 3


def test_who_is_no_owner_any_more_makes_nobody_a_viewer(
    make_app: Callable[..., Flask], alice: Person, bob: Person, project: int
) -> None:
    """What was found before is looked up again after each part."""
    app = make_app()

    def end_some(*who: int) -> bool:
        db.session.query(Member).filter_by(user_id=alice.id).update({"role": "viewer"})
        return True

    members.on_demotion(app, end_some)
    with app.app_context():
        caller = caller_of(alice)
        made = access.load(Project, project, caller, can=access.Right.MANAGE)
        with pytest.raises(Forbidden):
            members.change_role(made, members.load(made, bob.id), "viewer", caller)
    assert roles(alice, project)["bob"] == "collaborator"
