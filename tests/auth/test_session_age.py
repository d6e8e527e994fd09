"""A session ends when it is not used for long, and by its age, however it is used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from flask import Flask
from sqlalchemy import update

from collab.auth.models import Session
from collab.core.models import utcnow
from collab.extensions import db

from ..conftest import http_for
from ..support.people import Person, ok

DAY = timedelta(days=1)


def refresh(person: Person) -> httpx.Response:
    return person.post("/auth/refresh", {"refresh_token": person.refresh_token})


@pytest.fixture
def aged(make_app: Callable[..., Flask], alice: Person) -> Callable[..., Person]:
    """Return a maker of sessions of alice's that were begun a while ago."""

    def make(age: timedelta, **settings: str) -> Person:
        app = make_app(REFRESH_TOKEN_DAYS="7", **settings)
        person = alice.at(http_for(app)).logs_in()
        with app.app_context():
            newest = db.session.query(db.func.max(Session.id)).scalar_subquery()
            begun = update(Session).where(Session.id == newest)
            db.session.execute(
                begun.values(created_at=utcnow() - age).execution_options(synchronize_session=False)
            )
            db.session.commit()
        return person

    return make


def left(person: Person, app: Flask) -> timedelta:
    """Return how long the newest session of a person is still good."""
    with app.app_context():
        mine = Session.user_id == person.id
        session = db.session.query(Session).filter(mine).order_by(Session.id.desc()).first()
        assert session is not None
        return session.expires_at - utcnow()


def test_a_session_that_is_too_old_is_not_gone_on_with(aged: Callable[..., Person]) -> None:
    person = aged(31 * DAY, SESSION_DAYS="30")
    assert refresh(person).status_code == 401
    assert person.logs_in().get("/auth/me").status_code == 200


def test_it_goes_on_until_then_and_no_longer(app: Flask, aged: Callable[..., Person]) -> None:
    person = aged(29 * DAY, SESSION_DAYS="30")
    ok(refresh(person))
    assert timedelta(0) < left(person, app) <= DAY


def test_a_younger_one_has_the_time_of_a_refresh_token(
    app: Flask, aged: Callable[..., Person]
) -> None:
    person = aged(2 * DAY, SESSION_DAYS="30")
    ok(refresh(person))
    assert 6 * DAY < left(person, app) <= 7 * DAY


def test_a_new_one_is_no_older_than_it_may_become(app: Flask, aged: Callable[..., Person]) -> None:
    person = aged(timedelta(0), SESSION_DAYS="1")
    assert left(person, app) <= DAY


def test_where_the_setting_says_never_no_age_ends_it(aged: Callable[..., Person]) -> None:
    ok(refresh(aged(3000 * DAY, SESSION_DAYS="0")))


@pytest.mark.parametrize("days", ["7", "30"])
def test_a_refresh_token_is_not_good_beyond_the_session(
    make_app: Callable[..., Flask], aged: Callable[..., Person], days: str
) -> None:
    """The setting counts as it is now: a session that began under a longer one ends, too."""
    person = aged(31 * DAY, SESSION_DAYS="0")
    shorter = make_app(SESSION_DAYS=days)
    assert refresh(person.at(http_for(shorter))).status_code == 401
