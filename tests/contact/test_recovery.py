"""A forgotten password: the same answer for everybody, and a link that is good once."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from collab.auth.models import User
from collab.contact.models import MailLink, ResetRequest
from collab.core.models import utcnow
from collab.extensions import db

from ..support.people import PASSWORD, ok
from ..support.races import at_once

NEW = "OneGiantLeap1969!"


def forgets(who, email="bob@example.com"):
    return who.post("/auth/password/forgot", {"email": email})


def resets(who, token, password=NEW):
    return who.post("/auth/password/reset", {"token": token, "new_password": password})


def logs_in(who, email="bob@example.com", password=NEW):
    return who.post("/auth/login", {"email": email, "password": password}).status_code


def test_a_new_password_is_chosen_by_the_link_and_ends_all_sessions(token, arrives, nobody, bob):
    assert forgets(nobody).status_code == 202
    assert resets(nobody, token()).status_code == 204
    assert bob.get("/auth/me").status_code == 401
    assert logs_in(nobody) == 200
    assert logs_in(nobody, password=PASSWORD) == 401
    (told,) = arrives()
    assert told["Subject"] == "Your password was changed"


def test_it_verifies_the_address_and_is_seen_by_the_person(token, nobody, bob):
    forgets(nobody)
    resets(nobody, token())
    again = ok(nobody.post("/auth/login", {"email": bob.email, "password": NEW}))
    assert again["user"]["email_verified"]
    bob.token = again["access_token"]
    kinds = [one["type"] for one in ok(bob.get(f"/events?topic=user:{bob.id}"))["items"]]
    assert "account.password_reset_requested" in kinds
    assert "account.password_changed" in kinds


def test_a_link_is_good_once(token, nobody):
    forgets(nobody)
    link = token()
    assert resets(nobody, link).status_code == 204
    assert resets(nobody, link, "AnotherLeap1970!").status_code == 410
    assert logs_in(nobody) == 200


def test_of_some_at_once_one_sets_the_password(app, token, nobody):
    forgets(nobody)
    link = token()
    words = ["OneGiantLeap1969!", "TwoGiantLeaps1970!", "ThreeLeaps1971!"]
    acts = [(nobody, lambda who, word=word: resets(who, link, word)) for word in words]
    answers = [answer.status_code for answer in at_once(app, *acts)]
    assert sorted(answers) == [204, 410, 410]
    winner = words[answers.index(204)]
    assert [logs_in(nobody, password=word) for word in words].count(200) == 1
    assert logs_in(nobody, password=winner) == 200


def test_a_newer_link_ends_the_older_one(token, nobody):
    forgets(nobody)
    old = token()
    forgets(nobody)
    new = token()
    assert resets(nobody, old).status_code == 410
    assert resets(nobody, new).status_code == 204


def test_a_link_is_good_for_half_an_hour(app, token, nobody):
    forgets(nobody)
    link = token()
    with app.app_context():
        left = db.session.scalar(select(MailLink.expires_at)) - utcnow()
        assert timedelta(minutes=29) < left <= timedelta(minutes=30)
        db.session.execute(update(MailLink).values(expires_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()
    assert resets(nobody, link).status_code == 410
    assert logs_in(nobody, password=PASSWORD) == 200


def test_a_link_that_verifies_sets_no_password(token, nobody, dora):
    assert resets(nobody, token()).status_code == 410


def test_a_weak_password_is_refused_and_the_link_stays_good(token, nobody):
    forgets(nobody)
    link = token()
    assert resets(nobody, link, "password1").status_code == 422
    assert resets(nobody, link).status_code == 204


def test_an_account_without_a_password_gets_one_this_way(app, token, nobody, bob):
    with app.app_context():
        db.session.get_one(User, bob.id).password_hash = ""
        db.session.commit()
    forgets(nobody)
    assert resets(nobody, token()).status_code == 204
    assert logs_in(nobody) == 200


def test_who_is_disabled_gets_nothing(arrives, nobody, ada, bob):
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    assert forgets(nobody).status_code == 202
    assert arrives() == []


def test_a_link_of_somebody_who_was_disabled_meanwhile_sets_nothing(token, nobody, ada, bob):
    forgets(nobody)
    link = token()
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    assert resets(nobody, link).status_code == 410


def test_the_answer_is_the_same_for_every_address(app, nobody, ada, bob, vera):
    """What is done is the same, too: so no time gives an account away."""
    ok(ada.patch(f"/users/{vera.id}", {"disabled": True}))
    answers, statements = set(), []
    for address in ("bob@example.com", "nobody@example.com", vera.email):
        with Statements(app) as seen:
            answer = forgets(nobody, address)
        shown = {name: value for name, value in answer.headers.items() if name not in CHANGING}
        answers.add((answer.status_code, answer.text, str(sorted(shown.items()))))
        statements.append(seen.found)
    assert len(answers) == 1
    assert statements[0] == statements[1] == statements[2]
    assert not any("users" in one for one in statements[0])


CHANGING = ("x-request-id", "date")


class Statements:
    """The statements that the database is asked meanwhile."""

    def __init__(self, app):
        with app.app_context():
            self.engine = db.engine
        self.found = []

    def _note(self, connection, cursor, statement, *rest):
        self.found.append(statement)

    def __enter__(self):
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_):
        event.remove(self.engine, "before_cursor_execute", self._note)


def test_who_has_no_account_gets_nothing(app, arrives, nobody):
    for number in range(3):
        assert forgets(nobody, f"p{number}@example.com").status_code == 202
    assert arrives() == []
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ResetRequest)) == 0


def test_a_mailbox_is_not_filled_by_others(arrives, nobody):
    found = []
    for _ in range(7):
        assert forgets(nobody).status_code == 202
        found += arrives()
    assert len(found) == 5


@pytest.mark.parametrize("spelling", ["BOB@example.com", " bob@EXAMPLE.com ", "bob@example.com."])
def test_an_address_is_found_however_it_is_spelled(arrives, nobody, spelling):
    assert forgets(nobody, spelling).status_code == 202
    assert len(arrives()) == 1


@pytest.mark.parametrize(("verified", "stays"), [(True, 200), (False, 401)])
def test_tokens_of_scripts_stay_where_the_address_was_verified_before(
    app, token, nobody, bob, verified, stays
):
    """Whoever registers with the address of another may have made some."""
    script = bob.comes_with(bob.makes_token("tasks:read")["token"])
    with app.app_context():
        db.session.get_one(User, bob.id).email_verified_at = utcnow() if verified else None
        db.session.commit()
    forgets(nobody)
    assert resets(nobody, token()).status_code == 204
    assert script.get("/tasks").status_code == stays
