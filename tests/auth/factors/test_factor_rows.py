"""Second factors as rows: guesses that wait, proofs that are spent, codes that are used up."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select, update

from collab.auth import guard
from collab.auth.factors import guesses, proofs, recovery, requirement, second, totp
from collab.auth.factors.guesses import (
    FORGET_AFTER,
    MAX_DOUBLINGS,
    MAX_GUESS_WAIT_S,
    TooManyGuesses,
    WrongCode,
)
from collab.auth.factors.models import Passkey, RecoveryCode, SpentProof, Totp
from collab.auth.factors.proofs import Proof, ProofRefused, Purpose
from collab.auth.factors.second import NoSecondFactor
from collab.auth.factors.totp import MAX_DRIFT_STEPS, STEP_S, NothingToConfirm, TotpOn
from collab.auth.models import User
from collab.auth.sessions import SecondFactorMissing
from collab.core import sealing
from collab.core.database import TURNS
from collab.core.errors import NotFound
from collab.core.models import utcnow
from collab.core.security import digest
from collab.core.slots import setting
from collab.core.storage.retention import ROWS_PER_COMMIT
from collab.events.models import EventRow
from collab.extensions import db

from ...support.people import Person

pytestmark = pytest.mark.usefixtures("inside")

FREE, WINDOW_S = 3, 60
MINUTE = timedelta(minutes=1)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def settings(app: Flask) -> None:
    app.config["SECOND_FACTOR_RATE_LIMIT"] = f"{FREE} per {WINDOW_S} seconds"


@pytest.fixture
def device(user: User) -> Totp:
    """Return alice's app, which counts."""
    sealed = sealing.seal(SECRET, purpose=totp.SECRET_PURPOSE)
    made = Totp(user_id=user.id, secret=sealed, confirmed_at=utcnow(), last_step=0)
    db.session.add(made)
    db.session.commit()
    return made


def code_of(step: int) -> str:
    return pyotp.TOTP(SECRET).generate_otp(step)


def present() -> int:
    return int(time.time()) // STEP_S


def told(kind: str) -> list[Any]:
    query = select(EventRow).where(EventRow.type == kind).order_by(EventRow.id)
    return list(db.session.scalars(query))


# -- guesses --------------------------------------------------------------------------------------


def wrong(one: Totp, now: datetime, times: int = 1) -> None:
    for _ in range(times):
        guesses.count(one, now)


def wait_of(one: Totp, now: datetime) -> int:
    """Return the seconds to wait for the next guess; 0: it is looked at."""
    try:
        guesses.require_turn(one, now)
    except TooManyGuesses as refusal:
        return int(refusal.headers["Retry-After"])
    return 0


def test_the_first_wrong_codes_are_free_and_each_after_them_doubles_the_wait() -> None:
    one, now = Totp(failures=0), utcnow()
    waits = []
    for _ in range(FREE + 3):
        wrong(one, now)
        waits.append(wait_of(one, now))
    assert waits == [0] * (FREE - 1) + [WINDOW_S * 2**n for n in range(4)]
    assert (one.failures, one.failed_at) == (FREE + 3, now)


def test_a_wait_is_over_at_its_end_and_part_of_a_second_counts_as_one() -> None:
    one, now = Totp(failures=0), utcnow()
    wrong(one, now, FREE)
    assert wait_of(one, now + timedelta(seconds=WINDOW_S - 0.5)) == 1
    assert wait_of(one, now + timedelta(seconds=WINDOW_S)) == 0


def test_no_wait_is_longer_than_a_day(app: Flask) -> None:
    one, now = Totp(failures=0), utcnow()
    wrong(one, now, FREE + MAX_DOUBLINGS)
    assert wait_of(one, now) == WINDOW_S * 2**MAX_DOUBLINGS
    wrong(one, now)
    assert wait_of(one, now) == WINDOW_S * 2**MAX_DOUBLINGS
    app.config["SECOND_FACTOR_RATE_LIMIT"] = "3 per hour"
    wrong(one, now)
    assert wait_of(one, now) == MAX_GUESS_WAIT_S


def test_wrong_codes_are_forgotten_when_nobody_guessed_for_long_and_not_before() -> None:
    one, now = Totp(failures=0), utcnow()
    wrong(one, now, FREE + 1)
    later = now + FORGET_AFTER
    wrong(one, later)
    assert one.failures == FREE + 2
    wrong(one, later + FORGET_AFTER + timedelta(seconds=1))
    assert one.failures == 1


