"""Recovery codes: ten, each good once, however it is written."""

import math

import pytest
from sqlalchemy import select

from collab.auth.factors.models import RecoveryCode
from collab.auth.factors.recovery import CODE_ALPHABET, CODE_LENGTH
from collab.extensions import db

from ...support.factors import asked, finishes, logs_in
from ...support.people import PASSWORD, ok
from ...support.races import at_once, statuses


def test_there_are_ten_different_ones(alice, app_of_alice):
    assert len(set(app_of_alice.recovery_codes)) == 10
    assert ok(alice.get("/auth/second-factor"))["recovery_codes_left"] == 10


def test_each_has_120_random_bits(app_of_alice):
    """From 112 on a plain hash keeps a code that is looked up (ASVS 5.0, 6.5.2)."""
    bits = math.log2(len(CODE_ALPHABET)) * CODE_LENGTH
    assert bits == 120
    written = {code.replace("-", "") for code in app_of_alice.recovery_codes}
    assert {len(code) for code in written} == {CODE_LENGTH}
    assert len(set("".join(written))) > len(CODE_ALPHABET) // 2


def test_one_completes_a_log_in_and_is_used_up(alice, nobody, app_of_alice):
    code = app_of_alice.recovery_codes[0]
    ok(logs_in(nobody, alice, code))

    assert logs_in(nobody, alice, code).json()["type"] == "/problems/wrong-code"
    assert ok(alice.get("/auth/second-factor"))["recovery_codes_left"] == 9


def test_of_log_ins_with_one_code_at_once_one_succeeds(app, alice, nobody, app_of_alice):
    code, proofs = app_of_alice.recovery_codes[0], [asked(nobody, alice)["proof"] for _ in "abcd"]
    acts = [(nobody, lambda who, one=one: finishes(who, one, code=code)) for one in proofs]
    assert statuses(at_once(app, *acts)) == [200, 401, 401, 401]


@pytest.mark.parametrize(
    "written",
    [str.upper, lambda code: code.replace("-", ""), lambda code: code.replace("-", " ")],
)
def test_it_may_be_written_in_other_ways(alice, nobody, app_of_alice, written):
    ok(logs_in(nobody, alice, written(app_of_alice.recovery_codes[0])))


def test_that_one_was_used_is_told_to_its_owner(alice, nobody, app_of_alice):
    ok(logs_in(nobody, alice, app_of_alice.recovery_codes[0]))
    events = ok(alice.get("/events", params={"topic": f"user:{alice.id}"}))["items"]
    assert {"left": 9}.items() <= next(
        one["data"] for one in events if one["type"] == "account.recovery_code_used"
    ).items()


def test_new_ones_take_the_place_of_the_old(alice, nobody, app_of_alice):
    renewed = ok(alice.post("/auth/recovery-codes", {"password": PASSWORD}))["recovery_codes"]

    assert len(renewed) == 10
    assert logs_in(nobody, alice, app_of_alice.recovery_codes[0]).status_code == 401
    ok(logs_in(nobody, alice, renewed[0]))


def test_new_ones_want_the_password(alice, app_of_alice):
    assert alice.post("/auth/recovery-codes").status_code == 422


def test_without_a_second_factor_there_are_none(alice):
    assert alice.post("/auth/recovery-codes", {"password": PASSWORD}).status_code == 409


def test_somebody_elses_are_no_good(alice, bob, nobody, app_of_alice):
    from ...support.factors import enrols

    theirs = enrols(bob).recovery_codes[0]
    assert logs_in(nobody, alice, theirs).status_code == 401


def test_the_database_has_none_of_them(app, app_of_alice):
    with app.app_context():
        kept = db.session.scalars(select(RecoveryCode.digest)).all()
    assert len(kept) == 10
    assert not any(code.replace("-", "") in kept for code in app_of_alice.recovery_codes)
