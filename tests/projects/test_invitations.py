"""An address without an account gets an invitation, which waits until somebody has it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from flask import Flask

from ..support.made_once import made_once
from ..support.people import PASSWORD, Person, ok
from ..support.problems import problem
from ..support.races import at_once, statuses
from ..support.records import Record, recording

EMAIL = "dora@example.com"


@made_once
def invitation(alice: Person, project: int) -> int:
    """Return the id of dora's invitation as a viewer."""
    return alice.invites(project, EMAIL, "viewer")["invitation_id"]


@made_once
def account(http: httpx.Client, invitation: int) -> dict[str, Any]:
    """Return what dora was answered, who registered after she had been invited."""
    return ok(Person("", http).post("/auth/register", {"email": EMAIL, "password": PASSWORD}))


@pytest.fixture
def dora(nobody: Person, account: dict[str, Any]) -> Person:
    return Person("dora", nobody.http, account["user"]["id"], account["access_token"])


def accepts(person: Person, invitation: int) -> Any:
    return person.post(f"/invitations/{invitation}/accept")


def open_ones(person: Person, project: int) -> list[str]:
    """Return the addresses that a project has invited."""
    items = ok(person.get(f"/projects/{project}/invitations"))["items"]
    return [one["email"] for one in items]


def mine(person: Person) -> list[int]:
    return [one["id"] for one in ok(person.get("/invitations"))["items"]]


# -- inviting -------------------------------------------------------------------------------------


def test_an_unknown_address_is_invited(alice: Person, project: int) -> None:
    made = alice.invites(project, EMAIL, "viewer")
    assert (made["status"], made["user_id"], made["role"]) == ("invited", None, "viewer")


def test_whoever_is_invited_is_no_member_yet(alice: Person, project: int, invitation: int) -> None:
    assert len(ok(alice.get(f"/projects/{project}/members"))["items"]) == 3


def test_an_open_invitation_is_listed(alice: Person, project: int, invitation: int) -> None:
    items = ok(alice.get(f"/projects/{project}/invitations"))["items"]
    wanted = {"id": invitation, "email": EMAIL, "role": "viewer", "invited_by": alice.id}
    assert items == [items[0] | wanted]


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper()])
def test_an_address_is_invited_once(
    alice: Person, project: int, invitation: int, email: str
) -> None:
    problem(alice.post(f"/projects/{project}/members", {"email": email}), 409)


def test_an_address_may_be_invited_to_several_projects(
    alice: Person, invitation: int, dora: Person
) -> None:
    other = alice.makes_project("Gemini")
    alice.invites(other, "emil@example.com")
    alice.invites(alice.makes_project("Mercury"), "emil@example.com")
    assert open_ones(alice, other) == ["emil@example.com"]


def test_inviting_is_recorded_without_the_address(app: Flask, alice: Person, project: int) -> None:
    with recording(app) as told:
        made = alice.invites(project, EMAIL, "viewer")["invitation_id"]
    data = {"project_id": project, "invitation_id": made, "role": "viewer"}
    assert told == [Record("invitation.created", f"project:{project}", alice.id, data)]


def test_of_two_that_invite_an_address_at_once_one_does(
    app: Flask, alice: Person, bob: Person, project: int
) -> None:
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "owner"}))
    invite = lambda who: who.post(f"/projects/{project}/members", {"email": EMAIL})  # noqa: E731
    answers = at_once(app, *[(alice, invite), (bob, invite)] * 4)
    assert statuses(answers) == [201] + [409] * 7
    assert open_ones(alice, project) == [EMAIL]


# -- accepting ------------------------------------------------------------------------------------


def test_one_sees_the_own_invitations(dora: Person, project: int, invitation: int) -> None:
    (seen,) = ok(dora.get("/invitations"))["items"]
    assert (seen["id"], seen["project_id"], seen["project_name"]) == (invitation, project, "Apollo")


