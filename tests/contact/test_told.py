"""What changes the ways into an account is told to its address."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from collab.auth.models import User
from collab.contact import told
from collab.core.models import utcnow
from collab.events import log
from collab.events.catalogue.accounts import IdentityLinked
from collab.extensions import db

from ..support.factors import enrols
from ..support.mail import text_of
from ..support.people import ok


def test_a_factor_that_an_admin_took_away_is_told_by_mail(ada, bob, arrives):
    enrols(bob)
    ok(ada.post(f"/users/{bob.id}/second-factor/reset"))
    (mail,) = arrives()
    assert mail["To"] == bob.email
    assert "the password alone signs you in" in text_of(mail)


@pytest.mark.parametrize(
    ("by", "mails"), [("address", 1), ("password", 1), ("asked", 1), ("registration", 0)]
)
def test_a_service_that_was_linked_is_told_unless_it_made_the_account(app, bob, arrives, by, mails):
    with app.app_context():
        linked = IdentityLinked(user_id=bob.id, identity_id=1, provider="google", by=by)
        log.record(linked, actor=bob.id)
        db.session.commit()
    told = arrives()
    assert [one["To"] for one in told] == [bob.email] * mails
    assert all("“google” signs in" in text_of(one) for one in told)


def row(kind, **data):
    """Return an event as the log's reader brings it."""
    return SimpleNamespace(type=kind, data=data)


def test_nobody_is_told_of_what_is_gone_or_of_an_account_that_is_disabled(app, ada, bob, arrives):
    with app.app_context():
        db.session.get_one(User, bob.id).disabled_at = utcnow()
        told.handle(
            [
                row("invitation.created", invitation_id=2**40),
                row("account.password_changed", user_id=2**40),
                row("account.password_changed", user_id=bob.id),
            ]
        )
        db.session.commit()
    assert arrives() == []


def test_an_address_that_is_verified_is_not_asked_again(app, bob, arrives):
    with app.app_context():
        db.session.get_one(User, bob.id).email_verified_at = utcnow()
        told.handle([row("account.created", user_id=bob.id)])
        db.session.commit()
    assert arrives() == []
