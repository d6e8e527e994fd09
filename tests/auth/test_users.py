"""What admins do with accounts: find, disable and enable them, change their role."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ..support.people import PASSWORD, Person, ok
from ..support.problems import pointers, problem
from ..support.races import at_once, statuses
from ..support.records import Record, recording


def names(person: Person, **query: Any) -> list[str]:
    return [one["name"] for one in ok(person.get("/users", params=query))["items"]]


def disable(admin: Person, person: Person, disabled: bool = True) -> Any:
    return ok(admin.patch(f"/users/{person.id}", {"disabled": disabled}))


def logs_in(person: Person) -> Any:
    return person.post("/auth/login", {"email": person.email, "password": PASSWORD})


# -- finding --------------------------------------------------------------------------------------


def test_an_admin_lists_all_accounts(ada: Person) -> None:
    assert names(ada) == ["Ada", "Alice", "Bob", "Charlie", "Vera"]


def test_an_account_shows_no_password(ada: Person) -> None:
    (first, *_) = ok(ada.get("/users"))["items"]
    assert first.keys() == {
        "id",
        "email",
        "email_verified",
        "name",
        "role",
        "disabled",
        "created_at",
        "updated_at",
    }


EVERYBODY = ["Ada", "Alice", "Bob", "Charlie", "Vera"]
FOUND = {"LIC": ["Alice"], "bob@": ["Bob"], "a": EVERYBODY, "%": [], "_": [], "nobody": []}


@pytest.mark.parametrize(("q", "found"), FOUND.items())
def test_accounts_are_found_by_name_and_address(ada: Person, q: str, found: list[str]) -> None:
    assert names(ada, q=q) == found


def test_a_name_is_found_in_any_case_of_any_script(ada: Person, alice: Person) -> None:
    ok(alice.patch("/auth/me", {"name": "Ålice"}))
    assert names(ada, q="åLICE") == ["Ålice"]


@pytest.mark.parametrize(("role", "found"), [("admin", ["Ada"]), ("user", ["Alice"])])
def test_accounts_are_filtered_by_role(ada: Person, role: str, found: list[str]) -> None:
    assert names(ada, role=role, limit=1) == found


@pytest.mark.parametrize(("disabled", "found"), [("true", ["Bob"]), ("false", ["Ada"])])
def test_accounts_are_filtered_by_being_disabled(
    ada: Person, bob: Person, disabled: str, found: list[str]
) -> None:
    disable(ada, bob)
    assert names(ada, disabled=disabled, limit=1) == found


def test_accounts_are_sorted_by_address(ada: Person) -> None:
    assert names(ada, sort="-email") == ["Vera", "Charlie", "Bob", "Alice", "Ada"]


def test_an_account_that_is_not_there_is_404(ada: Person) -> None:
    problem(ada.get("/users/77"), 404)


# -- disabling ------------------------------------------------------------------------------------


def test_a_disabled_account_says_so(ada: Person, bob: Person) -> None:
    assert disable(ada, bob)["disabled"] is True
    assert ok(ada.get(f"/users/{bob.id}"))["disabled"] is True


def test_a_disabled_persons_token_ends_at_once(ada: Person, bob: Person) -> None:
    disable(ada, bob)
    problem(bob.get("/auth/me"), 401)


def test_a_disabled_person_can_not_refresh(ada: Person, bob: Person) -> None:
    disable(ada, bob)
    problem(bob.post("/auth/refresh", {"refresh_token": bob.refresh_token}), 401)


def test_a_disabled_person_can_not_log_in(ada: Person, bob: Person) -> None:
    disable(ada, bob)
    problem(logs_in(bob), 401)


def test_a_disabled_person_is_told_why_with_the_right_password_only(
    ada: Person, bob: Person
) -> None:
    disable(ada, bob)
    wrong = bob.post("/auth/login", {"email": bob.email, "password": "a wrong password"})
    assert "disabled" in logs_in(bob).json()["detail"]
    assert "disabled" not in wrong.json()["detail"]


def test_a_disabled_persons_ticket_is_no_good(ada: Person, bob: Person) -> None:
    ticket = ok(bob.post("/auth/ticket"))["ticket"]
    disable(ada, bob)
    bob.token = ""
    problem(bob.get(f"/events/stream?ticket={ticket}"), 401)


def test_an_enabled_person_can_log_in_again(ada: Person, bob: Person) -> None:
    disable(ada, bob)
    disable(ada, bob, disabled=False)
    assert logs_in(bob).status_code == 200


def test_enabling_does_not_bring_old_sessions_back(ada: Person, bob: Person) -> None:
    disable(ada, bob)
    disable(ada, bob, disabled=False)
    problem(bob.get("/auth/me"), 401)


def test_a_disabled_person_stays_a_member(ada: Person, alice: Person, project: int) -> None:
    disable(ada, alice)
    assert len(ok(ada.get(f"/projects/{project}/members"))["items"]) == 3


def test_disabling_is_recorded_with_the_sessions_that_end(
    app: Flask, ada: Person, bob: Person
) -> None:
    with recording(app) as told:
        disable(ada, bob)
    assert [(one.type, one.topic) for one in told] == [
        ("session.revoked", f"user:{bob.id}"),
        ("account.disabled", f"user:{bob.id}"),
    ]


def test_enabling_is_recorded(app: Flask, ada: Person, bob: Person) -> None:
    disable(ada, bob)
    with recording(app) as told:
        disable(ada, bob, disabled=False)
    assert told == [Record("account.enabled", f"user:{bob.id}", ada.id, {"user_id": bob.id})]


@pytest.mark.parametrize("change", [{}, {"disabled": False}, {"role": "user"}])
def test_a_change_of_nothing_is_not_recorded(
    app: Flask, ada: Person, bob: Person, change: dict[str, Any]
) -> None:
    with recording(app) as told:
        ok(ada.patch(f"/users/{bob.id}", change))
    assert told == []


@pytest.mark.parametrize("value", ["true", 1, 0, None, "yes", []])
def test_what_is_neither_true_nor_false_is_422(ada: Person, bob: Person, value: Any) -> None:
    assert pointers(ada.patch(f"/users/{bob.id}", {"disabled": value})) == ["#/disabled"]


# -- roles ----------------------------------------------------------------------------------------


def test_a_new_admin_is_one_at_once(ada: Person, bob: Person) -> None:
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    assert bob.get("/users").status_code == 200


def test_who_is_admin_no_longer_is_none_at_once(ada: Person, bob: Person) -> None:
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    ok(ada.patch(f"/users/{bob.id}", {"role": "user"}))
    problem(bob.get("/users"), 403)


def test_a_new_role_is_recorded(app: Flask, ada: Person, bob: Person) -> None:
    with recording(app) as told:
        ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    data = {"user_id": bob.id, "role": "admin"}
    assert told == [Record("account.role_changed", f"user:{bob.id}", ada.id, data)]


@pytest.mark.parametrize("role", ["owner", "", None, "ADMIN"])
def test_a_role_that_does_not_exist_is_422(ada: Person, bob: Person, role: Any) -> None:
    assert pointers(ada.patch(f"/users/{bob.id}", {"role": role})) == ["#/role"]


@pytest.mark.parametrize("change", [{"role": "admin"}, {"disabled": True}])
def test_who_is_no_admin_changes_nothing(
    app: Flask, bob: Person, vera: Person, change: dict[str, Any]
) -> None:
    with recording(app) as told:
        problem(bob.patch(f"/users/{bob.id}", change), 403)
        problem(bob.patch(f"/users/{vera.id}", change), 403)
    assert told == []


@pytest.mark.parametrize("change", [{"role": "admin"}, {"email": "x@example.com"}])
def test_nobody_changes_more_than_the_name_of_the_own_account(
    bob: Person, change: dict[str, str]
) -> None:
    problem(bob.patch("/auth/me", change), 422)


# -- the last admin -------------------------------------------------------------------------------

FALLS = [{"role": "user"}, {"disabled": True}, {"role": "user", "disabled": True}]


@pytest.mark.parametrize("fall", FALLS)
def test_an_admin_does_not_shut_themself_out(
    ada: Person, bob: Person, fall: dict[str, Any]
) -> None:
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    told = problem(ada.patch(f"/users/{ada.id}", fall), 409)
    assert "another admin" in told["detail"]
    assert ada.get("/users").status_code == 200


@pytest.mark.parametrize("fall", FALLS)
def test_another_admin_ends_an_admin(ada: Person, bob: Person, fall: dict[str, Any]) -> None:
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    ok(bob.patch(f"/users/{ada.id}", fall))
    assert names(bob, role="admin", disabled="false") == ["Bob"]


@pytest.mark.parametrize("fall", FALLS[:2])
@pytest.mark.parametrize("round_", range(3))
def test_of_two_admins_who_end_each_other_one_stays(
    app: Flask, ada: Person, bob: Person, fall: dict[str, Any], round_: int
) -> None:
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    answers = at_once(
        app,
        (ada, lambda who: who.patch(f"/users/{bob.id}", fall)),
        (bob, lambda who: who.patch(f"/users/{ada.id}", fall)),
    )
    assert statuses(answers)[0] == 200
    left = [one for one in (ada, bob) if one.get("/users").status_code == 200]
    assert len(left) == 1
