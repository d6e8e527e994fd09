from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from collab.auth.models import Session
from collab.auth.sessions import MAX_SESSIONS_KEPT
from collab.core.models import utcnow
from collab.events.models import EventRow
from collab.extensions import db

from ..support.people import PASSWORD, ok


@pytest.fixture
def phone(alice):
    """Return alice in a second session."""
    return alice.logs_in()


def sessions(person):
    return ok(person.get("/auth/sessions"))["items"]


def test_lists_each_and_marks_the_one_that_asks(alice, phone):
    listed = sessions(phone)

    assert len(listed) == 2
    assert [one["current"] for one in listed].count(True) == 1


def test_shows_from_where_and_with_what(alice):
    shown = sessions(alice)[0]

    assert shown["address"] == "127.0.0.1"
    assert "httpx" in shown["user_agent"]


def test_shows_nobody_elses(alice, bob):
    assert not {one["id"] for one in sessions(alice)} & {one["id"] for one in sessions(bob)}


def test_a_session_can_be_ended_from_another(alice, phone):
    theirs = next(one["id"] for one in sessions(alice) if not one["current"])
    ok(alice.delete(f"/auth/sessions/{theirs}"))

    assert phone.get("/auth/me").status_code == 401
    assert alice.get("/auth/me").status_code == 200


def test_a_session_is_ended_once(alice, phone):
    theirs = next(one["id"] for one in sessions(alice) if not one["current"])
    ok(alice.delete(f"/auth/sessions/{theirs}"))

    assert alice.delete(f"/auth/sessions/{theirs}").status_code == 404


def test_somebody_elses_session_is_not_there_to_end(alice, bob):
    assert alice.delete(f"/auth/sessions/{sessions(bob)[0]['id']}").status_code == 404
    assert bob.get("/auth/me").status_code == 200


def test_logging_out_ends_this_session_alone(alice, phone):
    ok(phone.post("/auth/logout"))

    assert phone.get("/auth/me").status_code == 401
    assert alice.get("/auth/me").status_code == 200


def test_logging_out_everywhere_ends_all(alice, phone):
    ok(phone.post("/auth/logout-all"))

    assert phone.get("/auth/me").status_code == 401
    assert alice.get("/auth/me").status_code == 401


def test_an_ended_session_is_listed_no_more(alice, phone):
    ok(phone.post("/auth/logout"))
    assert len(sessions(alice)) == 1


class TestPasswordChange:
    NEW = "a brand new battery"

    def change(self, person, current=PASSWORD, new=NEW):
        return person.post("/auth/password", {"current_password": current, "new_password": new})

    def test_the_new_one_works_and_the_old_one_does_not(self, alice, nobody):
        ok(self.change(alice))

        old = nobody.post("/auth/login", {"email": alice.email, "password": PASSWORD})
        new = nobody.post("/auth/login", {"email": alice.email, "password": self.NEW})
        assert (old.status_code, new.status_code) == (401, 200)

    def test_the_other_sessions_end(self, alice, phone):
        ok(self.change(alice))
        assert phone.get("/auth/me").status_code == 401

    def test_this_session_goes_on(self, alice):
        ok(self.change(alice))
        assert alice.get("/auth/me").status_code == 200

    def test_it_takes_the_present_password(self, alice):
        assert self.change(alice, current="not it").status_code == 401

    def test_a_weak_new_one_is_refused_by_name(self, alice):
        answer = self.change(alice, new="password")

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/new_password"


def test_the_oldest_sessions_end_where_somebody_has_very_many(app, alice):
    begun = {"user_agent": "", "address": "127.0.0.1", "expires_at": utcnow() + timedelta(days=1)}
    rows = [
        begun | {"user_id": alice.id, "token_digest": str(number)}
        for number in range(MAX_SESSIONS_KEPT - 1)
    ]
    with app.app_context():
        db.session.execute(insert(Session), rows)
        db.session.commit()
    again = alice.logs_in()

    assert alice.get("/auth/me").status_code == 401  # it was the oldest
    assert again.get("/auth/me").status_code == 200
    with app.app_context():
        mine = select(func.count(Session.id)).where(Session.user_id == alice.id)
        assert db.session.scalar(mine) == MAX_SESSIONS_KEPT
        told = select(EventRow.data).where(EventRow.type == "session.revoked")
        assert [row["reason"] for row in db.session.scalars(told)] == ["more than 1,000 sessions"]
