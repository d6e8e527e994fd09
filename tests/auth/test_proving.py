"""Showing whose account it is: by the password, by a second factor, by having just signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from flask import Flask
from sqlalchemy import Connection, select

from collab.auth import guard, passwords, sessions
from collab.auth.attempts import SPRAY_FACTOR, TooManyAttempts, attempts
from collab.auth.factors import proofs, recovery
from collab.auth.factors.guesses import WrongCode
from collab.auth.factors.models import Totp
from collab.auth.factors.proofs import ProofRefused, Purpose
from collab.auth.models import Session, User
from collab.auth.passwords import Match
from collab.auth.sessions import Client, Disabled
from collab.auth.signing_in import completing, confirming, freshness, proving, second_step
from collab.auth.signing_in.completing import SecondFactorRequired, Way
from collab.auth.signing_in.confirming import NothingShown
from collab.auth.signing_in.freshness import NotFresh
from collab.auth.signing_in.proving import PASSWORD_CHECKS, WrongCredentials
from collab.auth.tokens import read_access_token
from collab.core.caller import Caller
from collab.core.database import TURNS, on_lock
from collab.core.errors import Conflict, Unavailable
from collab.core.models import utcnow
from collab.core.security import argon2id
from collab.core.slots import setting
from collab.events.models import EventRow
from collab.extensions import db

from ..conftest import SETTINGS
from ..support.people import PASSWORD, Person

pytestmark = pytest.mark.usefixtures("inside")

HERE = Client("192.0.2.7", "a browser", "collab.test")
NEW = "another good one"
#: As one keyboard types it, and as it is compared (`core/text/opaque.py`).
AS_TYPED = "correct cafe\u0301 battery"
OUTDATED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
#: Those that are hashed, and those that wait.
MOST = passwords.HASHES_AT_ONCE + passwords.MAX_HASHES_WAITING


@pytest.fixture(autouse=True)
def settings(app: Flask) -> None:
    app.config["AUTH_RATE_LIMIT"] = "2 per 15 minutes"


@pytest.fixture
def caller(alice: Person) -> Caller:
    return guard.from_token(alice.token)


def keeps(user: User, kept: str) -> None:
    user.password_hash = kept
    db.session.commit()


def writes() -> bool:
    """Return whether the writer's lock is held."""
    return TURNS.here().taken


# -- the password ---------------------------------------------------------------------------------


def test_the_right_password_gives_its_account_and_the_writers_lock(alice: Person) -> None:
    assert proving.account_with(alice.email, PASSWORD, HERE).id == alice.id
    assert writes()


def test_a_wrong_password_and_an_unknown_address_are_refused_alike(alice: Person) -> None:
    refusals = []
    for email in (alice.email, "nobody@example.com"):
        with pytest.raises(WrongCredentials) as refusal:
            proving.account_with(email, "wrong", HERE)
        refusals.append(refusal.value.detail)
    assert refusals == ["The e-mail address or the password is wrong."] * 2


def test_wrong_passwords_are_counted_and_the_right_one_forgives_them(alice: Person) -> None:
    for _ in range(3):
        with pytest.raises(WrongCredentials):
            proving.account_with(alice.email, "wrong", HERE)
        proving.account_with(alice.email, PASSWORD, HERE)
        db.session.rollback()
    for _ in range(2):
        with pytest.raises(WrongCredentials):
            proving.account_with(alice.email, "wrong", HERE)
    with pytest.raises(TooManyAttempts):
        proving.account_with(alice.email, PASSWORD, HERE)


def test_who_has_logged_in_from_a_network_is_not_kept_out_by_others_there(
    alice: Person, bob: Person, user: User
) -> None:
    sessions.start(user, HERE)
    db.session.commit()
    for number in range(2 * SPRAY_FACTOR):
        attempts().begin(HERE.network, f"{number}@example.com")
    with pytest.raises(TooManyAttempts):
        proving.account_with(bob.email, PASSWORD, HERE)
    assert proving.account_with(alice.email, PASSWORD, HERE).id == alice.id