def test_nobody_sees_those_of_others(bob: Person, charlie: Person, invitation: int) -> None:
    assert mine(bob) + mine(charlie) == []


def test_registering_alone_lets_nobody_in(dora: Person, project: int) -> None:
    problem(dora.get(f"/projects/{project}"), 404)


def test_whoever_accepts_becomes_a_member(dora: Person, project: int, invitation: int) -> None:
    assert accepts(dora, invitation).json()["role"] == "viewer"
    assert ok(dora.get(f"/projects/{project}"))["role"] == "viewer"


def test_an_address_is_the_same_in_capitals(
    alice: Person, project: int, invitation: int, nobody: Person
) -> None:
    account = {"email": "Dora@Example.COM", "password": PASSWORD}
    nobody.token = ok(nobody.post("/auth/register", account))["access_token"]
    assert accepts(nobody, invitation).status_code == 201


def test_an_invitation_is_accepted_once(dora: Person, invitation: int) -> None:
    accepts(dora, invitation)
    problem(accepts(dora, invitation), 404)


def test_an_accepted_invitation_is_open_no_longer(
    alice: Person, dora: Person, project: int, invitation: int
) -> None:
    accepts(dora, invitation)
    assert (mine(dora), open_ones(alice, project)) == ([], [])


@pytest.mark.parametrize("name", ["alice", "charlie", "ada"])
@pytest.mark.parametrize("verb", ["accept", "decline"])
def test_nobody_answers_for_another(
    request: pytest.FixtureRequest, invitation: int, name: str, verb: str
) -> None:
    person: Person = request.getfixturevalue(name)
    problem(person.post(f"/invitations/{invitation}/{verb}"), 404)


def test_accepting_is_recorded_as_ones_own_doing(
    app: Flask, dora: Person, project: int, invitation: int
) -> None:
    with recording(app) as told:
        accepts(dora, invitation)
    data = {"project_id": project, "user_id": dora.id, "role": "viewer"}
    assert told == [Record("member.added", f"project:{project}", dora.id, data)]


def test_of_several_acceptances_at_once_one_counts(
    app: Flask, alice: Person, dora: Person, project: int, invitation: int
) -> None:
    with recording(app) as told:
        answers = at_once(app, *[(dora, lambda who: accepts(who, invitation))] * 6)
    assert statuses(answers) == [201] + [404] * 5
    assert [one.type for one in told] == ["member.added"]


# -- declining and taking back --------------------------------------------------------------------


def test_a_declined_invitation_is_gone(
    alice: Person, dora: Person, project: int, invitation: int
) -> None:
    assert dora.post(f"/invitations/{invitation}/decline").status_code == 204
    assert open_ones(alice, project) == []
    problem(accepts(dora, invitation), 404)


def test_declining_is_recorded(app: Flask, dora: Person, project: int, invitation: int) -> None:
    with recording(app) as told:
        dora.post(f"/invitations/{invitation}/decline")
    data = {"project_id": project, "invitation_id": invitation}
    assert told == [Record("invitation.declined", f"project:{project}", dora.id, data)]


def test_after_declining_one_may_be_added_again(
    alice: Person, dora: Person, project: int, invitation: int
) -> None:
    dora.post(f"/invitations/{invitation}/decline")
    assert alice.invites(project, EMAIL)["status"] == "member"


def test_an_invitation_taken_back_can_not_be_accepted(
    alice: Person, dora: Person, project: int, invitation: int
) -> None:
    path = f"/projects/{project}/invitations/{invitation}"
    assert alice.delete(path).status_code == 204
    problem(accepts(dora, invitation), 404)


def test_taking_back_is_recorded(app: Flask, alice: Person, project: int, invitation: int) -> None:
    with recording(app) as told:
        alice.delete(f"/projects/{project}/invitations/{invitation}")
    data = {"project_id": project, "invitation_id": invitation}
    assert told == [Record("invitation.revoked", f"project:{project}", alice.id, data)]


