"""Jobs of the type `email`: to oneself, at a verified address, so many an hour."""

import pytest

from collab.auth.models import User
from collab.core.models import utcnow
from collab.extensions import db

from ..support.mail import text_of

NOTE = {"subject": "Remember", "text": "The milk.\n"}


@pytest.fixture
def verified(app, bob):
    """Let bob's address be verified."""
    with app.app_context():
        db.session.get_one(User, bob.id).email_verified_at = utcnow()
        db.session.commit()


def order(who, **payload):
    return who.post("/jobs", {"type": "email", "payload": NOTE | payload})


@pytest.mark.usefixtures("verified")
def test_a_mail_to_oneself_is_sent(host, desk, bob):
    assert order(bob, to=bob.email).status_code == 201
    desk.work()
    (taken,) = host.taken
    assert (taken["To"], taken["Subject"]) == (bob.email, "Remember")
    assert text_of(taken) == "The milk.\n"


@pytest.mark.usefixtures("verified")
def test_it_is_the_same_mail_when_it_is_tried_again(host, desk, bob):
    host.to_mails = ["451 not now"]
    order(bob)
    desk.work()
    desk.clock.passes(600)
    desk.work()
    assert len(host.taken) == 1
    host.hangs_up = True


@pytest.mark.usefixtures("verified")
def test_nobody_sends_mails_to_others(bob, alice):
    refused = order(bob, to=alice.email)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/payload/to"


@pytest.mark.usefixtures("verified")
@pytest.mark.parametrize(
    "more",
    [
        {"subject": "Hi\r\nBcc: all@example.com"},
        {"mail_id": 1},
        {"html": "<p>"},
        {"headers": {"Bcc": "all@example.com"}},
        {"to": ["bob@example.com", "all@example.com"]},
        {"to": "bob@example.com, all@example.com"},
    ],
)
def test_nothing_else_is_taken(bob, more):
    assert order(bob, **more).status_code == 422


def test_an_address_that_is_not_verified_gets_nothing(bob):
    refused = order(bob)
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("address-not-verified")


def test_a_person_orders_a_number_an_hour(make_app, app, bob):
    from ..conftest import http_for

    limited = make_app(MAIL_RATE_LIMIT="2 per hour")
    with limited.app_context():
        db.session.get_one(User, bob.id).email_verified_at = utcnow()
        db.session.commit()
    with http_for(limited) as http:
        answers = [order(bob.at(http)) for _ in range(3)]
    assert [one.status_code for one in answers] == [201, 201, 429]
    assert int(answers[2].headers["Retry-After"]) > 0


@pytest.mark.usefixtures("verified")
def test_a_mail_to_an_address_that_has_changed_meanwhile_is_not_sent(app, host, desk, bob):
    order(bob, to=bob.email)
    with app.app_context():
        db.session.get_one(User, bob.id).email = "robert@example.com"
        db.session.commit()
    desk.work()
    assert host.taken == []


@pytest.mark.usefixtures("verified")
def test_who_is_disabled_meanwhile_gets_nothing(app, host, desk, sends, bob, ada):
    sends(bob.email, owner_id=ada.id)
    assert ada.patch(f"/users/{bob.id}", {"disabled": True}).status_code == 200
    desk.work()
    assert host.taken == []
