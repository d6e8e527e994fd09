"""An account without a password, such as one that another service signs in to, gets its first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from collab.auth.models import Session, User
from collab.auth.passwords import check_password
from collab.core.models import utcnow
from collab.extensions import db

from ..support.people import Person, ok

NEW = "one giant leap for a person"
FIRST = {"new_password": NEW}


def change(app: Flask, statement: object) -> None:
    with app.app_context():
        db.session.execute(statement)
        db.session.commit()


@pytest.fixture
def dora(app: Flask, alice: Person) -> Person:
    """Return somebody who has just signed in to an account without a password."""
    person = alice.logs_in()
    change(app, update(User).where(User.id == alice.id).values(password_hash=""))
    return person


def test_the_first_password_is_set_right_after_a_log_in(dora):
    assert dora.post("/auth/password", FIRST).status_code == 204
    body = {"email": dora.email, "password": NEW}
    assert ok(dora.http.post("/auth/login", json=body))["user"]["id"] == dora.id


def test_setting_it_ends_the_other_sessions(dora, alice):
    dora.post("/auth/password", FIRST)
    assert dora.get("/auth/me").status_code == 200
    assert alice.get("/auth/me").status_code == 401


def test_a_log_in_of_a_while_ago_sets_none(app, dora):
    before = utcnow() - timedelta(days=2)
    change(app, update(Session).values(created_at=before))
    answer = dora.post("/auth/password", FIRST)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/log-in-not-fresh")


def test_whoever_has_a_password_must_know_it_to_change_it(alice):
    answer = alice.logs_in().post("/auth/password", FIRST)
    assert (answer.status_code, answer.json()["status"]) == (409, 409)


def test_a_weak_one_is_refused(dora):
    assert dora.post("/auth/password", {"new_password": "password"}).status_code == 422


@pytest.mark.parametrize("tried", ["", "a password that nobody has", " "])
def test_no_password_is_right_for_an_account_without_one(app, dora, tried):
    body = {"email": dora.email, "password": tried or "x"}
    assert dora.http.post("/auth/login", json=body).status_code == 401
    with app.app_context():
        assert check_password(tried, "") is None
