"""An address is verified by the link that was sent to it: once, in time, and no other address."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from collab.auth.models import User
from collab.contact.models import MailLink
from collab.core.models import utcnow
from collab.extensions import db

from ..support import databases
from ..support.mail import links_in, text_of
from ..support.people import ok


def confirm(who, token):
    return who.post("/auth/verification/confirm", {"token": token})


def is_verified(who):
    return ok(who.get("/auth/me"))["email_verified"]


def test_whoever_registers_is_sent_a_link_that_verifies_the_address(arrives, dora, nobody):
    assert not is_verified(dora)
    (mail,) = arrives()
    assert mail["To"] == dora.email
    (link,) = links_in(mail)
    assert link.startswith("http://127.0.0.1:5000/verify#")
    assert link in text_of(mail, "html")
    answer = ok(confirm(nobody, link.partition("#")[2]))
    assert answer == {"email": dora.email, "email_verified": True}
    assert is_verified(dora)


def test_a_link_is_good_once(token, dora, nobody):
    link = token()
    ok(confirm(nobody, link))
    spent = confirm(nobody, link)
    assert spent.status_code == 410
    assert spent.json()["type"].endswith("link-spent")
    assert is_verified(dora)


def test_a_newer_link_ends_the_older_one(token, dora, nobody):
    old = token()
    assert dora.post("/auth/verification").status_code == 202
    new = token()
    assert confirm(nobody, old).status_code == 410
    assert confirm(nobody, new).status_code == 200


def test_a_link_is_good_for_two_days(app, token, dora, nobody):
    link = token()
    with app.app_context():
        db.session.execute(update(MailLink).values(expires_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()
    assert confirm(nobody, link).status_code == 410
    assert not is_verified(dora)


def test_a_link_verifies_no_other_address(app, token, dora, nobody):
    link = token()
    with app.app_context():
        db.session.get_one(User, dora.id).email = "theodora@example.com"
        db.session.commit()
    assert confirm(nobody, link).status_code == 410
    assert not is_verified(dora)


def test_a_new_address_is_not_verified(app, token, dora, nobody):
    ok(confirm(nobody, token()))
    with app.app_context():
        db.session.get_one(User, dora.id).email = "theodora@example.com"
        db.session.commit()
    assert not is_verified(dora)


def test_an_address_is_sent_five_links_a_day(arrives, dora):
    answers = [dora.post("/auth/verification").status_code for _ in range(6)]
    assert answers == [202] * 5 + [429]
    assert len(arrives()) == 5


def test_who_is_verified_needs_no_link(token, dora, nobody):
    ok(confirm(nobody, token()))
    assert dora.post("/auth/verification").status_code == 409


@pytest.mark.parametrize("wrong", ["x", "0" * 43, "' OR 1=1 --", "\u202e", "x" * 200])
def test_what_is_no_token_verifies_nothing(nobody, wrong):
    assert confirm(nobody, wrong).status_code == 410


def test_the_token_is_nowhere_in_the_database(app, instance, token, dora):
    link = token()
    assert not databases.has(instance, link)


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded", "Origin", "Referer"])
def test_links_never_lead_where_a_request_says(arrives, nobody, clerks, header):
    value = "host=evil.example" if header == "Forwarded" else "evil.example"
    nobody.post("/auth/password/forgot", {"email": "bob@example.com"}, headers={header: value})
    (mail,) = arrives()
    assert "evil" not in mail.as_string()
    assert links_in(mail)[0].startswith("http://127.0.0.1:5000/reset#")


def test_links_begin_with_the_public_url(app, arrives, nobody):
    app.config["PUBLIC_URL"] = "https://collab.example.com/"
    nobody.post("/auth/password/forgot", {"email": "bob@example.com"})
    (mail,) = arrives()
    assert links_in(mail)[0].startswith("https://collab.example.com/reset#")
