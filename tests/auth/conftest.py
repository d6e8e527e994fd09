"""Letting the grace of refresh tokens pass; alice as a row, for what is tested at the rows."""

from functools import partial

import pytest

from collab.auth.factors import totp
from collab.auth.factors.models import Totp
from collab.auth.models import User
from collab.core import sealing
from collab.core.models import utcnow
from collab.extensions import db

from ..support.grace import age


@pytest.fixture
def later(app):
    """Return a way to let seconds pass since the rotations of all sessions: `later(10)`."""
    return partial(age, app)


@pytest.fixture
def inside(app):
    """Be in the application's context, for tests that call its functions."""
    with app.app_context():
        yield


@pytest.fixture
def user(inside, alice):
    """Return alice's row."""
    return db.session.get_one(User, alice.id)


@pytest.fixture
def device(user):
    """Return alice's authenticator app, as a row."""
    sealed = sealing.seal("JBSWY3DPEHPK3PXP", purpose=totp.SECRET_PURPOSE)
    made = Totp(user_id=user.id, secret=sealed, confirmed_at=utcnow(), last_step=0)
    db.session.add(made)
    db.session.commit()
    return made
