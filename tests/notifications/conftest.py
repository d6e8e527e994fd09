"""Ways to let things happen that people are told of, and to make the notifications of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..support.notes import Notes


@pytest.fixture
def begins_with_project() -> bool:
    """Let the project be made in the test: its invitations are to be told of."""
    return False


@pytest.fixture
def notes(app: Flask) -> Notes:
    """Return what makes this application's notifications: `notes.catch_up()`."""
    made = Notes(app)
    made.catch_up()
    return made


@pytest.fixture
def told(notes: Notes) -> Callable[..., list[dict[str, Any]]]:
    """Return a way to ask what somebody has been told, newest first: `told(bob)`."""
    return notes.told