def test_the_right_code_forgives_the_wrong_ones() -> None:
    one, now = Totp(failures=0), utcnow()
    wrong(one, now, FREE)
    guesses.forgive(one)
    assert (one.failures, one.failed_at, one.wait_until) == (0, None, None)
    assert wait_of(one, now) == 0


def test_without_a_limit_none_is_counted(app: Flask) -> None:
    app.config["SECOND_FACTOR_RATE_LIMIT"] = "off"
    one, now = Totp(failures=0), utcnow()
    wrong(one, now, 10 * FREE)
    assert (one.failures, wait_of(one, now)) == (0, 0)


# -- proofs ---------------------------------------------------------------------------------------


def test_a_proof_says_what_it_was_made_for() -> None:
    sealed = proofs.issue(Purpose.SECOND_FACTOR, user_id=7, bound_to="a stamp", by="password")
    read = proofs.read(sealed, Purpose.SECOND_FACTOR)
    assert (read.user_id, read.bound_to, read.by) == (7, "a stamp", "password")
    life = setting("SECOND_FACTOR_SECONDS")
    assert time.time() + life - 60 <= read.expires <= time.time() + life
    again = proofs.issue(Purpose.SECOND_FACTOR, user_id=7, bound_to="a stamp", by="password")
    assert proofs.read(again, Purpose.SECOND_FACTOR).nonce != read.nonce


def test_a_proof_says_nothing_of_what_it_is_not_for() -> None:
    read = proofs.read(proofs.issue(Purpose.PASSKEY_LOG_IN), Purpose.PASSKEY_LOG_IN)
    assert (read.user_id, read.bound_to, read.by) == (0, "", "")


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.NEW_PASSKEY])
def test_a_proof_for_one_purpose_is_none_for_another(purpose: Purpose) -> None:
    with pytest.raises(ProofRefused):
        proofs.read(proofs.issue(Purpose.NEW_PASSKEY, user_id=7), purpose)


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"nonce": "x"}', '{"other": 1}'])
def test_what_is_sealed_and_no_proof_is_refused(text: str) -> None:
    sealed = sealing.seal(text, purpose=Purpose.SECOND_FACTOR.value)
    with pytest.raises(ProofRefused):
        proofs.read(sealed, Purpose.SECOND_FACTOR)
    with pytest.raises(ProofRefused):
        proofs.read("made up", Purpose.SECOND_FACTOR)


def test_a_proof_runs_out(app: Flask) -> None:
    app.config["SECOND_FACTOR_SECONDS"] = 0
    with pytest.raises(ProofRefused):
        proofs.read(proofs.issue(Purpose.SECOND_FACTOR), Purpose.SECOND_FACTOR)


def test_a_proof_is_spent_once_and_remembered_until_it_would_have_run_out() -> None:
    one, other = Proof("nonce", 2_000_000_000), Proof("another", 2_000_000_000)
    proofs.spend(one)
    with pytest.raises(ProofRefused):
        proofs.spend(one)
    proofs.spend(other)
    row = db.session.get_one(SpentProof, digest("nonce"))
    assert row.expires_at.timestamp() == one.expires


def test_spent_proofs_are_forgotten_when_they_have_run_out() -> None:
    past, later = utcnow() - MINUTE, utcnow() + MINUTE
    rows = [SpentProof(digest=str(n), expires_at=past) for n in range(ROWS_PER_COMMIT + 1)]
    db.session.add_all([*rows, SpentProof(digest="good", expires_at=later)])
    db.session.commit()
    assert (proofs.forget(), proofs.forget()) == (True, False)
    assert db.session.scalars(select(SpentProof.digest)).all() == ["good"]


# -- recovery codes -------------------------------------------------------------------------------


def test_a_recovery_code_is_used_up_by_its_person_alone(user: User, bob: Person) -> None:
    codes = recovery.renew(user.id)
    recovery.renew(bob.id)
    assert not recovery.use(bob.id, codes[0])
    assert recovery.use(user.id, codes[0])
    assert not recovery.use(user.id, codes[0])
    assert recovery.use(user.id, codes[1])
    assert (recovery.left(user.id), recovery.left(bob.id)) == (8, 10)


