"""Letting the grace of refresh tokens pass."""

import pytest
from sqlalchemy import select

from collab.auth.models import Session
from collab.extensions import db


@pytest.fixture
def later(app):
    """Return a way to let seconds pass since the rotations of all sessions."""

    def pass_by(seconds):
        with app.app_context():
            for one in db.session.scalars(select(Session)):
                one.retired = {key: at - seconds for key, at in one.retired.items()}
            db.session.commit()

    return pass_by
