"""A text to edit."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.people import Person
from ..support.texts import TextDesk


@pytest.fixture
def text(app: Flask, alice: Person, project: int) -> TextDesk:
    """Return an empty text in the project of alice, bob and vera."""
    return TextDesk(app, alice.makes_workspace(project))