def test_new_recovery_codes_take_the_place_of_that_persons_old_ones(
    user: User, bob: Person
) -> None:
    (old, *_), theirs = recovery.renew(user.id), recovery.renew(bob.id)
    recovery.renew(user.id)
    assert not recovery.use(user.id, old)
    assert recovery.left(user.id) == 10
    assert recovery.use(bob.id, theirs[0])


def test_a_recovery_code_is_written_in_groups_and_read_however_it_is_copied(user: User) -> None:
    first, second_one, third = recovery.renew(user.id)[:3]
    assert [len(one) for one in first.split("-")] == [4] * 6
    assert recovery.use(user.id, first.upper())
    assert recovery.use(user.id, second_one.replace("-", " "))
    assert recovery.use(user.id, third.replace("0", "O").replace("1", "l"))
    kept = db.session.scalars(select(RecoveryCode.digest)).all()
    assert {len(one) for one in kept} == {64}


def test_what_looks_alike_is_read_as_the_same() -> None:
    assert recovery._meant("OoIiLl-0 1") == "00111101"


# -- the app --------------------------------------------------------------------------------------


def test_a_code_is_taken_and_none_of_before_it(device: Totp) -> None:
    step = present()
    totp.take(device, code_of(step))
    assert device.last_step in (step, step + 1)
    for earlier in (device.last_step, device.last_step - 1):
        with pytest.raises(WrongCode):
            totp.take(device, code_of(earlier))
    assert device.failures == 2


def test_the_right_code_counts_as_no_guess_and_forgives(device: Totp) -> None:
    with pytest.raises(WrongCode):
        totp.take(device, code_of(present() - 10))
    assert device.failures == 1
    totp.take(device, code_of(present()))
    assert (device.failures, device.failed_at) == (0, None)


def test_a_wrong_code_is_counted_whatever_becomes_of_the_request(device: Totp) -> None:
    with pytest.raises(WrongCode):
        totp.take(device, code_of(present() - 10))
    db.session.rollback()
    assert db.session.get_one(Totp, device.user_id, populate_existing=True).failures == 1


def test_while_somebody_has_to_wait_the_right_code_is_not_looked_at(device: Totp) -> None:
    device.wait_until = utcnow() + MINUTE
    with pytest.raises(TooManyGuesses):
        totp.take(device, code_of(present()))
    assert device.last_step == 0


def test_of_steps_with_one_code_the_newest_counts() -> None:
    now = 1_800_000_000.0
    middle = int(now) // STEP_S
    for ahead in range(-MAX_DRIFT_STEPS, MAX_DRIFT_STEPS + 1):
        assert totp.step_of(SECRET, code_of(middle + ahead), now) == middle + ahead
    for far in (-MAX_DRIFT_STEPS - 1, MAX_DRIFT_STEPS + 1):
        assert totp.step_of(SECRET, code_of(middle + far), now) is None
    assert totp.step_of(SECRET, "000000x", now) is None


def test_an_app_counts_once_it_is_confirmed(user: User) -> None:
    begun = totp.enrol(user)
    assert totp.load(user.id) is None
    with pytest.raises(WrongCode):
        totp.confirm(user.id, "000000x")
    assert totp.load(user.id) is None
    step = present()
    totp.confirm(user.id, pyotp.TOTP(begun.secret).generate_otp(step))
    found = totp.load(user.id)
    assert found is not None
    assert found.last_step == step
    with pytest.raises(NothingToConfirm):
        totp.confirm(user.id, pyotp.TOTP(begun.secret).generate_otp(step))
    with pytest.raises(TotpOn):
        totp.enrol(user)


def test_an_app_is_looked_up_as_it_is(device: Totp) -> None:
    unconfirmed = Totp.__table__.update().values(confirmed_at=None)
    db.session.connection().execute(unconfirmed)
    assert device.confirmed_at is not None
    assert totp.load(device.user_id) is None
    db.session.connection().execute(unconfirmed.values(confirmed_at=utcnow()))
    with pytest.raises(NothingToConfirm):
        totp.confirm(device.user_id, code_of(present()))


