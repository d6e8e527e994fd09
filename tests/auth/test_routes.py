"""The routes of accounts: from where a request came, the statuses, and matching under the lock."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Connection, update

from collab.auth.factors.models import Passkey
from collab.auth.models import User
from collab.auth.routes import client
from collab.auth.sessions import Client
from collab.core.database import on_lock
from collab.extensions import db

from ..conftest import http_for
from ..support.authenticator import Authenticator
from ..support.factors import App
from ..support.people import PASSWORD, Person, ok
from ..support.problems import problem


def test_where_a_request_came_from_is_told_by_its_line_its_agent_and_its_host(app: Flask) -> None:
    line = {"REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": "a browser"}
    with app.test_request_context("/", base_url="http://collab.test", environ_overrides=line):
        assert client() == Client("192.0.2.7", "a browser", "collab.test")
    with app.test_request_context("/", environ_overrides={"REMOTE_ADDR": None}):
        assert (client().address, client().user_agent) == ("", "")


def test_what_makes_something_is_201_and_what_ends_something_204(alice: Person) -> None:
    key = ok(alice.logs_in().get("/auth/verify"))["session_id"]
    made = alice.post("/auth/ticket")
    assert (made.status_code, made.json().keys()) == (201, {"ticket", "expires_at"})
    assert alice.get("/auth/demo").status_code == 200
    assert alice.delete(f"/auth/sessions/{key}").status_code == 204
    assert alice.post("/auth/logout").status_code == 204
    assert alice.logs_in().post("/auth/logout-all").status_code == 204


def test_what_second_factors_show_is_never_stored_and_201_where_it_is_new(alice: Person) -> None:
    shown = {"password": PASSWORD}
    begun = alice.post("/auth/totp", shown)
    secret = App(begun.json()["secret"])
    confirmed = alice.post("/auth/totp/confirm", {"code": secret.code(0)})
    renewed = alice.post("/auth/recovery-codes", {"code": secret.code()})
    options = alice.post("/auth/passkeys/options", shown)
    credential = Authenticator().create(options.json()["options"])
    added = alice.post("/auth/passkeys", {"name": "Laptop", "credential": credential})
    script = {"name": "Script", "scopes": ["projects:read"]}
    token = alice.post("/auth/tokens", shown | script)
    answers = [begun, confirmed, renewed, options, added, token]
    assert [one.status_code for one in answers] == [201, 200, 201, 200, 201, 201]
    assert {one.headers["Cache-Control"] for one in answers} == {"no-store"}
    asked = alice.post("/auth/login/passkey/options")
    assert (asked.status_code, asked.headers["Cache-Control"]) == (200, "no-store")
    assert [one["name"] for one in ok(alice.get("/auth/tokens"))["items"]] == ["Script"]


def test_a_second_step_wants_a_code_or_a_passkey_and_not_both(nobody: Person) -> None:
    for shown in ({}, {"code": "123456", "passkey": {"id": "x"}}):
        answer = nobody.post("/auth/login/second-factor", {"proof": "made up"} | shown)
        wanted = [{"pointer": "#/code", "detail": "Send a code or a passkey."}]
        assert problem(answer, 422)["errors"] == wanted


def test_a_passkey_signs_in_with_a_cookie_where_that_is_asked_for(
    alice: Person, nobody: Person
) -> None:
    device = Authenticator()
    device.is_added_by(alice)
    options = ok(nobody.post("/auth/login/passkey/options"))["options"]
    signed = {"credential": device.get(options), "cookie": True}
    answer = nobody.post("/auth/login/passkey", signed)
    assert (answer.status_code, "refresh_token" in answer.json()) == (200, False)
    assert answer.headers["Set-Cookie"].startswith("refresh_token=")


def test_a_token_is_told_whose_it_is_and_in_which_role(alice: Person, ada: Person) -> None:
    for who, role in ((alice, "user"), (ada, "admin")):
        found = ok(who.get("/auth/verify"))
        assert (found["user_id"], found["role"]) == (who.id, role)


def test_what_an_admin_is_shown_of_an_account_has_a_tag_of_its_own(ada: Person) -> None:
    mine, seen = ada.get("/auth/me"), ada.get(f"/users/{ada.id}")
    assert mine.headers["ETag"] != seen.headers["ETag"]
    matched = {"If-Match": seen.headers["ETag"]}
    changed = ada.patch(f"/users/{ada.id}", {}, headers=matched)
    assert (changed.status_code, changed.headers["ETag"]) == (200, seen.headers["ETag"])


@pytest.fixture
def passkey(alice: Person) -> int:
    key: int = Authenticator().is_added_by(alice)["passkey"]["id"]
    return key


@pytest.mark.parametrize("thing", ["/auth/me", "/users/{user}", "/auth/passkeys/{passkey}"])
def test_whether_somebody_has_changed_it_meanwhile_is_looked_up_under_the_lock(
    make_app: Callable[..., Flask], alice: Person, ada: Person, passkey: int, thing: str
) -> None:
    def overtakes(connection: Connection) -> None:
        for model in (User, Passkey):
            connection.execute(update(model).values(version=model.version + 1))

    place = thing.format(user=alice.id, passkey=passkey)
    who = ada if thing.startswith("/users") else alice
    seen = who.get(place).headers["ETag"]
    app = make_app()
    on_lock(app, overtakes)
    with http_for(app) as http:
        change = {"role": "admin"} if who is ada else {"name": "Another"}
        problem(who.at(http).patch(place, change, headers={"If-Match": seen}), 412)
    with app.app_context():
        assert db.session.get_one(User, alice.id).role == "user"
