"""One mailbox is one account: registering, logging in, inviting and blocking by any spelling."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from flask import Flask
from sqlalchemy import text

from collab.core.security import argon2id
from collab.core.slots import setting
from collab.core.text.opaque import prepared
from collab.extensions import db

from ..conftest import http_for
from ..support.made_once import made_once
from ..support.people import PASSWORD, Person, ok
from ..support.problems import pointers, problem

SPELLINGS = ["jose\u0301@mu\u0308nchen.de", "JOSÉ@xn--mnchen-3ya.de.", " josé@münchen.de "]
ADDRESS = "josé@münchen.de"


def registers(nobody: Person, email: str, password: str = PASSWORD) -> httpx.Response:
    return nobody.post("/auth/register", {"email": email, "password": password})


def logs_in(nobody: Person, email: str, password: str = PASSWORD) -> httpx.Response:
    return nobody.post("/auth/login", {"email": email, "password": password})


@made_once
def registered(http: httpx.Client) -> tuple[int, str]:
    """Return the id and the token of who registered by another spelling than the one kept."""
    made = ok(registers(Person("nobody", http), SPELLINGS[0]))
    assert made["user"]["email"] == ADDRESS
    return made["user"]["id"], made["access_token"]


@pytest.fixture
def jose(registered: tuple[int, str], http: httpx.Client) -> Person:
    """Return them."""
    return Person("jose", http, *registered)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_makes_a_second_account(nobody: Person, jose: Person, spelling: str) -> None:
    problem(registers(nobody, spelling), 409)


@pytest.mark.parametrize("spelling", [*SPELLINGS, ADDRESS, f"\t{ADDRESS}\n"])
def test_every_spelling_logs_in(nobody: Person, jose: Person, spelling: str) -> None:
    assert ok(logs_in(nobody, spelling))["user"]["id"] == jose.id


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_invites_the_account(
    alice: Person, jose: Person, project: int, spelling: str
) -> None:
    added = ok(alice.post(f"/projects/{project}/members", {"email": spelling}))
    assert (added["status"], added["user_id"]) == ("member", jose.id)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_invitation_waits_for_the_mailbox(
    nobody: Person, alice: Person, project: int, spelling: str
) -> None:
    ok(alice.post(f"/projects/{project}/members", {"email": spelling}))
    problem(alice.post(f"/projects/{project}/members", {"email": ADDRESS}), 409)
    made = ok(registers(nobody, SPELLINGS[1]))
    person = Person("jose", nobody.http, made["user"]["id"], made["access_token"])
    assert len(ok(person.get("/invitations"))["items"]) == 1


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_block_holds_for_every_spelling(
    alice: Person, jose: Person, project: int, spelling: str
) -> None:
    ok(jose.put(f"/auth/me/blocks/{alice.id}"))
    added = ok(alice.post(f"/projects/{project}/members", {"email": spelling}))
    assert added["status"] == "invited"
    assert ok(jose.get("/invitations"))["items"] == []


def test_guesses_count_by_the_account_however_it_is_spelled(
    make_app: Callable[..., Flask], nobody: Person
) -> None:
    with http_for(make_app(AUTH_RATE_LIMIT="3 per 15 minutes")) as http:
        person = nobody.at(http)
        ok(registers(person, ADDRESS))
        guesses = [logs_in(person, one, "a wrong password").status_code for one in SPELLINGS]
        assert guesses == [401, 401, 401]
        problem(logs_in(person, ADDRESS, "a wrong password"), 429)


@pytest.mark.parametrize("email", ["alice\u200b@example.com", "a@b..com", "\u202ea@example.com"])
def test_what_nobody_can_see_is_no_address(nobody: Person, email: str) -> None:
    assert pointers(registers(nobody, email)) == ["#/email"]
    problem(logs_in(nobody, email), 401)


# -- accounts from before -------------------------------------------------------------------------


def test_who_was_there_before_keeps_their_spelling(
    app: Flask, nobody: Person, jose: Person, bob: Person
) -> None:
    """Of two accounts of one mailbox each logs in by the spelling that it was made with."""
    with app.app_context():
        statement = text("UPDATE users SET email = :email WHERE id = :id")
        db.session.execute(statement, {"email": SPELLINGS[0], "id": bob.id})
        db.session.commit()
    assert ok(logs_in(nobody, SPELLINGS[0]))["user"]["id"] == bob.id
    assert ok(logs_in(nobody, ADDRESS))["user"]["id"] == jose.id
    assert ok(logs_in(nobody, SPELLINGS[1]))["user"]["id"] == jose.id
    problem(registers(nobody, SPELLINGS[0]), 409)


# -- passwords ------------------------------------------------------------------------------------

COMPOSED, DECOMPOSED = "p\u00e4ssw\u00f6rd\u00a0 99", "pa\u0308sswo\u0308rd\u3000 99"


def test_a_password_is_one_on_every_keyboard(nobody: Person) -> None:
    ok(registers(nobody, ADDRESS, COMPOSED))
    for typed in (DECOMPOSED, COMPOSED, prepared(COMPOSED)):
        ok(logs_in(nobody, ADDRESS, typed))
    for other in (COMPOSED.upper(), COMPOSED.replace("9", "\uff19"), COMPOSED + " "):
        problem(logs_in(nobody, ADDRESS, other), 401)


def test_a_hash_from_before_is_good_and_is_made_anew(app: Flask, nobody: Person) -> None:
    ok(registers(nobody, ADDRESS))
    with app.app_context():
        kept = argon2id.make(DECOMPOSED, setting("PASSWORD_HASH_MB"))
        statement = text("UPDATE users SET password_hash = :kept WHERE email = :email")
        db.session.execute(statement, {"kept": kept, "email": ADDRESS})
        db.session.commit()
    problem(logs_in(nobody, ADDRESS, COMPOSED), 401)
    ok(logs_in(nobody, ADDRESS, DECOMPOSED))
    ok(logs_in(nobody, ADDRESS, COMPOSED))
    ok(logs_in(nobody, ADDRESS, DECOMPOSED))


def test_a_new_password_is_set_and_taken_in_any_composition(nobody: Person, alice: Person) -> None:
    change = {"current_password": PASSWORD, "new_password": DECOMPOSED}
    ok(alice.post("/auth/password", change))
    ok(logs_in(nobody, alice.email, COMPOSED))
    ok(alice.post("/auth/password", {"current_password": COMPOSED, "new_password": PASSWORD}))


@pytest.mark.parametrize("password", ["pass\x07word9", "pass\tword 9", "pass\uffffword9"])
def test_what_no_keyboard_sends_is_refused(nobody: Person, password: str) -> None:
    assert pointers(registers(nobody, ADDRESS, password)) == ["#/password"]


def test_the_length_is_that_of_what_is_compared(nobody: Person) -> None:
    assert pointers(registers(nobody, ADDRESS, "a\u0308" * 4)) == ["#/password"]


def test_emoji_are_taken_as_phones_send_them(nobody: Person) -> None:
    ok(registers(nobody, ADDRESS, "👩\u200d🚀❤\ufe0f moon"))
    ok(logs_in(nobody, ADDRESS, "👩\u200d🚀❤\ufe0f\u00a0moon"))
