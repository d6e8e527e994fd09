"""Passkeys as rows: what is kept of one, what it signs, and for whom it is good."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import webauthn
from flask import Flask
from sqlalchemy import select

from collab.auth import guard
from collab.auth.accounts.ways_in import LastWayIn
from collab.auth.factors import ceremonies, passkeys, recovery
from collab.auth.factors.ceremonies import NoDomain, PasskeyRefused
from collab.auth.factors.models import Passkey
from collab.auth.factors.passkeys import (
    HANDLE_BYTES,
    MAX_PASSKEYS,
    Added,
    PasskeyKnown,
    TooManyPasskeys,
)
from collab.auth.factors.proofs import ProofRefused, Purpose
from collab.auth.models import User
from collab.auth.sessions import Client, Disabled
from collab.auth.signing_in import by_passkey, completing, second_step
from collab.auth.signing_in.completing import SecondFactorRequired, Way
from collab.core.caller import Caller
from collab.core.database import TURNS
from collab.core.errors import NotFound
from collab.core.models import utcnow
from collab.core.slots import setting
from collab.events.models import EventRow
from collab.extensions import db

from ...support.authenticator import PRESENT, VERIFIED, Authenticator, text_of
from ...support.people import Person

pytestmark = pytest.mark.usefixtures("inside")

HERE = Client("192.0.2.7", "a browser", "collab.test")
BY_NUMBER = replace(HERE, host="192.0.2.1:5000")
#: The flags of a key that may be copied, and is (WebAuthn §6.1.3).
COPIED = 0x08 | 0x10


@pytest.fixture
def caller(alice: Person) -> Caller:
    return guard.from_token(alice.token)


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


@pytest.fixture
def adds(user: User, caller: Caller) -> Callable[..., Added]:
    """Return a way to add a device to alice's account: `adds(device)`."""

    def add(device: Authenticator, name: str = "Laptop") -> Added:
        made = device.create(passkeys.options(user, caller, HERE))
        return passkeys.add(caller, name, made, HERE)

    return add


@pytest.fixture
def key(adds: Callable[..., Added], device: Authenticator) -> Passkey:
    """Return alice's passkey, which is the device's."""
    return adds(device).passkey


def options_of(purpose: Purpose = Purpose.PASSKEY_LOG_IN, user_id: int = 0) -> dict[str, Any]:
    found = ceremonies.to_sign(HERE.host, purpose, user_id)
    assert found is not None
    return found


def signs(device: Authenticator, client: Client = HERE) -> User:
    return passkeys.take(device.get(options_of()), client, Purpose.PASSKEY_LOG_IN)


def kept(key: Passkey) -> Passkey:
    """Return its row, whatever becomes of the request."""
    db.session.rollback()
    return db.session.get_one(Passkey, key.id, populate_existing=True)


def told(kind: str) -> list[EventRow]:
    query = select(EventRow).where(EventRow.type == kind).order_by(EventRow.id)
    return list(db.session.scalars(query))


def more_of(key: Passkey, count: int, user_id: int) -> None:
    """Give somebody other keys that are like one."""
    same = {name: getattr(key, name) for name in ("public_key", "handle", "domain")}
    for number in range(count):
        row = Passkey(user_id=user_id, name="x", credential_id=bytes([number, user_id]), **same)
        db.session.add(row)
    db.session.commit()


# -- adding ---------------------------------------------------------------------------------------


