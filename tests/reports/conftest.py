"""Fixtures for reports."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete

from collab.events.models import EventRow
from collab.extensions import db


@pytest.fixture
def quiet(app: Flask, project: int) -> int:
    """Return a project whose own events are gone: the log has what a test writes."""
    with app.app_context():
        db.session.execute(delete(EventRow))
        db.session.commit()
    return project
