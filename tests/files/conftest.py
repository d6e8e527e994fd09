"""A text to edit, and a workspace for files."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.people import Person
from ..support.texts import TextDesk


@pytest.fixture
def text(app: Flask, alice: Person, project: int) -> TextDesk:
    """Return an empty text in the project of alice, bob and vera."""
    return TextDesk(app, alice.makes_workspace(project))


@pytest.fixture
def workspace(alice: Person, project: int) -> int:
    """Return a workspace in which bob may write and vera may read."""
    return alice.makes_workspace(project)
