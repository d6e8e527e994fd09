"""What changes the ways into an account is told to its address."""

from __future__ import annotations

import pytest

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
    assert "the password alone signs in" in text_of(mail)


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
