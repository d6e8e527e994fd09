import time

import pytest
from sqlalchemy import select

from collab.auth import passwords
from collab.auth.attempts import SPRAY_FACTOR
from collab.auth.models import User
from collab.core.security.argon2id import OWASP_MIB
from collab.extensions import db

from ..conftest import http_for
from ..support.people import PASSWORD, Person, ok


def credentials(person, password=PASSWORD):
    return {"email": person.email, "password": password}


def test_says_who_and_in_which_role(ada, nobody):
    body = ok(nobody.post("/auth/login", credentials(ada)))

    assert (body["user"]["id"], body["role"]) == (ada.id, "admin")


def test_the_token_opens_what_needs_one(alice):
    assert ok(alice.logs_in().get("/auth/me"))["id"] == alice.id


def test_the_address_may_be_in_any_case(alice, nobody):
    body = {"email": alice.email.upper(), "password": PASSWORD}
    assert nobody.post("/auth/login", body).status_code == 200


def test_a_wrong_password_and_an_unknown_address_are_told_the_same(alice, nobody):
    wrong = nobody.post("/auth/login", credentials(alice, "something else")).json()
    unknown = nobody.post(
        "/auth/login", {"email": "who@example.com", "password": "something else"}
    ).json()

    wrong.pop("request_id"), unknown.pop("request_id")
    assert wrong == unknown
    assert wrong["status"] == 401


def test_an_unknown_address_costs_as_much_work_as_a_wrong_password(app):
    """The ratio of processor time within one run; a skipped check would be 1,000 times less."""
    app.config["PASSWORD_HASH_MB"] = OWASP_MIB

    def work(known):
        start = time.process_time()
        for _ in range(3):
            assert not passwords.check_password("wrong", known)
        return time.process_time() - start

    with app.app_context():
        kept = passwords.hash_password(PASSWORD)
        assert 0.2 < work(None) / work(kept) < 5


def test_a_disabled_account_is_refused(ada, alice, nobody):
    ok(ada.patch(f"/users/{alice.id}", {"disabled": True}))

    answer = nobody.post("/auth/login", credentials(alice))

    assert answer.status_code == 401
    assert "disabled" in answer.json()["detail"]


def test_answers_with_tokens_are_never_stored(alice, nobody):
    assert nobody.post("/auth/login", credentials(alice)).headers["Cache-Control"] == "no-store"


class TestLimits:
    @pytest.fixture
    def app(self, make_app):
        return make_app(AUTH_RATE_LIMIT="5 per 15 minutes")

    def fail(self, nobody, person, times=5):
        return [
            nobody.post("/auth/login", credentials(person, "wrong")).status_code
            for _ in range(times)
        ]

    def test_five_failures_and_then_one_has_to_wait(self, nobody, alice):
        assert self.fail(nobody, alice, 6) == [401] * 5 + [429]

    def test_the_answer_says_how_long(self, nobody, alice):
        self.fail(nobody, alice)
        answer = nobody.post("/auth/login", credentials(alice))

        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 15 * 60 + 1
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_another_person_behind_the_same_address_is_not_kept_out(self, nobody, alice, bob):
        self.fail(nobody, alice)
        assert nobody.post("/auth/login", credentials(bob)).status_code == 200

    def test_the_right_password_forgives_the_failures(self, nobody, alice):
        for _ in range(3):
            self.fail(nobody, alice, 4)
            assert nobody.post("/auth/login", credentials(alice)).status_code == 200

    def test_log_ins_that_succeed_are_not_counted(self, nobody, alice):
        for _ in range(8):
            assert nobody.post("/auth/login", credentials(alice)).status_code == 200

    def test_trying_one_password_on_many_addresses_is_stopped_too(self, make_app):
        with http_for(make_app(AUTH_RATE_LIMIT="1 per 15 minutes")) as http:
            nobody = Person("nobody", http)
            statuses = {
                nobody.post(
                    "/auth/login", {"email": f"p{number}@example.com", "password": "wrong"}
                ).status_code
                for number in range(SPRAY_FACTOR + 1)
            }
        assert statuses == {401, 429}

    def test_registering_a_taken_address_counts_as_a_failure(self, nobody, alice):
        statuses = [nobody.post("/auth/register", credentials(alice)).status_code for _ in range(6)]
        assert statuses == [409] * 5 + [429]

    def test_guessing_the_present_password_of_a_stolen_session_is_limited(self, alice):
        body = {"current_password": "wrong", "new_password": "another good one"}
        statuses = [alice.post("/auth/password", body).status_code for _ in range(6)]
        assert statuses == [401] * 5 + [429]


def test_whose_hash_was_made_with_other_memory_has_a_new_one_after_a_log_in(app, alice):
    app.config["PASSWORD_HASH_MB"] = 2
    ok(alice.post("/auth/login", credentials(alice)))
    with app.app_context():
        kept = db.session.scalar(select(User.password_hash).where(User.id == alice.id))
    assert f"$m={2 * 1024}," in kept
