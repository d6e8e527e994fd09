"""Fixtures for the tests of schedules."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.jobs import Desk
from ..support.notes import Notes
from ..support.schedules import Hours


@pytest.fixture
def hours(app: Flask, desk: Desk) -> Hours:
    """Return a timekeeper whose clock the test sets, and a worker on the same clock."""
    return Hours(app, desk)


@pytest.fixture
def notes(app: Flask) -> Notes:
    """Return what makes notifications, in the calling thread."""
    return Notes(app)
