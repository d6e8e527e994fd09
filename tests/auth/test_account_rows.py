"""Accounts by their rows: registering, logging in, changing the password and the name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, delete, select

from collab.auth import guard, passwords, service, sessions
from collab.auth.attempts import TooManyAccounts, TooManyAttempts
from collab.auth.models import KnownNetwork, Session, User
from collab.auth.service import FIRST_ACCOUNT, EmailTaken, PasswordThere
from collab.auth.sessions import Client, Disabled, SignedIn
from collab.auth.signing_in.completing import SecondFactorRequired
from collab.auth.signing_in.freshness import NotFresh
from collab.auth.signing_in.proving import WrongCredentials
from collab.auth.tokens import read_access_token
from collab.core.caller import Caller
from collab.core.database import TURNS, on_lock
from collab.core.errors import Unprocessable
from collab.core.models import utcnow
from collab.core.slots import setting
from collab.events.models import EventRow
from collab.extensions import db

from ..support.people import PASSWORD, Person

pytestmark = pytest.mark.usefixtures("inside")

HERE = Client("192.0.2.7", "a browser", "collab.test")
THERE = Client("198.51.100.7", "another browser", "collab.test")
NEW = "another good one"
DORA = "dora@example.com"


@pytest.fixture
def caller(alice: Person) -> Caller:
    return guard.from_token(alice.token)


def told(*kinds: str) -> list[tuple[str, int | None, dict[str, Any]]]:
    """Return the newest events of some types, the oldest first."""
    query = select(EventRow).where(EventRow.type.in_(kinds)).order_by(EventRow.id)
    return [(row.type, row.actor, row.data) for row in db.session.scalars(query)]


def register(email: str = DORA, name: str | None = "Dora", client: Client = HERE) -> SignedIn:
    return service.register(email, PASSWORD, name, client)


def row(user_id: int) -> User:
    """Return an account as it is kept, whatever becomes of the request."""
    db.session.rollback()
    return db.session.get_one(User, user_id, populate_existing=True)


# -- registering ----------------------------------------------------------------------------------


def test_who_registers_has_an_account_and_is_signed_in() -> None:
    made = register("Dora@Example.com")
    found = row(made.user.id)
    assert (found.email, found.name, found.role) == (DORA, "Dora", "user")
    assert passwords.check_password(PASSWORD, found.password_hash)
    assert made.notice is None
    key = read_access_token(made.access_token).session_id
    assert db.session.get_one(Session, key).user_id == found.id
    *_, registered, started = told("account.registered", "session.started")
    account = {"user_id": found.id, "role": "user"}
    assert registered == ("account.registered", found.id, account)
    assert started[2]["by"] == "registration"


def test_without_a_name_it_is_what_stands_before_the_at_as_long_as_names_are() -> None:
    local = "d" * 101
    assert service.new_account(f"{local}@example.com", "", None).name == local[:100]
    assert service.new_account("dora@at.example.com", "", "").name == "dora"


def test_the_first_account_is_the_admins_and_is_told_so() -> None:
    db.session.execute(delete(User))
    first = register()
    assert (row(first.user.id).role, first.notice) == ("admin", FIRST_ACCOUNT)
    assert told("account.registered")[-1][2]["role"] == "admin"


def test_an_address_that_is_taken_is_refused_and_nothing_is_left_open(alice: Person) -> None:
    with pytest.raises(EmailTaken):
        register(alice.email.upper())
    assert not TURNS.here().taken


def test_of_two_who_register_an_address_at_once_one_is_told_that_it_is_taken(
    make_app: Callable[..., Flask], user: User
) -> None:
    app = make_app()

    def overtakes(connection: Connection) -> None:
        connection.execute(User.__table__.update().values(email=DORA).where(User.id == user.id))

    on_lock(app, overtakes)
    with app.app_context(), pytest.raises(EmailTaken):
        register()


def test_a_weak_password_is_named_before_anything_is_counted(app: Flask) -> None:
    app.config["REGISTER_RATE_LIMIT"] = "1 per hour"
    with pytest.raises(Unprocessable) as refusal:
        service.register("Dora@example.com", DORA, None, HERE)
    assert refusal.value.errors == [
        {"pointer": "#/password", "detail": "This password is your e-mail address."}
    ]
    assert register()


def test_one_network_makes_so_many_accounts(app: Flask) -> None:
    app.config["REGISTER_RATE_LIMIT"] = "1 per hour"
    register()
    with pytest.raises(TooManyAccounts):
        register("emil@example.com")
    assert register("emil@example.com", client=THERE)


def test_asking_who_has_an_account_is_counted_by_network_and_address(
    app: Flask, alice: Person
) -> None:
    app.config["AUTH_RATE_LIMIT"] = "1 per 15 minutes"
    register()  # who did not ask in vain, is not counted
    for email in (DORA, alice.email):
        with pytest.raises(EmailTaken):
            register(email)
        with pytest.raises(TooManyAttempts):
            register(email)
    for number in range(4):  # no password is guessed: nobody has to wait for others' asking
        with pytest.raises(EmailTaken):
            register(client=replace(THERE, address=f"203.0.113.{number}"))


# -- logging in -----------------------------------------------------------------------------------


def test_a_log_in_takes_any_spelling_of_the_address(alice: Person) -> None:
    made = service.log_in("ALICE@example.com", PASSWORD, HERE)
    assert made.user.id == alice.id
    assert told("session.started")[-1][2]["by"] == "password"


def test_what_was_refused_is_in_the_audit_by_its_address(app: Flask, user: User) -> None:
    app.config["AUTH_RATE_LIMIT"] = "1 per 15 minutes"
    for refusal in (WrongCredentials, TooManyAttempts):
        with pytest.raises(refusal):
            service.log_in("Alice@example.com", "wrong", HERE)
    assert [data["email"] for _, _, data in told("login.refused")] == ["alice@example.com"] * 2


@pytest.mark.usefixtures("device")
def test_a_second_factor_that_is_asked_for_is_no_refusal(user: User) -> None:
    with pytest.raises(SecondFactorRequired):
        service.log_in(user.email, PASSWORD, HERE)
    assert told("login.refused") == []


def test_that_an_account_is_disabled_is_told_with_the_right_password_alone(user: User) -> None:
    user.disabled_at = utcnow()
    db.session.commit()
    for password, refusal in ((PASSWORD, Disabled), ("wrong", WrongCredentials)):
        with pytest.raises(refusal):
            service.log_in(user.email, password, HERE)


# -- the password ---------------------------------------------------------------------------------


@pytest.fixture
def others(user: User) -> list[int]:
    """Let alice be signed in at two more places; returns the sessions."""
    made = [sessions.start(user, one) for one in (HERE, THERE)]
    db.session.commit()
    return [read_access_token(one.access_token).session_id for one in made]


def assert_changed(caller: Caller, others: list[int]) -> None:
    """Assert that NEW is the password, and that only the caller's own session and network stay."""
    assert passwords.check_password(NEW, row(caller.user_id).password_hash)
    assert [db.session.get_one(Session, one).revoked_at is None for one in others] == [False] * 2
    assert db.session.get_one(Session, caller.session_id).revoked_at is None
    query = select(KnownNetwork.network).where(KnownNetwork.user_id == caller.user_id)
    assert db.session.scalars(query).all() == [HERE.network]
    *ended, changed = told("session.revoked", "account.password_changed")
    assert {data["reason"] for _, _, data in ended} == {"password changed"}
    assert changed == ("account.password_changed", caller.user_id, {"user_id": caller.user_id})


