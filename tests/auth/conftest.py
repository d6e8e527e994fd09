"""Letting the grace of refresh tokens pass; alice as a row, for what is tested at the rows."""

from functools import partial

import pytest

from collab.auth.models import User
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