def test_an_account_is_looked_at_as_it_is(alice: Person, user: User) -> None:
    other = User.__table__.update().values(password_hash=OUTDATED.hash(NEW))
    db.session.connection().execute(other)
    db.session.commit()
    assert proving.account_with(alice.email, NEW, HERE) is user


class Overtakes:
    """Changes all passwords whenever the lock has been taken, as often as it is told."""

    def __init__(self, app: Flask, times: int) -> None:
        self.left = times
        on_lock(app, self)

    def __call__(self, connection: Connection) -> None:
        if self.left:
            self.left -= 1
            connection.execute(User.__table__.update().values(password_hash="another"))


def test_a_password_that_is_changed_while_it_is_checked_is_checked_again(
    make_app: Callable[..., Flask], alice: Person
) -> None:
    app = make_app()
    with app.app_context():
        # What it changed went back with the transaction.
        overtakes = Overtakes(app, PASSWORD_CHECKS - 1)
        known = db.session.get_one(User, alice.id)
        db.session.commit()
        # Known from before, and still looked up again each time.
        assert proving.account_with(alice.email, PASSWORD, HERE) is known
        assert not overtakes.left
        db.session.rollback()
        overtakes.left = PASSWORD_CHECKS
        with pytest.raises(Conflict):
            proving.account_with(alice.email, PASSWORD, HERE)
        assert not writes()


def test_a_hash_of_today_stays_as_it_is(alice: Person, user: User) -> None:
    before = user.password_hash
    assert proving.account_with(alice.email, PASSWORD, HERE).password_hash == before


@pytest.mark.parametrize(
    ("password", "kept"),
    [
        (PASSWORD, OUTDATED.hash(PASSWORD)),
        (AS_TYPED, argon2id.make(AS_TYPED, int(SETTINGS["PASSWORD_HASH_MB"]))),
    ],
    ids=["other parameters", "as typed"],
)
def test_a_hash_as_they_were_once_is_replaced(
    password: str, kept: str, alice: Person, user: User
) -> None:
    keeps(user, kept)
    anew = proving.account_with(alice.email, password, HERE).password_hash
    assert anew != kept
    assert not passwords.outdated(anew)
    assert passwords.check_password(password, anew) is Match.PREPARED


def test_with_a_new_password_that_is_the_one_from_now_on(caller: Caller) -> None:
    anew = proving.own_account(caller, PASSWORD, HERE, new=NEW).password_hash
    assert passwords.check_password(NEW, anew)
    assert not passwords.check_password(PASSWORD, anew)


def test_ones_own_wrong_password_is_told_as_that(caller: Caller) -> None:
    with pytest.raises(WrongCredentials) as refusal:
        proving.own_account(caller, "wrong", HERE, new=NEW)
    assert refusal.value.detail == "The current password is wrong."


def test_for_an_account_without_a_password_none_is_right(caller: Caller, user: User) -> None:
    keeps(user, "")
    for wrong in ("", "a password that nobody has"):
        with pytest.raises(WrongCredentials):
            proving.own_account(caller, wrong, HERE)


def test_what_is_kept_and_no_hash_is_nobodys_password() -> None:
    assert passwords.check_password(PASSWORD, "not a hash") is None


def test_a_wrong_password_is_wrong_however_it_is_typed() -> None:
    assert passwords.check_password(AS_TYPED, OUTDATED.hash("another")) is None


def test_what_stands_for_no_account_takes_as_long_and_is_nobodys() -> None:
    nobodys = passwords._nobodys_hash()
    assert extract_parameters(nobodys) == extract_parameters(passwords.hash_password(PASSWORD))
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(nobodys, PASSWORD)


@contextmanager
def taken_places() -> Iterator[None]:
    """Have as many wait as may."""
    for _ in range(MOST):
        assert passwords._places.acquire(blocking=False)
    try:
        yield
    finally:
        passwords._places.release(MOST)


def test_so_many_wait_for_their_turn_and_no_more() -> None:
    for _ in range(MOST + 1):
        with passwords._turn():
            pass
    with taken_places(), pytest.raises(Unavailable) as refusal:
        passwords.hash_password(PASSWORD)
    assert refusal.value.headers["Retry-After"] == "2"


