"""Letting the grace of refresh tokens pass."""

from functools import partial

import pytest

from ..support.grace import age


@pytest.fixture
def later(app):
    """Return a way to let seconds pass since the rotations of all sessions: `later(10)`."""
    return partial(age, app)