def test_a_device_is_asked_for_a_key_of_this_account_and_told_which_it_has(
    user: User, caller: Caller, key: Passkey
) -> None:
    asked = passkeys.options(user, caller, HERE)
    assert asked["rp"] == {"id": "collab.test", "name": ceremonies.SERVICE_NAME}
    named = {"id": text_of(key.handle), "name": user.email, "displayName": user.name}
    assert asked["user"] == named
    assert [one["id"] for one in asked["excludeCredentials"]] == [text_of(key.credential_id)]
    assert asked["timeout"] == setting("SECOND_FACTOR_SECONDS") * 1000
    wanted = asked["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("required", "required")


def test_the_name_of_an_account_on_devices_is_random(user: User, caller: Caller) -> None:
    names = [passkeys.options(user, caller, HERE)["user"]["id"] for _ in range(2)]
    assert names[0] != names[1]
    assert {len(webauthn.base64url_to_bytes(one)) for one in names} == {HANDLE_BYTES}


def test_what_confirming_wrote_is_kept_with_the_options(user: User, caller: Caller) -> None:
    user.password_hash = "another"
    passkeys.options(user, caller, HERE)
    db.session.rollback()
    assert db.session.get_one(User, user.id, populate_existing=True).password_hash == "another"


def test_of_a_key_is_kept_what_signatures_are_checked_by(
    adds: Callable[..., Added], user: User
) -> None:
    device = Authenticator(count=5, flags=PRESENT | VERIFIED | COPIED)
    row = kept(adds(device, "Phone").passkey)
    assert (row.user_id, row.name, row.domain) == (user.id, "Phone", "collab.test")
    assert (row.credential_id, text_of(row.handle)) == (device.credential_id, device.handle)
    assert (row.sign_count, row.backed_up, row.last_used_at) == (5, True, None)
    assert signs(device).id == user.id


def test_a_new_key_is_told_and_the_first_one_brings_recovery_codes(
    adds: Callable[..., Added], user: User
) -> None:
    first, second = adds(Authenticator(), "One"), adds(Authenticator(), "Two")
    assert (len(first.recovery_codes), second.recovery_codes) == (10, [])
    assert recovery.left(user.id) == 10
    rows = told("account.passkey_added")
    assert [row.actor for row in rows] == [user.id] * 2
    assert rows[0].data == {"user_id": user.id, "passkey_id": first.passkey.id, "name": "One"}


def test_options_are_for_one_session_of_one_person(
    user: User, bob: Person, caller: Caller, device: Authenticator
) -> None:
    made = device.create(passkeys.options(user, caller, HERE))
    theirs = replace(caller, user_id=bob.id), replace(caller, session_id=caller.session_id + 1)
    for other in theirs:
        with pytest.raises(ProofRefused):
            passkeys.add(other, "x", made, HERE)
    assert passkeys.add(caller, "x", made, HERE)


def test_options_add_one_key(user: User, caller: Caller) -> None:
    asked = passkeys.options(user, caller, HERE)
    passkeys.add(caller, "One", Authenticator().create(asked), HERE)
    with pytest.raises(ProofRefused):
        passkeys.add(caller, "Two", Authenticator().create(asked), HERE)


def test_a_key_is_there_once_whosever_it_is(
    user: User, caller: Caller, key: Passkey, device: Authenticator
) -> None:
    made = device.create(passkeys.options(user, caller, HERE))
    with pytest.raises(PasskeyKnown):
        passkeys.add(caller, "x", made, HERE)
    assert TURNS.here().taken


def test_a_person_has_so_many_and_those_of_others_do_not_count(
    user: User, bob: Person, caller: Caller, key: Passkey
) -> None:
    more_of(key, MAX_PASSKEYS, bob.id)
    more_of(key, MAX_PASSKEYS - 2, user.id)
    asked = passkeys.options(user, caller, HERE)
    passkeys.add(caller, "x", Authenticator().create(asked), HERE)
    with pytest.raises(TooManyPasskeys):
        passkeys.options(user, caller, HERE)


def test_the_bound_holds_for_options_that_were_given_before_it(
    user: User, caller: Caller, key: Passkey
) -> None:
    asked = passkeys.options(user, caller, HERE)
    more_of(key, MAX_PASSKEYS - 1, user.id)
    with pytest.raises(TooManyPasskeys):
        passkeys.add(caller, "x", Authenticator().create(asked), HERE)


# -- signing --------------------------------------------------------------------------------------


def test_a_signature_gives_its_person_and_is_noted_under_the_lock(
    user: User, key: Passkey, device: Authenticator
) -> None:
    before = utcnow()
    device.count, device.flags = 7, device.flags | COPIED
    assert signs(device).id == user.id
    assert TURNS.here().taken
    db.session.commit()
    row = kept(key)
    assert (row.sign_count, row.backed_up) == (8, True)
    assert row.last_used_at is not None
    assert before <= row.last_used_at <= utcnow()


def test_whose_it_is_is_looked_up_as_it_is(user: User, key: Passkey, device: Authenticator) -> None:
    db.session.connection().execute(User.__table__.update().values(name="Renamed"))
    assert user.name == "Alice"
    assert signs(device).name == "Renamed"
    db.session.connection().execute(Passkey.__table__.update().values(sign_count=9))
    assert key.sign_count < 9
    with pytest.raises(PasskeyRefused):
        signs(device)


def test_a_signature_is_taken_once(key: Passkey, device: Authenticator) -> None:
    device.count = 1
    asked = options_of()
    passkeys.take(device.get(asked), HERE, Purpose.PASSKEY_LOG_IN)
    with pytest.raises(ProofRefused):
        passkeys.take(device.get(asked), HERE, Purpose.PASSKEY_LOG_IN)


def test_a_signature_is_for_its_purpose_and_its_person(
    user: User, bob: Person, key: Passkey, device: Authenticator
) -> None:
    factor = Purpose.PASSKEY_AS_FACTOR
    for asked, whose in ((options_of(), user.id), (options_of(factor, bob.id), user.id)):
        with pytest.raises(ProofRefused):
            passkeys.take(device.get(asked), HERE, factor, user_id=whose)
    with pytest.raises(PasskeyRefused):
        passkeys.take(device.get(options_of(factor, bob.id)), HERE, factor, user_id=bob.id)
    asked = options_of(factor, user.id)
    assert passkeys.take(device.get(asked), HERE, factor, user_id=user.id).id == user.id


@pytest.mark.parametrize("count", [5, 4, 0], ids=["the same", "less", "none"])
def test_a_count_that_goes_back_is_refused_and_told(
    count: int, user: User, key: Passkey, device: Authenticator
) -> None:
    key.sign_count = 5
    db.session.commit()
    device.count = count - 1
    with pytest.raises(PasskeyRefused):
        signs(device)
    assert kept(key).last_used_at is None
    (row,) = told("account.passkey_refused")
    assert (row.actor, row.topic) == (None, f"user:{user.id}")
    assert row.data == {"user_id": user.id, "passkey_id": key.id, "name": "Laptop"}


def test_a_device_that_does_not_count_is_taken(key: Passkey, device: Authenticator) -> None:
    device.count = -1
    assert signs(device)


def test_a_device_may_leave_out_whose_key_it_is_and_may_not_say_anothers(
    key: Passkey, device: Authenticator
) -> None:
    mine, device.handle = device.handle, ""
    assert signs(device)
    device.handle = text_of(b"another")
    with pytest.raises(PasskeyRefused):
        signs(device)
    device.handle = mine
    assert signs(device)


def test_a_key_is_good_for_the_domain_that_it_was_made_for(
    key: Passkey, device: Authenticator
) -> None:
    key.domain = "elsewhere.test"
    db.session.commit()
    with pytest.raises(PasskeyRefused):
        signs(device)


def test_what_another_key_signed_or_nobody_knows_is_refused(
    key: Passkey, device: Authenticator
) -> None:
    for other in (
        Authenticator(credential_id=device.credential_id, handle=device.handle),
        Authenticator(key=device.key, handle=device.handle),
    ):
        with pytest.raises(PasskeyRefused):
            signs(other)


@pytest.mark.parametrize(
    "lie",
    [{"origin": "https://evil.test"}, {"domain": "evil.test"}, {"flags": PRESENT}],
    ids=["other page", "other domain", "not unlocked"],
)
def test_what_was_signed_for_something_else_is_refused(
    lie: dict[str, Any], key: Passkey, device: Authenticator, adds: Callable[..., Added]
) -> None:
    with pytest.raises(PasskeyRefused):
        adds(Authenticator(**lie))
    for name, value in lie.items():
        setattr(device, name, value)
    with pytest.raises(PasskeyRefused):
        signs(device)


# -- the list -------------------------------------------------------------------------------------


def test_a_person_lists_renames_and_removes_their_own(
    user: User, bob: Person, caller: Caller, adds: Callable[..., Added], key: Passkey
) -> None:
    more_of(key, 1, bob.id)
    phone = adds(Authenticator(), "Phone").passkey
    page = passkeys.list_passkeys(caller, sort="id", limit=10, cursor=None)
    assert [one.id for one in page.items] == [key.id, phone.id]
    passkeys.update(passkeys.load(phone.id, user.id, to_change=True), {"name": "Tablet"})
    assert kept(phone).name == "Tablet"
    assert passkeys.update(phone, {}) is phone
    assert kept(phone).name == "Tablet"
    passkeys.remove(user, phone.id)
    db.session.rollback()
    assert passkeys.count_of(user.id) == 1
    assert recovery.left(user.id) == 10
    (row,) = told("account.passkey_removed")
    assert row.actor == user.id
    assert row.data == {"user_id": user.id, "passkey_id": phone.id, "name": "Tablet"}
    passkeys.remove(user, key.id)
    assert recovery.left(user.id) == 0


def test_one_that_is_not_ones_own_is_not_found(user: User, bob: Person, key: Passkey) -> None:
    for key_id, user_id in ((key.id, bob.id), (10**6, user.id)):
        with pytest.raises(NotFound):
            passkeys.load(key_id, user_id)
    assert not TURNS.here().taken
    with pytest.raises(NotFound):
        passkeys.load(10**6, user.id, to_change=True)
    assert TURNS.here().taken


def test_it_is_looked_up_as_it_is(user: User, key: Passkey) -> None:
    renamed = Passkey.__table__.update().values(name="Renamed")
    db.session.connection().execute(renamed)
    assert key.name == "Laptop"
    assert passkeys.load(key.id, user.id).name == "Renamed"


def test_the_last_way_in_is_not_removed(user: User, key: Passkey) -> None:
    user.password_hash = ""
    db.session.commit()
    with pytest.raises(LastWayIn):
        passkeys.remove(user, key.id)
    assert kept(key)


# -- logging in -----------------------------------------------------------------------------------


def started() -> dict[str, Any]:
    found: dict[str, Any] = told("session.started")[-1].data
    return found


def test_a_passkey_alone_logs_in(user: User, key: Passkey, device: Authenticator) -> None:
    made = by_passkey.log_in(device.get(by_passkey.options(HERE)), HERE)
    assert made.user.id == user.id
    db.session.rollback()
    assert (started()["user_id"], started()["by"]) == (user.id, "passkey")


def test_where_there_is_no_name_there_are_no_passkeys(user: User, caller: Caller) -> None:
    with pytest.raises(NoDomain):
        by_passkey.options(BY_NUMBER)
    with pytest.raises(NoDomain):
        passkeys.options(user, caller, BY_NUMBER)
    assert ceremonies.to_sign(BY_NUMBER.host, Purpose.PASSKEY_LOG_IN) is None


def test_a_log_in_that_is_refused_is_in_the_audit_by_whose_key_it_is(
    user: User, key: Passkey, device: Authenticator
) -> None:
    with pytest.raises(PasskeyRefused):
        by_passkey.log_in(Authenticator().get(options_of()), HERE)
    user.disabled_at = utcnow()
    db.session.commit()
    with pytest.raises(Disabled):
        by_passkey.log_in(device.get(options_of()), HERE)
    emails = [row.data["email"] for row in told("login.refused")]
    assert emails == [by_passkey.UNKNOWN_ADDRESS, user.email]


def asked(user: User, client: Client) -> dict[str, Any]:
    with pytest.raises(SecondFactorRequired) as question:
        completing.complete(user, client, by=Way.PASSWORD)
    found: dict[str, Any] = question.value.members["second_factor"]
    return found


def test_as_a_second_factor_it_completes_a_log_in(
    user: User, key: Passkey, device: Authenticator
) -> None:
    found = asked(user, HERE)
    assert found["methods"] == ["passkey", "recovery_code"]
    signed = device.get(found["passkey"])
    made = second_step.finish(found["proof"], HERE, code=None, passkey=signed)
    assert made.user.id == user.id
    assert (started()["by"], started()["factor"]) == ("password", "passkey")


def test_what_was_asked_of_one_person_another_can_not_answer(
    user: User, bob: Person, key: Passkey, device: Authenticator
) -> None:
    more_of(key, 1, bob.id)
    theirs = asked(db.session.get_one(User, bob.id), HERE)
    mine, signed = asked(user, HERE), device.get(theirs["passkey"])
    with pytest.raises(PasskeyRefused):
        second_step.finish(theirs["proof"], HERE, code=None, passkey=signed)
    with pytest.raises(ProofRefused):
        second_step.finish(mine["proof"], HERE, code=None, passkey=signed)


def test_by_a_number_no_passkey_is_asked_for(user: User, key: Passkey) -> None:
    found = asked(user, BY_NUMBER)
    assert found["methods"] == ["recovery_code"]
    assert "passkey" not in found


# -- ceremonies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("collab.test", "collab.test"),
        ("localhost:5000", "localhost"),
        ("Collab.test", "collab.test"),
    ],
)
def test_the_domain_of_keys_is_the_hosts_name_without_its_port(host: str, domain: str) -> None:
    assert ceremonies.domain_of(host) == domain


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "[::1]:5000", ""])
def test_a_number_is_no_domain(host: str) -> None:
    with pytest.raises(NoDomain):
        ceremonies.domain_of(host)