def test_an_app_is_confirmed_under_the_lock_and_told(alice: Person, user: User) -> None:
    caller, begun = guard.from_token(alice.token), totp.enrol(user)
    code = pyotp.TOTP(begun.secret).generate_otp(present())
    assert len(second.confirm_totp(caller, f"{code[:3]} {code[3:]}")) == 10
    db.session.rollback()
    assert totp.load(user.id) is not None
    assert recovery.left(user.id) == 10
    (row,) = told("account.totp_enabled")
    assert (row.actor, row.data) == (user.id, {"user_id": user.id})
    with pytest.raises(NothingToConfirm):
        second.confirm_totp(caller, code)
    assert TURNS.here().taken


def test_where_none_was_begun_there_is_nothing_to_confirm(user: User) -> None:
    with pytest.raises(NothingToConfirm):
        totp.confirm(user.id, "123456")


def test_one_that_is_begun_again_has_a_new_secret(user: User) -> None:
    first = totp.enrol(user)
    long_ago = utcnow() - FORGET_AFTER
    db.session.execute(update(Totp).values(last_step=7, created_at=long_ago))
    db.session.commit()
    again = totp.enrol(user)
    db.session.rollback()  # it is kept, whatever becomes of the request
    row = db.session.get_one(Totp, user.id, populate_existing=True)
    assert row.last_step == 0
    assert row.created_at > long_ago
    assert first.secret != again.secret
    with pytest.raises(WrongCode):
        totp.confirm(user.id, pyotp.TOTP(first.secret).generate_otp(present()))
    totp.confirm(user.id, pyotp.TOTP(again.secret).generate_otp(present()))


def test_an_app_is_told_whose_it_is_and_of_what(user: User) -> None:
    begun = totp.enrol(user)
    assert begun.uri.startswith("otpauth://totp/Collab:alice%40example.com?secret=")
    assert f"secret={begun.secret}" in begun.uri
    assert "issuer=Collab" in begun.uri
    assert begun.qr.startswith("<svg")


def test_secrets_are_sealed_again_under_a_new_key_for_what_they_are_sealed_for() -> None:
    assert sealing.SEALED.here()[Totp.secret] == totp.SECRET_PURPOSE


def test_where_no_key_opens_the_secret_no_code_is_right(
    device: Totp, caplog: pytest.LogCaptureFixture
) -> None:
    device.secret = "made up"
    with pytest.raises(WrongCode):
        totp.take(device, code_of(present()))
    assert f"person {device.user_id}" in caplog.text


# -- all of an account ----------------------------------------------------------------------------


def test_a_password_alone_logs_in_where_there_is_no_factor(user: User) -> None:
    recovery.renew(user.id)
    found = second.overview(user.id)
    assert (found.required, found.methods) == (False, [])
    assert (found.totp_since, found.passkeys, found.recovery_codes_left) == (None, 0, 10)


def test_anothers_passkey_is_no_factor_of_ones_own(user: User, bob: Person) -> None:
    key = {"name": "x", "public_key": b"x", "handle": b"x", "domain": "collab.test"}
    db.session.add(Passkey(user_id=bob.id, credential_id=b"x", **key))
    db.session.commit()
    for person in (user.id, bob.id):
        recovery.renew(person)
    found, theirs = second.overview(user.id), second.overview(bob.id)
    assert (found.required, found.passkeys, found.methods) == (False, 0, [])
    methods = ["passkey", "recovery_code"]
    assert (theirs.required, theirs.passkeys, theirs.methods) == (True, 1, methods)


def test_the_last_recovery_code_is_a_method_too(user: User, device: Totp) -> None:
    first, *codes = recovery.renew(user.id)
    for code in codes:
        recovery.use(user.id, code)
    assert second.overview(user.id).methods == ["totp", "recovery_code"]
    recovery.use(user.id, first)
    assert second.overview(user.id).methods == ["totp"]


def test_with_an_app_a_code_is_asked_for(user: User, device: Totp) -> None:
    assert second.overview(user.id).methods == ["totp"]
    recovery.renew(user.id)
    found = second.overview(user.id)
    assert (found.required, found.methods) == (True, ["totp", "recovery_code"])
    assert found.totp_since == device.confirmed_at


def test_a_code_is_taken_in_groups_as_apps_show_it(user: User, device: Totp) -> None:
    code = code_of(present())
    second.take_code(user.id, f"{code[:3]} {code[3:]}")
    assert device.last_step > 0