def test_who_waits_for_a_password_to_be_checked_holds_no_connection(alice: Person) -> None:
    db.session.get_one(User, alice.id)  # whatever the request has read before
    with taken_places(), pytest.raises(Unavailable):
        proving.account_with(alice.email, PASSWORD, HERE)
    assert not db.session().in_transaction()


# -- completing -----------------------------------------------------------------------------------


def started() -> dict[str, Any]:
    query = select(EventRow).where(EventRow.type == "session.started").order_by(EventRow.id.desc())
    row = db.session.scalars(query.limit(1)).one()
    found: dict[str, Any] = row.data
    return found


@pytest.mark.parametrize("way", Way)
def test_whoever_has_shown_all_that_is_asked_for_is_signed_in(way: Way, user: User) -> None:
    made = completing.complete(user, HERE, by=way)
    db.session.rollback()  # it is kept, whatever becomes of the request
    key = read_access_token(made.access_token).session_id
    assert db.session.get(Session, key)
    assert started() == {
        "user_id": user.id,
        "session_id": key,
        "by": way.value,
        "factor": None,
    }


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("way", Way)
def test_a_second_factor_is_asked_of_all_who_did_not_show_two_in_one(way: Way, user: User) -> None:
    if way is Way.PASSKEY:
        assert completing.complete(user, HERE, by=way)
        return
    with pytest.raises(SecondFactorRequired) as question:
        completing.complete(user, HERE, by=way)
    asked = question.value.members["second_factor"]
    assert asked.keys() == {"proof", "methods", "expires_in"}
    assert asked["methods"] == ["totp"]
    assert asked["expires_in"] == setting("SECOND_FACTOR_SECONDS")
    proof = proofs.read(asked["proof"], Purpose.SECOND_FACTOR)
    assert (proof.user_id, proof.by) == (user.id, way.value)
    assert proof.bound_to == completing.stamp(user)


def test_a_disabled_account_is_refused_before_anything_is_asked(user: User, device: Totp) -> None:
    user.disabled_at = utcnow()
    for way in Way:
        with pytest.raises(Disabled):
            completing.complete(user, HERE, by=way)


# -- the second step ------------------------------------------------------------------------------


def asked(user: User) -> str:
    with pytest.raises(SecondFactorRequired) as question:
        completing.complete(user, HERE, by=Way.PASSWORD)
    proof: str = question.value.members["second_factor"]["proof"]
    return proof


@pytest.fixture
def code(user: User, device: Totp) -> str:
    """Return a recovery code of alice's, whose account has a second factor."""
    made = recovery.renew(user.id)[0]
    db.session.commit()
    return made


def test_a_proof_and_a_code_complete_a_log_in_once(user: User, code: str) -> None:
    proof = asked(user)
    made = second_step.finish(proof, HERE, code=code, passkey=None)
    db.session.rollback()  # it is kept, whatever becomes of the request
    key = read_access_token(made.access_token).session_id
    assert started() == {
        "user_id": user.id,
        "session_id": key,
        "by": "password",
        "factor": "code",
    }
    another = recovery.renew(user.id)[0]
    db.session.commit()
    with pytest.raises(ProofRefused):
        second_step.finish(proof, HERE, code=another, passkey=None)


def test_a_wrong_code_costs_no_proof(user: User, code: str) -> None:
    proof = asked(user)
    for wrong in ("made-up", None):
        with pytest.raises(WrongCode):
            second_step.finish(proof, HERE, code=wrong, passkey=None)
    assert second_step.finish(proof, HERE, code=code, passkey=None)


def test_a_proof_ends_with_the_password_that_it_was_given_for(user: User, code: str) -> None:
    proof = asked(user)
    changed = User.__table__.update().values(password_hash=OUTDATED.hash(NEW))
    db.session.connection().execute(changed)
    db.session.commit()
    assert completing.stamp(user)  # as it was, for who does not look again
    with pytest.raises(ProofRefused):
        second_step.finish(proof, HERE, code=code, passkey=None)
    assert writes()