def test_the_setting_goes_before_the_hosts_name(app: Flask) -> None:
    app.config["PASSKEY_DOMAIN"] = "example.com"
    for host in ("app.example.com", "127.0.0.1"):
        assert ceremonies.domain_of(host) == "example.com"


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("collab.test", False),
        ("localhost:5000", True),
        ("app.localhost", True),
        ("notlocalhost", False),
        ("localhost.evil.test", False),
        ("", False),
    ],
)
def test_pages_are_of_this_service_by_https_or_on_this_machine(host: str, plain: bool) -> None:
    expected = [f"https://{host}", *([f"http://{host}"] if plain else [])]
    assert ceremonies._origins(host) == expected


def test_what_a_device_is_asked_to_sign_is_sealed_for_a_purpose_and_a_person() -> None:
    asked = options_of(Purpose.PASSKEY_AS_FACTOR, 7)
    assert (asked["rpId"], asked["userVerification"]) == ("collab.test", "required")
    assert asked["timeout"] == setting("SECOND_FACTOR_SECONDS") * 1000
    assert not asked.get("allowCredentials")
    signed = Authenticator().get(asked)
    challenge, proof = ceremonies.challenge_in(signed, Purpose.PASSKEY_AS_FACTOR)
    assert text_of(challenge) == asked["challenge"]
    assert proof.user_id == 7
    assert proof.expires > time.time()
    with pytest.raises(ProofRefused):
        ceremonies.challenge_in(signed, Purpose.PASSKEY_LOG_IN)