def test_a_code_of_an_app_that_is_not_there_is_wrong(user: User, bob: Person, device: Totp) -> None:
    with pytest.raises(WrongCode):
        second.take_code(bob.id, code_of(present()))
    assert device.failures == 0


def test_a_recovery_code_that_was_used_is_told_and_a_wrong_one_is_not(user: User) -> None:
    codes = recovery.renew(user.id)
    second.take_code(user.id, codes[0])
    with pytest.raises(WrongCode):
        second.take_code(user.id, codes[0])
    (row,) = told("account.recovery_code_used")
    assert (row.data, row.actor) == ({"user_id": user.id, "left": 9}, user.id)


def test_an_account_is_given_recovery_codes_once(user: User) -> None:
    assert len(second.first_codes(user.id)) == 10
    assert second.first_codes(user.id) == []


def test_turning_the_app_off_takes_the_recovery_codes_too_and_is_told(
    user: User, device: Totp
) -> None:
    recovery.renew(user.id)
    second.disable_totp(user)
    db.session.rollback()
    assert totp.load(user.id) is None
    assert recovery.left(user.id) == 0
    (row,) = told("account.totp_disabled")
    assert (row.actor, row.data) == (user.id, {"user_id": user.id})
    with pytest.raises(NotFound):
        second.disable_totp(user)


def test_new_recovery_codes_are_for_accounts_with_a_factor(user: User) -> None:
    with pytest.raises(NoSecondFactor):
        second.renew_codes(user)
    assert recovery.left(user.id) == 0


def test_new_recovery_codes_are_told(user: User, device: Totp) -> None:
    assert len(second.renew_codes(user)) == 10
    db.session.rollback()
    assert recovery.left(user.id) == 10
    (row,) = told("account.recovery_codes_renewed")
    assert (row.actor, row.data) == (user.id, {"user_id": user.id})


def test_what_an_admin_takes_away_is_all_of_that_person_and_is_told_once(
    user: User, ada: Person, bob: Person, device: Totp
) -> None:
    recovery.renew(user.id)
    recovery.renew(bob.id)
    db.session.commit()
    assert second.reset(user.id, ada.id) is True
    db.session.rollback()
    assert second.reset(user.id, ada.id) is False
    assert totp.load(user.id) is None
    assert (recovery.left(user.id), recovery.left(bob.id)) == (0, 10)
    (row,) = told("account.second_factors_removed")
    assert (row.actor, row.data) == (ada.id, {"user_id": user.id})
    with pytest.raises(NotFound):
        second.reset(10**6, ada.id)
    assert TURNS.here().taken


def test_whoever_proves_to_own_an_account_finds_no_factor_of_anothers(
    user: User, device: Totp
) -> None:
    second.close(user.id)
    assert not second.overview(user.id).required
    assert [row.actor for row in told("account.second_factors_removed")] == [None]


# -- where everybody must have one ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "role", "has", "lacks"),
    [
        ("all", "user", False, True),
        ("all", "user", True, False),
        ("admins", "user", False, False),
        ("admins", "admin", False, True),
        ("admins", "admin", True, False),
    ],
)
def test_who_must_have_a_factor(asked: str, role: str, has: bool, lacks: bool, app: Flask) -> None:
    app.config["REQUIRE_SECOND_FACTOR"] = asked
    assert requirement.is_on() is True
    assert requirement.lacks(SimpleNamespace(role=role, has_factor=has)) is lacks


def test_where_it_is_off_nobody_must(app: Flask) -> None:
    app.config["REQUIRE_SECOND_FACTOR"] = "off"
    assert requirement.is_on() is False


@pytest.mark.parametrize(
    "end",
    [second.disable_totp, lambda user: second.reset(user.id, None)],
    ids=["by themselves", "by an admin"],
)
def test_who_was_let_in_by_a_factor_is_no_more_once_it_has_gone(
    end: Callable[[User], object], app: Flask, alice: Person, device: Totp
) -> None:
    app.config["REQUIRE_SECOND_FACTOR"] = "all"
    db.session.remove()  # or nobody is remembered
    assert guard.from_token(alice.token)
    end(db.session.get_one(User, alice.id))
    db.session.remove()
    with pytest.raises(SecondFactorMissing):
        guard.from_token(alice.token)