def test_a_new_password_ends_all_that_the_old_one_let_in(caller: Caller, others: list[int]) -> None:
    service.change_password(caller, PASSWORD, NEW, HERE)
    assert_changed(caller, others)


def test_the_first_password_ends_all_that_was_let_in_without_one(
    caller: Caller, user: User, others: list[int]
) -> None:
    user.password_hash = ""
    db.session.commit()
    service.set_first_password(caller, NEW, HERE)
    assert_changed(caller, others)


def test_the_first_password_is_set_by_who_has_just_signed_in(caller: Caller, user: User) -> None:
    user.password_hash = ""
    mine = db.session.get_one(Session, caller.session_id)
    mine.created_at -= timedelta(minutes=setting("FRESH_LOGIN_MINUTES"))
    db.session.commit()
    with pytest.raises(NotFresh):
        service.set_first_password(caller, NEW, HERE)


def test_that_there_is_a_password_already_is_looked_up_under_the_lock(
    caller: Caller, user: User
) -> None:
    user.password_hash = ""
    db.session.commit()
    kept = User.__table__.update().values(password_hash="another")
    db.session.connection().execute(kept)
    db.session.commit()
    assert db.session.get_one(User, user.id) is user
    with pytest.raises(PasswordThere):
        service.set_first_password(caller, NEW, HERE)
    assert TURNS.here().taken


@pytest.mark.parametrize("kind", ["changed", "first"])
def test_of_a_new_password_that_is_weak_its_field_is_named(kind: str, caller: Caller) -> None:
    change = partial(service.change_password, caller, PASSWORD)
    sets = partial(service.set_first_password, caller) if kind == "first" else change
    with pytest.raises(Unprocessable) as refusal:
        sets(caller.email, HERE)
    assert refusal.value.errors == [
        {"pointer": "#/new_password", "detail": "This password is your e-mail address."}
    ]


# -- the name -------------------------------------------------------------------------------------


def test_a_new_name_is_kept_and_told(user: User) -> None:
    assert service.update_me(user, {"name": "Alison"}) is user
    assert row(user.id).name == "Alison"
    account = {"user_id": user.id, "name": "Alison"}
    assert told("account.updated") == [("account.updated", user.id, account)]


@pytest.mark.parametrize("changes", [{}, {"name": "Alice"}])
def test_what_changes_nothing_is_not_told(changes: dict[str, str], user: User) -> None:
    service.update_me(user, changes)
    assert row(user.id).name == "Alice"
    assert told("account.updated") == []
