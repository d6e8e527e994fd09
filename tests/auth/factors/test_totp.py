"""Authenticator apps: they count once confirmed, and each code is taken once."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import select, update

from collab.auth.factors.models import Totp
from collab.auth.factors.totp import step_of
from collab.core.models import utcnow
from collab.extensions import db

from ...support.factors import App, asked, enrols, finishes, logs_in
from ...support.people import PASSWORD, ok
from ...support.races import at_once, statuses

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = 1_800_000_000.0


def test_an_app_is_told_its_secret_as_text_address_and_picture(alice):
    begun = ok(alice.post("/auth/totp", {"password": PASSWORD}))

    address = urlsplit(begun["uri"])
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query)["secret"] == [begun["secret"]]
    assert address.path == "/Collab:alice%40example.com"
    assert begun["qr"].startswith("<svg")


def test_an_app_that_was_not_confirmed_asks_for_nothing(alice, nobody):
    ok(alice.post("/auth/totp", {"password": PASSWORD}))
    ok(nobody.post("/auth/login", {"email": alice.email, "password": PASSWORD}))


def test_a_wrong_code_confirms_nothing(alice):
    app = App(ok(alice.post("/auth/totp", {"password": PASSWORD}))["secret"])
    answer = alice.post("/auth/totp/confirm", {"code": app.wrong_code()})

    assert answer.status_code == 401
    assert ok(alice.get("/auth/second-factor"))["required"] is False


def test_a_second_app_is_begun_only_after_the_first_was_turned_off(alice, app_of_alice):
    assert alice.post("/auth/totp", {"password": PASSWORD}).status_code == 409


def test_a_log_in_asks_for_the_code_and_gives_no_token_before(alice, nobody, app_of_alice):
    answer = nobody.post("/auth/login", {"email": alice.email, "password": PASSWORD})

    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/second-factor-required"
    assert answer.json()["second_factor"]["methods"] == ["totp", "recovery_code"]
    assert "access_token" not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_the_code_completes_the_log_in(alice, nobody, app_of_alice):
    signed_in = ok(logs_in(nobody, alice, app_of_alice.code()))

    assert signed_in["user"]["id"] == alice.id
    assert ok(alice.comes_with(signed_in["access_token"]).get("/auth/me"))["id"] == alice.id


def test_the_second_step_puts_the_refresh_token_into_the_cookie_if_asked(
    alice, nobody, app_of_alice
):
    proof = asked(nobody, alice)["proof"]
    answer = finishes(nobody, proof, code=app_of_alice.code(), cookie=True)

    assert "refresh_token" not in ok(answer)
    assert "HttpOnly" in answer.headers["Set-Cookie"]


def test_a_session_that_goes_on_is_refreshed_without_a_code(alice, nobody, app_of_alice):
    signed_in = ok(logs_in(nobody, alice, app_of_alice.code()))
    ok(nobody.post("/auth/refresh", {"refresh_token": signed_in["refresh_token"]}))


def test_the_code_that_confirmed_the_app_is_not_taken_again(alice, nobody):
    assert logs_in(nobody, alice, enrols(alice).code(0)).status_code == 401


def test_a_code_that_was_used_is_refused_within_its_time(alice, nobody, app_of_alice):
    code = app_of_alice.code()
    ok(logs_in(nobody, alice, code))
    assert logs_in(nobody, alice, code).json()["type"] == "/problems/wrong-code"


def test_of_two_log_ins_with_one_code_at_once_one_succeeds(app, alice, nobody, app_of_alice):
    code, proofs = app_of_alice.code(), [asked(nobody, alice)["proof"] for _ in range(4)]
    acts = [(nobody, lambda who, one=one: finishes(who, one, code=code)) for one in proofs]
    assert statuses(at_once(app, *acts)) == [200, 401, 401, 401]


def test_of_two_log_ins_with_one_proof_at_once_one_succeeds(app, alice, nobody, app_of_alice):
    proof = asked(nobody, alice)["proof"]
    codes = (app_of_alice.code(), app_of_alice.recovery_codes[0])
    acts = [(nobody, lambda who, one=one: finishes(who, proof, code=one)) for one in codes]
    assert statuses(at_once(app, *acts)) == [200, 401]


@pytest.mark.parametrize(("ahead", "taken"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_clock_may_be_wrong_by_one_step(ahead, taken):
    present = int(NOW) // 30
    code = pyotp.TOTP(SECRET).generate_otp(present + ahead)
    assert step_of(SECRET, code, NOW) == (present + ahead if taken else None)


def test_secrets_are_not_kept_as_they_are(app, app_of_alice):
    with app.app_context():
        assert app_of_alice.secret not in db.session.scalars(select(Totp.secret)).one()


def test_where_the_key_of_the_seal_is_gone_a_recovery_code_still_helps(
    app, alice, nobody, app_of_alice
):
    with app.app_context():
        db.session.execute(update(Totp).values(secret="sealed by a key that is gone"))
        db.session.commit()
    assert logs_in(nobody, alice, app_of_alice.code()).status_code == 401
    ok(logs_in(nobody, alice, app_of_alice.recovery_codes[0]))


class TestGuessing:
    def fails(self, nobody, alice, app, times):
        proof, code = asked(nobody, alice)["proof"], app.wrong_code()
        return [finishes(nobody, proof, code=code).status_code for _ in range(times)]

    def let_wait_pass(self, app):
        with app.app_context():
            db.session.execute(update(Totp).values(wait_until=utcnow() - timedelta(seconds=1)))
            db.session.commit()

    def test_five_wrong_codes_and_then_even_the_right_one_waits(self, nobody, alice, app_of_alice):
        assert self.fails(nobody, alice, app_of_alice, 6) == [401] * 5 + [429]

        answer = logs_in(nobody, alice, app_of_alice.code())

        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 15 * 60

    def test_each_wrong_code_after_that_doubles_the_wait(self, app, nobody, alice, app_of_alice):
        self.fails(nobody, alice, app_of_alice, 5)
        self.let_wait_pass(app)
        assert self.fails(nobody, alice, app_of_alice, 2) == [401, 429]

        answer = logs_in(nobody, alice, app_of_alice.code())

        assert 15 * 60 < int(answer.headers["Retry-After"]) <= 30 * 60

    def test_a_day_without_a_guess_brings_no_free_ones(self, app, nobody, alice, app_of_alice):
        self.fails(nobody, alice, app_of_alice, 5)
        with app.app_context():
            past = utcnow() - timedelta(days=2)
            db.session.execute(update(Totp).values(failed_at=past, wait_until=past))
            db.session.commit()
        assert self.fails(nobody, alice, app_of_alice, 2) == [401, 429]

    def test_the_right_code_after_the_wait_forgives_them(self, app, nobody, alice, app_of_alice):
        self.fails(nobody, alice, app_of_alice, 5)
        self.let_wait_pass(app)
        ok(logs_in(nobody, alice, app_of_alice.code()))
        assert self.fails(nobody, alice, app_of_alice, 5) == [401] * 5

    def test_a_recovery_code_is_taken_meanwhile(self, nobody, alice, app_of_alice):
        self.fails(nobody, alice, app_of_alice, 5)
        ok(logs_in(nobody, alice, app_of_alice.recovery_codes[0]))

    def test_whoever_lacks_the_password_makes_the_owner_wait_for_nothing(
        self, nobody, alice, app_of_alice
    ):
        for _ in range(8):
            nobody.post("/auth/login", {"email": alice.email, "password": "wrong"})
            finishes(nobody, "made up", code=app_of_alice.wrong_code())
        ok(logs_in(nobody, alice, app_of_alice.code()))

    def test_guesses_by_a_stolen_session_count_too(self, alice, app_of_alice):
        wrong = {"code": app_of_alice.wrong_code()}
        answers = [alice.post("/auth/totp/disable", wrong).status_code for _ in range(6)]
        assert answers == [401] * 5 + [429]

    def test_many_at_once_are_no_way_around_the_count(self, app, nobody, alice, app_of_alice):
        proof, code = asked(nobody, alice)["proof"], app_of_alice.wrong_code()
        acts = [(nobody, lambda who: finishes(who, proof, code=code))] * 9
        assert statuses(at_once(app, *acts)) == [401] * 5 + [429] * 4

    def test_they_are_in_the_audit(self, nobody, alice, app_of_alice, audit):
        self.fails(nobody, alice, app_of_alice, 1)
        (row,) = audit("login.refused")
        assert row["data"]["email"] == alice.email
        assert row["data"]["reason"] == "wrong code of the second factor"


class TestTurningOff:
    def test_it_wants_the_password_or_a_code(self, alice, app_of_alice):
        assert alice.post("/auth/totp/disable").status_code == 422
        assert alice.post("/auth/totp/disable", {"password": "wrong"}).status_code == 401
        assert ok(alice.get("/auth/second-factor"))["required"] is True

    @pytest.mark.parametrize("shown", ["password", "code", "recovery code"])
    def test_any_of_them_will_do(self, alice, nobody, app_of_alice, shown):
        body = {
            "password": {"password": PASSWORD},
            "code": {"code": app_of_alice.code()},
            "recovery code": {"code": app_of_alice.recovery_codes[3]},
        }[shown]

        assert alice.post("/auth/totp/disable", body).status_code == 204

        ok(nobody.post("/auth/login", {"email": alice.email, "password": PASSWORD}))

    def test_it_ends_nothing_else_and_is_in_the_audit(self, alice, nobody, app_of_alice, audit):
        token = ok(logs_in(nobody, alice, app_of_alice.code()))["access_token"]
        other = alice.comes_with(token)
        alice.post("/auth/totp/disable", {"password": PASSWORD})

        ok(alice.get("/auth/me"))
        ok(other.get("/auth/me"))
        assert [one["actor"]["id"] for one in audit("account.totp_disabled")] == [alice.id]

    def test_recovery_codes_go_with_it(self, alice, app_of_alice):
        alice.post("/auth/totp/disable", {"password": PASSWORD})
        assert ok(alice.get("/auth/second-factor"))["recovery_codes_left"] == 0

    def test_a_new_app_has_a_new_secret(self, alice, app_of_alice):
        alice.post("/auth/totp/disable", {"password": PASSWORD})
        assert enrols(alice).secret != app_of_alice.secret
