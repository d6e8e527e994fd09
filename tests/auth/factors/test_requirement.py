"""Where a second factor must be, people see to their account alone until they have one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ...support.authenticator import Authenticator
from ...support.factors import enrols
from ...support.people import PASSWORD, Person, ok
from ...support.sockets import Socket

LACKING = (403, "/problems/second-factor-missing")


@pytest.fixture
def strict(app: Flask) -> Flask:
    app.config["REQUIRE_SECOND_FACTOR"] = "all"
    return app


def answer(person: Person, path: str = "/tasks") -> tuple[int, str | None]:
    found = person.get(path)
    return found.status_code, None if found.status_code == 200 else found.json()["type"]


@pytest.mark.usefixtures("strict")
def test_who_has_none_sees_to_their_account_alone(bob: Person) -> None:
    for path in ("/tasks", "/projects", "/events?topic=posts", "/jobs", "/search?q=x"):
        assert answer(bob, path) == LACKING, path
    assert bob.post("/tasks", {"title": "x"}).status_code == 403
    for path in ("/auth/me", "/auth/sessions", "/auth/second-factor", "/auth/passkeys"):
        assert bob.get(path).status_code == 200, path
    assert bob.post("/auth/logout").status_code == 204


@pytest.mark.usefixtures("strict")
def test_an_app_opens_the_rest_to_the_same_session(bob: Person) -> None:
    assert answer(bob) == LACKING
    enrols(bob)
    assert answer(bob) == (200, None)
    ok(bob.post("/tasks", {"title": "x"}))


@pytest.mark.usefixtures("strict")
def test_a_passkey_does_too_and_an_app_that_is_not_confirmed_does_not(bob: Person) -> None:
    ok(bob.post("/auth/totp", {"password": PASSWORD}))
    assert answer(bob) == LACKING
    Authenticator().is_added_by(bob)
    assert answer(bob) == (200, None)


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("by_admin", [False, True], ids=["by themselves", "by an admin"])
def test_without_it_again_they_are_kept_out_at_once(
    ada: Person, bob: Person, by_admin: bool
) -> None:
    enrols(ada)
    enrols(bob)
    assert answer(bob) == answer(bob) == (200, None)  # remembered by now
    if by_admin:
        ok(ada.post(f"/users/{bob.id}/second-factor/reset"))
    else:
        assert bob.post("/auth/totp/disable", {"password": PASSWORD}).status_code == 204
    assert answer(bob) == LACKING


@pytest.mark.usefixtures("strict")
def test_a_last_passkey_that_is_removed_is_missed_at_once(bob: Person) -> None:
    Authenticator().is_added_by(bob)
    (key,) = ok(bob.get("/auth/passkeys"))["items"]
    assert answer(bob) == answer(bob) == (200, None)
    gone = bob.post(f"/auth/passkeys/{key['id']}/remove", {"password": PASSWORD})
    assert gone.status_code == 204, gone.text
    assert answer(bob) == LACKING


def test_scripts_of_who_has_none_are_kept_out(app: Flask, bob: Person) -> None:
    script = bob.comes_with(bob.makes_token("tasks:read")["token"])
    app.config["REQUIRE_SECOND_FACTOR"] = "all"
    assert answer(script) == LACKING
    enrols(bob)
    assert answer(script) == answer(script) == (200, None)  # remembered by now
    assert bob.post("/auth/totp/disable", {"password": PASSWORD}).status_code == 204
    assert answer(script) == LACKING


def test_no_socket_lets_them_in(strict: Flask, server: Any, over: Any, bob: Person) -> None:
    with Socket(server.url, token=bob.token) as refused:
        assert refused.wait_closed().code == 4403
    enrols(over(server, bob))
    with Socket(server.url, token=bob.token) as socket:
        assert socket.ask("ping")["type"] == "pong"


def test_of_admins_alone_it_may_be_asked(app: Flask, ada: Person, bob: Person) -> None:
    app.config["REQUIRE_SECOND_FACTOR"] = "admins"
    assert (answer(ada), answer(ada, "/users"), answer(bob)) == (LACKING, LACKING, (200, None))
    enrols(ada)
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    assert (answer(ada, "/users")[0], answer(bob)) == (200, LACKING)


def test_ordinarily_nobody_has_to(bob: Person) -> None:
    assert answer(bob) == (200, None)