def test_a_challenge_of_somebody_elses_is_refused() -> None:
    signed = Authenticator().get(options_of() | {"challenge": text_of(b"made up")})
    with pytest.raises(ProofRefused):
        ceremonies.challenge_in(signed, Purpose.PASSKEY_LOG_IN)


@pytest.mark.parametrize(
    "junk",
    [{}, {"response": {}, "rawId": 7}, {"response": None}, {"response": {"clientDataJSON": "e30"}}],
    ids=["nothing", "no data", "null", "no members"],
)
def test_what_no_browser_sends_is_refused_and_noted(
    junk: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "collab.auth.factors.ceremonies")
    reads: list[Callable[[], object]] = [
        lambda: ceremonies.challenge_in(junk, Purpose.PASSKEY_LOG_IN),
        lambda: ceremonies.id_of(junk),
        lambda: ceremonies.made(junk, b"x", HERE.host),
        lambda: ceremonies.signed(junk, b"x", HERE.host, b"x"),
    ]
    for read in reads:
        with pytest.raises(PasskeyRefused):
            read()
    assert caplog.text.count("a passkey was refused: ") == len(reads)
    assert "a passkey was refused: None" not in caplog.text


def test_whose_key_it_is_may_be_left_out_and_may_not_be_junk() -> None:
    assert ceremonies.handle_of({"response": {}}) is None
    assert ceremonies.handle_of({"response": {"userHandle": None}}) is None
    assert ceremonies.handle_of({"response": {"userHandle": text_of(b"me")}}) == b"me"
    for junk in ({}, {"response": None}, {"response": {"userHandle": 7}}):
        with pytest.raises(PasskeyRefused):
            ceremonies.handle_of(junk)


def test_what_is_sent_of_a_ceremony_has_a_bound() -> None:
    room = ceremonies.MAX_CREDENTIAL_BYTES - len('{"id": ""}')
    assert ceremonies.fits({"id": "x" * room})
    assert not ceremonies.fits({"id": "x" * (room + 1)})
