"""The second step of a log-in: what the proof is good for, and who learns what."""

import pytest
from sqlalchemy import update

from collab.auth.models import User
from collab.core.models import utcnow
from collab.extensions import db

from ...support.authenticator import Authenticator
from ...support.factors import asked, enrols, finishes, logs_in
from ...support.people import PASSWORD, Person, ok


def test_a_proof_completes_one_log_in(alice, nobody, app_of_alice):
    proof = asked(nobody, alice)["proof"]
    ok(finishes(nobody, proof, code=app_of_alice.code()))

    again = finishes(nobody, proof, code=app_of_alice.recovery_codes[0])

    assert again.json()["type"] == "/problems/proof-refused"


def test_the_recovery_code_beside_a_used_proof_stays_good(alice, nobody, app_of_alice):
    proof = asked(nobody, alice)["proof"]
    ok(finishes(nobody, proof, code=app_of_alice.code()))
    finishes(nobody, proof, code=app_of_alice.recovery_codes[0])
    ok(logs_in(nobody, alice, app_of_alice.recovery_codes[0]))


def test_a_proof_outlives_a_mistyped_code(alice, nobody, app_of_alice):
    proof = asked(nobody, alice)["proof"]
    assert finishes(nobody, proof, code=app_of_alice.wrong_code()).status_code == 401
    ok(finishes(nobody, proof, code=app_of_alice.code()))


def test_a_proof_runs_out(make_app, alice, http):
    app = make_app(SECOND_FACTOR_SECONDS="30")
    from ...conftest import http_for

    with http_for(app) as client:
        nobody, me = Person("nobody", client), alice.at(client)
        device = enrols(me)
        proof = asked(nobody, me)["proof"]
        app.config["SECOND_FACTOR_SECONDS"] = -1
        old = asked(nobody, me)["proof"]
        assert finishes(nobody, old, code=device.code()).json()["type"] == "/problems/proof-refused"
        ok(finishes(nobody, proof, code=device.code()))


def test_a_proof_ends_when_the_password_is_changed(alice, nobody, app_of_alice):
    proof = asked(nobody, alice)["proof"]
    changed = {"current_password": PASSWORD, "new_password": "another good one"}
    assert alice.post("/auth/password", changed).status_code == 204

    answer = finishes(nobody, proof, code=app_of_alice.code())

    assert answer.json()["type"] == "/problems/proof-refused"


def test_a_proof_is_no_good_for_an_account_disabled_meanwhile(app, alice, nobody, app_of_alice):
    proof = asked(nobody, alice)["proof"]
    with app.app_context():
        db.session.execute(update(User).where(User.id == alice.id).values(disabled_at=utcnow()))
        db.session.commit()
    answer = finishes(nobody, proof, code=app_of_alice.code())
    assert answer.json()["type"] == "/problems/account-disabled"


def test_a_proof_of_one_account_takes_no_code_of_another(alice, bob, nobody, app_of_alice):
    device = enrols(bob)
    assert finishes(nobody, asked(nobody, alice)["proof"], code=device.code()).status_code == 401


@pytest.mark.parametrize("shown", [{}, {"code": "123456", "passkey": {}}])
def test_one_thing_is_shown_beside_it(alice, nobody, app_of_alice, shown):
    assert finishes(nobody, asked(nobody, alice)["proof"], **shown).status_code == 422


def test_whoever_has_only_guessed_at_the_password_learns_nothing_of_the_second_factor(
    alice, bob, nobody, app_of_alice
):
    answers = [
        nobody.post("/auth/login", {"email": email, "password": "wrong"}).json()
        for email in (alice.email, bob.email, "unknown@example.com")
    ]
    shown = [{**one, "request_id": ""} for one in answers]
    assert shown[0] == shown[1] == shown[2]


def test_the_first_step_is_no_failure_in_the_audit(alice, nobody, app_of_alice, audit):
    asked(nobody, alice)
    assert audit("login.refused") == []


def test_the_audit_says_by_what_somebody_logged_in(alice, nobody, app_of_alice, audit):
    ok(logs_in(nobody, alice, app_of_alice.code()))
    data = audit("session.started")[0]["data"]
    assert (data["by"], data["factor"]) == ("password", "code")


class TestReset:
    def test_an_admin_takes_all_factors_away_and_the_password_is_enough(
        self, ada, alice, nobody, app_of_alice
    ):
        Authenticator().is_added_by(alice)

        assert ada.post(f"/users/{alice.id}/second-factor/reset").status_code == 204

        ok(nobody.post("/auth/login", {"email": alice.email, "password": PASSWORD}))
        assert ok(alice.get("/auth/second-factor"))["methods"] == []

    def test_it_is_in_the_audit_and_told_to_the_person(self, ada, alice, app_of_alice, audit):
        ada.post(f"/users/{alice.id}/second-factor/reset")

        (row,) = audit("account.second_factors_removed")
        assert row["actor"]["id"] == ada.id
        events = ok(alice.get("/events", params={"topic": f"user:{alice.id}"}))["items"]
        assert "account.second_factors_removed" in {one["type"] for one in events}

    def test_without_any_there_is_nothing_to_tell(self, ada, alice, audit):
        assert ada.post(f"/users/{alice.id}/second-factor/reset").status_code == 204
        assert audit("account.second_factors_removed") == []
