"""An account gets another address once that one is shown to be read; nothing tells who has one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from collab.contact.models import MailLink
from collab.core.models import utcnow
from collab.extensions import db

from ..support.mail import links_in, text_of
from ..support.people import PASSWORD, ok

NEW = "alice@example.org"


def asks(who, email=NEW, **members):
    return who.post("/auth/email", {"email": email, "password": PASSWORD} | members)


def confirm(who, token):
    return who.post("/auth/email/confirm", {"token": token})


def email_of(who):
    me = ok(who.get("/auth/me"))
    return me["email"], me["email_verified"]


@pytest.fixture
def link(arrives, alice):
    """Return what the link ends with that alice's new address was sent."""
    assert asks(alice).json() == {}
    (mail,) = arrives()
    assert mail["To"] == NEW
    return links_in(mail)[0].partition("/new-address#")[2]


def test_it_counts_once_the_new_address_has_shown_that_it_is_read(alice, nobody, link, arrives):
    before = alice.email
    assert email_of(alice)[0] == before
    assert ok(confirm(alice, link)) == {"email": NEW, "email_verified": True}
    assert email_of(alice) == (NEW, True)
    (told,) = arrives()
    assert told["To"] == before
    assert NEW not in text_of(told)
    known = {"email": NEW, "password": PASSWORD}
    assert nobody.post("/auth/login", known).status_code == 200
    assert nobody.post("/auth/login", known | {"email": before}).status_code == 401
    assert confirm(alice, link).status_code == 410


def test_sessions_go_on_and_it_is_in_the_audit(alice, ada, link):
    again = alice.logs_in()
    ok(confirm(alice, link))
    assert again.get("/auth/me").status_code == 200
    (noted,) = ok(ada.get("/audit?type=account.email_changed"))["items"]
    assert (noted["actor"]["id"], NEW in str(noted)) == (alice.id, False)


def test_the_link_is_good_for_the_person_who_asked_alone(alice, bob, link):
    assert confirm(bob, link).status_code == 410
    assert email_of(alice)[0] != NEW
    ok(confirm(alice, link))


def test_the_link_is_good_for_an_hour(app, alice, link):
    with app.app_context():
        db.session.execute(update(MailLink).values(expires_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()
    assert confirm(alice, link).status_code == 410


def test_a_taken_address_is_told_to_its_mailbox_alone(alice, bob, arrives):
    free, taken = asks(alice), asks(alice, bob.email)
    assert (free.status_code, free.text) == (taken.status_code, taken.text)
    first, second = arrives()
    assert (first["To"], second["To"]) == (NEW, bob.email)
    assert "Nothing has changed" in text_of(second)
    assert links_in(second) == []


def test_of_an_address_that_was_taken_meanwhile_nothing_comes(alice, bob, link, arrives):
    asks(bob)
    (mail,) = arrives()
    ok(confirm(bob, links_in(mail)[0].partition("#")[2]))
    assert confirm(alice, link).status_code == 409
    assert email_of(bob) == (NEW, True)


def test_it_wants_the_password_or_a_fresh_log_in(app, alice, arrives):
    assert asks(alice, password="not the password").status_code == 401
    app.config["FRESH_LOGIN_MINUTES"] = 0
    assert asks(alice, password=None).json()["type"].endswith("log-in-not-fresh")
    assert arrives() == []


def test_a_link_to_the_address_before_is_void(alice, nobody, link, arrives):
    nobody.post("/auth/password/forgot", {"email": alice.email})
    (reset,) = arrives()
    ok(confirm(alice, link))
    used = {"token": links_in(reset)[0].partition("#")[2], "new_password": "OneGiantLeap1969!"}
    assert nobody.post("/auth/password/reset", used).status_code == 410


def test_nobody_fills_mailboxes_by_asking(alice, bob, arrives):
    statuses = [
        asks(alice, f"a{number}@example.org", password=None).status_code for number in range(11)
    ]
    assert statuses == [202] * 10 + [429]
    assert [asks(bob, password=None).status_code for _ in range(6)] == [202] * 5 + [429]
    assert len(arrives()) == 15


def test_what_is_no_other_address_is_refused(alice):
    assert asks(alice, alice.email.upper()).status_code == 422
    assert asks(alice, "nonsense").status_code == 422