def test_a_disabled_account_is_told_that_in_the_second_step_too(user: User, code: str) -> None:
    proof = asked(user)
    user.disabled_at = utcnow()
    db.session.commit()
    with pytest.raises(Disabled):
        second_step.finish(proof, HERE, code=code, passkey=None)


def test_what_was_refused_in_the_second_step_is_in_the_audit_by_its_address(
    user: User, alice: Person, code: str
) -> None:
    proof = asked(user)
    with pytest.raises(WrongCode):
        second_step.finish(proof, HERE, code="made-up", passkey=None)
    row = db.session.scalars(select(EventRow).where(EventRow.type == "login.refused")).one()
    assert row.data["email"] == alice.email
    assert row.data["reason"] == "wrong code of the second factor"


# -- asking again ---------------------------------------------------------------------------------


def confirm(caller: Caller, **shown: str) -> User:
    asked_for = {"password": None, "code": None} | shown
    return confirming.confirm(caller, HERE, **asked_for)


def begun_ago(caller: Caller, ago: timedelta) -> None:
    db.session.get_one(Session, caller.session_id).created_at = utcnow() - ago
    db.session.commit()


def test_the_password_confirms(caller: Caller) -> None:
    assert confirm(caller, password=PASSWORD).id == caller.user_id
    with pytest.raises(WrongCredentials):
        confirm(caller, password="wrong")


def test_a_code_confirms_once_under_the_lock(caller: Caller, code: str) -> None:
    assert confirm(caller, code=code).id == caller.user_id
    assert writes()
    db.session.commit()
    with pytest.raises(WrongCode):
        confirm(caller, code=code)
    row = db.session.scalars(select(EventRow).where(EventRow.type == "login.refused")).one()
    assert row.data["email"] == caller.email


def test_whoever_has_something_to_show_must_show_it(caller: Caller, user: User) -> None:
    with pytest.raises(NothingShown):
        confirm(caller)
    assert writes()
    db.session.connection().execute(User.__table__.update().values(password_hash=""))
    assert user.password_hash  # as it was, for who does not look again
    assert confirm(caller).id == caller.user_id


@pytest.mark.usefixtures("device")
def test_without_a_password_the_code_is_what_there_is_to_show(caller: Caller, user: User) -> None:
    keeps(user, "")
    with pytest.raises(NothingShown):
        confirm(caller)


def test_whoever_has_neither_must_just_have_signed_in(caller: Caller, user: User) -> None:
    keeps(user, "")
    begun_ago(caller, timedelta(minutes=setting("FRESH_LOGIN_MINUTES")))
    with pytest.raises(NotFresh):
        confirm(caller)


def test_a_log_in_is_fresh_for_as_long_as_the_setting_says(caller: Caller) -> None:
    life, some = timedelta(minutes=setting("FRESH_LOGIN_MINUTES")), timedelta(minutes=5)
    found = []
    for ago in (life, life - some, some, -some):
        begun_ago(caller, ago)
        found.append(freshness.is_fresh(caller))
    # In the future: the clock was set back, and how old it is is not known.
    assert found == [False, True, True, False]


def test_a_script_has_never_just_logged_in(caller: Caller) -> None:
    assert not freshness.is_fresh(replace(caller, session_id=-1))


def test_a_way_in_is_added_by_who_has_just_signed_in_or_knows_the_password(
    caller: Caller,
) -> None:
    freshness.require(caller, None, HERE)
    begun_ago(caller, timedelta(minutes=setting("FRESH_LOGIN_MINUTES")))
    with pytest.raises(NotFresh):
        freshness.require(caller, None, HERE)
    freshness.require(caller, PASSWORD, HERE)
    assert not writes()
    with pytest.raises(WrongCredentials):
        freshness.require(caller, "wrong", HERE)


def test_a_hash_that_was_replaced_on_the_way_is_kept(caller: Caller, user: User) -> None:
    kept = OUTDATED.hash(PASSWORD)
    keeps(user, kept)
    freshness.require(caller, PASSWORD, HERE)
    db.session.rollback()
    assert db.session.get_one(User, user.id, populate_existing=True).password_hash != kept