def test_an_invitation_of_another_project_can_not_be_taken_back(
    alice: Person, charlie: Person, project: int, invitation: int
) -> None:
    other = charlie.makes_project()
    problem(charlie.delete(f"/projects/{other}/invitations/{invitation}"), 404)
    assert open_ones(alice, project) == [EMAIL]


def test_of_accepting_and_taking_back_at_once_one_counts(
    app: Flask, alice: Person, dora: Person, project: int, invitation: int
) -> None:
    path = f"/projects/{project}/invitations/{invitation}"
    answers = at_once(
        app,
        (dora, lambda who: accepts(who, invitation)),
        (alice, lambda who: who.delete(path)),
    )
    inside = dora.get(f"/projects/{project}").status_code == 200
    assert [one.status_code for one in answers] == ([201, 404] if inside else [404, 204])


# -- what happened meanwhile ----------------------------------------------------------------------


@made_once
def bobs(alice: Person, bob: Person, project: int) -> int:
    """Return the id of an invitation as an owner that bob made when still one."""
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "owner"}))
    return bob.invites(project, "emil@example.com", "owner")["invitation_id"]


@pytest.fixture
def emil(nobody: Person, bobs: int) -> Person:
    """Return emil, whom bob has invited."""
    account = {"email": "emil@example.com", "password": PASSWORD}
    body = ok(nobody.post("/auth/register", account))
    return Person("emil", nobody.http, body["user"]["id"], body["access_token"])


@pytest.mark.parametrize("role", ["collaborator", "viewer"])
def test_an_invitation_of_who_has_been_demoted_is_409(
    alice: Person, bob: Person, project: int, bobs: int, emil: Person, role: str
) -> None:
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": role}))
    problem(accepts(emil, bobs), 409)


def test_an_invitation_of_who_has_been_removed_is_409(
    alice: Person, bob: Person, project: int, bobs: int, emil: Person
) -> None:
    alice.delete(f"/projects/{project}/members/{bob.id}")
    problem(accepts(emil, bobs), 409)


def test_an_invitation_of_who_has_been_disabled_is_409(
    ada: Person, bob: Person, bobs: int, emil: Person
) -> None:
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    problem(accepts(emil, bobs), 409)


def test_an_invitation_of_who_is_admin_no_longer_is_409(
    ada: Person, alice: Person, project: int, dora: Person
) -> None:
    made = ada.invites(project, "emil@example.com")["invitation_id"]
    body = ok(dora.post("/auth/register", {"email": "emil@example.com", "password": PASSWORD}))
    ok(ada.patch(f"/users/{alice.id}", {"role": "admin"}))
    ok(alice.patch(f"/users/{ada.id}", {"role": "user"}))
    dora.token = body["access_token"]
    problem(accepts(dora, made), 409)


def test_an_invitation_that_could_not_be_accepted_lets_nobody_in(
    alice: Person, bob: Person, project: int, bobs: int, emil: Person
) -> None:
    alice.delete(f"/projects/{project}/members/{bob.id}")
    accepts(emil, bobs)
    problem(emil.get(f"/projects/{project}"), 404)


def test_an_invitation_counts_again_with_its_inviters_role(
    alice: Person, bob: Person, project: int, bobs: int, emil: Person
) -> None:
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    accepts(emil, bobs)
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "owner"}))
    assert accepts(emil, bobs).status_code == 201


def test_whoever_is_added_meanwhile_needs_no_invitation(
    alice: Person, dora: Person, project: int, invitation: int
) -> None:
    alice.invites(project, EMAIL, "collaborator")
    assert (mine(dora), open_ones(alice, project)) == ([], [])


def test_an_old_invitation_does_not_let_a_removed_member_back_in(
    alice: Person, dora: Person, project: int, invitation: int
) -> None:
    alice.invites(project, EMAIL, "collaborator")
    alice.delete(f"/projects/{project}/members/{dora.id}")
    problem(accepts(dora, invitation), 404)
    problem(dora.get(f"/projects/{project}"), 404)
